// stock.h - per item: units left and units drawn so far.
//
// Kept apart from weights and ids so that a draw touches one 16-byte entry.
// Threads: one owner.
#ifndef REWARDPOOL_STOCK_H_
#define REWARDPOOL_STOCK_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rewardpool/item.h"

namespace rewardpool {

class Stock {
 public:
  struct Entry {
    Quantity left = Quantity::Of(0);
    std::uint64_t drawn = 0;

    // Undoes one draw of it.
    void ReturnOne() noexcept {
      assert(drawn > 0);
      --drawn;
      left.ReturnOne();
    }
  };

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] const Entry& operator[](ItemIndex index) const noexcept {
    assert(index < entries_.size());
    return entries_[index];
  }
  [[nodiscard]] Entry& operator[](ItemIndex index) noexcept {
    assert(index < entries_.size());
    return entries_[index];
  }

  // Grows with empty entries, or shrinks.
  void Resize(std::size_t size) { entries_.resize(size); }

  // Takes one unit of an item that has some.
  // Returns: true if that was the last one. Cost: one cache line.
  bool TakeOne(ItemIndex index) noexcept {
    Entry& entry = entries_[index];
    ++entry.drawn;
    return entry.left.TakeOne();
  }

  // Undoes one TakeOne().
  void ReturnOne(ItemIndex index) noexcept { entries_[index].ReturnOne(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_STOCK_H_
