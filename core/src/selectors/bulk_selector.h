// bulk_selector.h - Select() and DrawMany(), written once for all selectors.
//
// A selector derives from BulkSelector<itself>, is final, and has
//
//   template <typename Words> ItemIndex Pick(Words& words) const;
//
// which picks one position with words from words.Next(). The loop below then
// calls Pick() and ChangeWeight() directly; only DrawMany() itself is virtual.
#ifndef REWARDPOOL_SELECTORS_BULK_SELECTOR_H_
#define REWARDPOOL_SELECTORS_BULK_SELECTOR_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "rewardpool/selector.h"
#include "small_code.h"

namespace rewardpool::internal {

// Reads a Random's words with the position in a register, and gives it back at
// the end. Nobody else may use the Random in between.
class WordReader {
 public:
  explicit WordReader(Random& random) noexcept : random_(random) {}
  ~WordReader() { random_.Skip(used()); }
  WordReader(const WordReader&) = delete;
  WordReader& operator=(const WordReader&) = delete;

  [[nodiscard]] std::uint64_t Next() noexcept {
    if (next_ == end_) [[unlikely]] {
      Load();
    }
    return *next_++;
  }

 private:
  [[nodiscard]] std::size_t used() const noexcept {
    return static_cast<std::size_t>(next_ - begin_);
  }
  void Load() noexcept {
    random_.Skip(used());
    const std::span<const std::uint64_t> words = random_.Upcoming();
    begin_ = next_ = words.data();
    end_ = begin_ + words.size();
  }

  Random& random_;
  const std::uint64_t* begin_ = nullptr;
  const std::uint64_t* next_ = nullptr;
  const std::uint64_t* end_ = nullptr;
};

template <typename Derived>
class BulkSelector : public Selector {
 public:
  [[nodiscard]] RP_SMALL_CODE ItemIndex Select(Random& random) override {
    assert(derived().total() > 0);
    return derived().Pick(random);
  }

  [[nodiscard]] std::size_t DrawMany(Random& random, Stock& stock,
                                     std::span<ItemIndex> picks) override {
    WordReader words(random);
    std::size_t drawn = 0;
    for (; drawn < picks.size() && derived().total() > 0; ++drawn) {
      const ItemIndex index = derived().Pick(words);
      picks[drawn] = index;
      if (stock.TakeOne(index)) derived().ChangeWeight(index, derived().WeightAt(index), 0);
    }
    return drawn;
  }

 private:
  [[nodiscard]] Derived& derived() noexcept { return static_cast<Derived&>(*this); }
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_BULK_SELECTOR_H_
