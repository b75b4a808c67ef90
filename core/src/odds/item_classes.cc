#include "odds/item_classes.h"

#include <algorithm>
#include <tuple>

namespace rewardpool::internal {
namespace {

std::uint64_t StockOf(Quantity quantity) noexcept {
  return quantity.is_unlimited() ? kWithoutEnd : quantity.count();
}

}  // namespace

ItemClasses::ItemClasses(std::span<const OddsItem> items)
    : class_of_(items.size(), kNone), is_gone_(items.size()) {
  std::vector<ItemIndex> order;
  for (std::size_t i = 0; i < items.size(); ++i) {
    is_gone_[i] = items[i].quantity.is_zero();
    if (items[i].weight == 0 || is_gone_[i]) continue;
    order.push_back(static_cast<ItemIndex>(i));
    total_weight_ += items[i].weight;
  }
  const auto key = [&items](ItemIndex i) {
    return std::tuple(StockOf(items[i].quantity), items[i].weight);
  };
  std::sort(order.begin(), order.end(), [&](ItemIndex a, ItemIndex b) { return key(a) < key(b); });
  for (const ItemIndex i : order) {
    const auto [quantity, weight] = key(i);
    if (classes_.empty() || classes_.back().quantity != quantity ||
        classes_.back().weight != weight) {
      const double rate = static_cast<double>(weight) / static_cast<double>(total_weight_);
      classes_.push_back({weight, quantity, 0, rate});
    }
    ++classes_.back().copies;
    class_of_[i] = static_cast<std::uint32_t>(classes_.size() - 1);
    // Saturates at kWithoutEnd.
    total_stock_ += std::min(quantity, kWithoutEnd - total_stock_);
  }
}

}  // namespace rewardpool::internal
