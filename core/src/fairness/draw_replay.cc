#include "fairness/draw_replay.h"

#include <variant>

namespace rewardpool::internal {

Status DrawReplay::OnRecord(const Record& record, RequestId /*first_request_id*/,
                            const ItemTable& items, const KeyTable& /*keys*/) {
  if (!has_begun_) {
    has_begun_ = true;
    for (ItemIndex i = 0; i < items.slot_count(); ++i) Refresh(items, i);
  }
  for (const ItemIndex position : changed_positions_) Refresh(items, position);
  changed_positions_.clear();
  if (!changed_id_.empty()) {
    if (const auto position = items.Find(changed_id_)) Refresh(items, *position);
    changed_id_.clear();
  }

  if (const auto* run = std::get_if<DrawRun>(&record)) {
    for (const ItemIndex position : run->items) {
      if (!Draw(position)) break;
    }
  } else if (const auto* draw = std::get_if<RequestedDraw>(&record)) {
    for (const ItemIndex position : draw->items) {
      if (!Draw(position)) break;
    }
  } else if (const auto* listed = std::get_if<CatalogItem>(&record)) {
    changed_id_ = listed->item.id;
  } else if (const auto* added = std::get_if<ItemAdded>(&record)) {
    changed_id_ = added->item.id;
  } else if (const auto* updated = std::get_if<ItemUpdated>(&record)) {
    changed_id_ = updated->id;
  } else if (const auto* removed = std::get_if<ItemRemoved>(&record)) {
    if (const auto position = items.Find(removed->id)) changed_positions_.push_back(*position);
  }
  return Status::Ok();
}

void DrawReplay::Refresh(const ItemTable& items, ItemIndex position) {
  while (weights_.size() <= position) {
    const auto added = static_cast<ItemIndex>(weights_.size());
    BeforeWeightChange(added);
    weights_.SetWeight(added, 0);
    left_.push_back(Quantity::Of(0));
    ids_.emplace_back();
  }
  const bool has = items.Has(position);
  const std::string_view id = has ? items.IdAt(position) : std::string_view();
  const bool is_another = ids_[position] != id;
  if (is_another && !ids_[position].empty()) {
    SetWeight(position, 0);
    OnItemGone(position);
  }
  if (is_another) {
    ids_[position] = id;
    if (has) OnItem(position, id);
  }
  left_[position] = has ? items.stock()[position].left : Quantity::Of(0);
  SetWeight(position, has ? items.DrawableWeightAt(position) : 0);
}

void DrawReplay::SetWeight(ItemIndex position, Weight weight) {
  if (weights_.WeightAt(position) == weight) return;
  BeforeWeightChange(position);
  weights_.SetWeight(position, weight);
}

bool DrawReplay::Draw(ItemIndex position) {
  if (position >= weights_.size() || weights_.WeightAt(position) == 0) return false;
  OnDraw(position);
  if (left_[position].TakeOne()) SetWeight(position, 0);
  return true;
}

}  // namespace rewardpool::internal
