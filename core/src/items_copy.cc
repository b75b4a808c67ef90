#include "rewardpool/items_copy.h"

#include <algorithm>

namespace rewardpool {

ItemsCopy::ItemsCopy(const ItemTable& items)
    : texts_(items.texts()),
      slot_count_(items.slot_count()),
      item_count_(items.item_count()),
      drawn_of_removed_(items.drawn_of_removed()),
      schema_hash_(items.schema_hash()) {
  rows_.reserve(slot_count_);
}

std::shared_ptr<ItemsCopy> ItemsCopy::Of(const ItemTable& items) {
  auto copy = std::make_shared<ItemsCopy>(items);
  copy->Continue(items, copy->slot_count());
  return copy;
}

void ItemsCopy::Continue(const ItemTable& items, std::size_t count) {
  const std::size_t end = rows_.size() + std::min(count, slot_count_ - rows_.size());
  for (auto index = static_cast<ItemIndex>(rows_.size()); index < end; ++index) {
    rows_.push_back(items.RowAt(index));
  }
}

void ItemsCopy::NoteDraws(std::span<const ItemIndex> positions) {
  for (const ItemIndex index : positions) {
    if (IsToCome(index)) noted_.push_back(index);
  }
}

void ItemsCopy::NoteChange(ItemIndex index, const ItemRow& before) {
  if (!IsToCome(index)) return;
  noted_.push_back(kChange);
  changes_.push_back({index, before});
}

void ItemsCopy::Settle() {
  assert(complete());
  for (; !noted_.empty(); noted_.pop_back()) {
    const ItemIndex index = noted_.back();
    if (index == kChange) {
      rows_[changes_.back().index] = changes_.back().before;
      changes_.pop_back();
    } else {
      rows_[index].stock.ReturnOne();
    }
  }
}

}  // namespace rewardpool
