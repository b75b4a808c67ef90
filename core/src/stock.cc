#include "rewardpool/stock.h"

namespace rewardpool {

void Stock::Set(ItemIndex index, const Entry& entry) {
  assert(index < entries_.size());
  Packed& packed = entries_[index];
  const bool is_unlimited = entry.left.is_unlimited();
  const bool fits = entry.drawn <= kDrawnMax && (is_unlimited || entry.left.count() <= kLeftMax);
  if (fits) {
    if (packed.drawn == kIsWide) free_wide_.push_back(packed.left);
    packed = {is_unlimited ? kIsUnlimited : static_cast<std::uint32_t>(entry.left.count()),
              static_cast<std::uint32_t>(entry.drawn)};
    return;
  }
  if (packed.drawn != kIsWide) {
    if (free_wide_.empty()) {
      wide_.emplace_back();
      free_wide_.push_back(static_cast<std::uint32_t>(wide_.size()));
    }
    packed = {.left = free_wide_.back(), .drawn = kIsWide};
    free_wide_.pop_back();
  }
  wide_[packed.left - 1] = entry;
}

void Stock::Resize(std::size_t size) {
  for (std::size_t index = size; index < entries_.size(); ++index) {
    Set(static_cast<ItemIndex>(index), {});
  }
  entries_.resize(size);
}

void Stock::ReturnOne(ItemIndex index) noexcept {
  Entry entry = (*this)[index];
  entry.ReturnOne();
  Set(index, entry);
}

bool Stock::TakeOneWide(ItemIndex index) noexcept {
  Entry entry = (*this)[index];
  ++entry.drawn;
  const bool was_last = entry.left.TakeOne();
  Set(index, entry);
  return was_last;
}

}  // namespace rewardpool
