// item_classes.h - a pool's items as odds see them: those that can be drawn,
// with equal ones put together.
#ifndef REWARDPOOL_CORE_SRC_ODDS_ITEM_CLASSES_H_
#define REWARDPOOL_CORE_SRC_ODDS_ITEM_CLASSES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "rewardpool/odds.h"

namespace rewardpool::internal {

inline constexpr std::uint64_t kWithoutEnd = std::numeric_limits<std::uint64_t>::max();

// Items of the same weight and quantity. All answers are about one of them.
struct ItemClass {
  Weight weight = 0;
  std::uint64_t quantity = 0;  // of each; kWithoutEnd: unlimited
  std::uint64_t copies = 0;    // how many such items there are
  double rate = 0;             // weight over total_weight: the chance in the next draw
};

class ItemClasses {
 public:
  // Requires: the sum of weights is at most kWeightMax.
  explicit ItemClasses(std::span<const OddsItem> items);

  // Of an item that cannot be drawn.
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  [[nodiscard]] const std::vector<ItemClass>& classes() const noexcept { return classes_; }
  [[nodiscard]] std::size_t item_count() const noexcept { return class_of_.size(); }
  [[nodiscard]] std::uint32_t class_of(ItemIndex item) const noexcept { return class_of_[item]; }
  // Of an item without a class: none is left.
  [[nodiscard]] bool is_gone(ItemIndex item) const noexcept { return is_gone_[item]; }
  // Of all that can be drawn.
  [[nodiscard]] Weight total_weight() const noexcept { return total_weight_; }
  // Units that can be drawn in all; kWithoutEnd: unlimited, or more than fit.
  [[nodiscard]] std::uint64_t total_stock() const noexcept { return total_stock_; }

 private:
  std::vector<ItemClass> classes_;
  std::vector<std::uint32_t> class_of_;
  std::vector<bool> is_gone_;
  Weight total_weight_ = 0;
  std::uint64_t total_stock_ = 0;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_ODDS_ITEM_CLASSES_H_
