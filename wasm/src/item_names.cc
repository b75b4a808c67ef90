#include "item_names.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace rewardpool::wasm {

ItemNames::ItemNames(const ItemTable& items)
    : item_ids_(items.slot_count()), names_(items.slot_count()) {
  std::iota(names_.begin(), names_.end(), ItemName{0});
  for (ItemIndex position = 0; position < item_ids_.size(); ++position) {
    if (items.Has(position)) item_ids_[position] = items.IdAt(position);
  }
}

void ItemNames::FromPositions(std::span<std::uint32_t> positions) const noexcept {
  if (names_are_positions_) return;
  for (std::uint32_t& position : positions) position = names_[position];
}

void ItemNames::Add(ItemIndex position, std::string_view item_id, RequestId request_id) {
  const auto name = static_cast<ItemName>(item_ids_.size());
  item_ids_.emplace_back(item_id);
  if (position >= names_.size()) names_.resize(position + 1);
  not_final_.push_back({request_id, position, names_[position]});
  names_[position] = name;
  names_are_positions_ = names_are_positions_ && name == position;
}

void ItemNames::Commit(RequestId through) {
  const auto first_left =
      std::find_if(not_final_.begin(), not_final_.end(),
                   [&](const Addition& addition) { return addition.request_id > through; });
  not_final_.erase(not_final_.begin(), first_left);
}

void ItemNames::Undo() {
  for (; !not_final_.empty(); not_final_.pop_back()) {
    names_[not_final_.back().position] = not_final_.back().name_before;
  }
}

}  // namespace rewardpool::wasm
