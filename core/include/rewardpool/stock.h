// stock.h - per item: units left and units drawn so far.
//
// Kept apart from weights and ids so that a draw touches one entry of 8 bytes:
// both numbers have 32 bits there. An item that needs larger ones gets a wide
// entry aside for as long as it does.
//
// Threads: one owner.
#ifndef REWARDPOOL_STOCK_H_
#define REWARDPOOL_STOCK_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/large_memory.h"

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
  // Requires index < size().
  [[nodiscard]] Entry operator[](ItemIndex index) const noexcept {
    assert(index < entries_.size());
    const Packed& entry = entries_[index];
    if (entry.drawn == kIsWide) [[unlikely]] {
      return wide_[entry.left - 1];
    }
    return {entry.left == kIsUnlimited ? Quantity::Unlimited() : Quantity::Of(entry.left),
            entry.drawn};
  }
  // Is nothing left? Requires index < size().
  [[nodiscard]] bool IsGone(ItemIndex index) const noexcept {
    assert(index < entries_.size());
    const Packed& entry = entries_[index];
    return entry.left == 0 || (entry.drawn == kIsWide && wide_[entry.left - 1].left.is_zero());
  }
  // Requires index < size().
  void Set(ItemIndex index, const Entry& entry);

  // Room for so many entries without another allocation.
  void Reserve(std::size_t size) { entries_.reserve(size); }
  // Grows with empty entries, or shrinks.
  void Resize(std::size_t size);

  // Takes one unit of an item that has some.
  // Returns: true if that was the last one. Cost: one cache line.
  bool TakeOne(ItemIndex index) noexcept {
    assert(!IsGone(index));
    Packed& entry = entries_[index];
    if (entry.drawn >= kDrawnMax) [[unlikely]] {
      return TakeOneWide(index);
    }
    ++entry.drawn;
    entry.left -= std::uint32_t{entry.left != kIsUnlimited};
    return entry.left == 0;
  }

  // Takes units of an item that has as many.
  void Take(ItemIndex index, std::uint32_t units) {
    Packed& packed = entries_[index];
    if (packed.drawn == kIsWide || units > kDrawnMax - packed.drawn) [[unlikely]] {
      Entry entry = (*this)[index];
      entry.drawn += units;
      entry.left.Take(units);
      return Set(index, entry);
    }
    packed.drawn += units;
    packed.left -= packed.left == kIsUnlimited ? 0 : units;
  }

  // Undoes one TakeOne().
  void ReturnOne(ItemIndex index) noexcept;

  // A hint that TakeOne() of this item comes soon.
  void Prefetch(ItemIndex index) const noexcept { __builtin_prefetch(&entries_[index], 1); }

 private:
  struct Packed {
    std::uint32_t left = 0;  // of a wide entry: where in wide_ it is, counted from 1
    std::uint32_t drawn = 0;
  };
  static constexpr std::uint32_t kIsUnlimited = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kLeftMax = kIsUnlimited - 1;
  // Above kDrawnMax, so that one comparison tells TakeOne() that an entry is or becomes wide.
  static constexpr std::uint32_t kIsWide = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kDrawnMax = kIsWide - 1;

  // Allocates when an item's draws pass kDrawnMax, once in the item's life.
  bool TakeOneWide(ItemIndex index) noexcept;

  LargeVector<Packed> entries_;
  std::vector<Entry> wide_;
  std::vector<std::uint32_t> free_wide_;  // places in wide_ that no entry has, from 1
};

}  // namespace rewardpool

#endif  // REWARDPOOL_STOCK_H_
