#include "rewardpool/pool_state.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace rewardpool {

PoolState::PoolState(ItemTable items, std::unique_ptr<Selector> selector)
    : items_(std::move(items)), selector_(std::move(selector)) {
  std::vector<Weight> weights(items_.slot_count());
  for (ItemIndex index = 0; index < weights.size(); ++index) {
    weights[index] = items_.DrawableWeightAt(index);
  }
  selector_->Assign(weights);
}

std::size_t PoolState::StageDraws(Random& random, std::span<ItemIndex> picks) {
  const std::size_t drawn = selector_->DrawMany(random, items_.stock(), picks);
  history_.insert(history_.end(), picks.begin(),
                  picks.begin() + static_cast<std::ptrdiff_t>(drawn));
  return drawn;
}

Status PoolState::StageAllDraws(Random& random, std::span<ItemIndex> picks) {
  const std::size_t drawn = StageDraws(random, picks);
  if (drawn == picks.size()) return Status::Ok();
  for (std::size_t i = 0; i < drawn; ++i) UndoLatest();
  return {StatusCode::kExhausted, "the pool cannot serve " + std::to_string(picks.size()) +
                                      (picks.size() == 1 ? " draw" : " draws")};
}

Status PoolState::StageAdd(const Item& item) {
  Result<ItemIndex> index = items_.Add(item);
  if (!index.ok()) return index.status();
  RefreshSelector(*index);
  Remember({.kind = CatalogUndo::Kind::kAdd, .index = *index, .id = {}, .weight = 0, .entry = {}});
  return Status::Ok();
}

Status PoolState::StageUpdate(std::string_view id, const ItemChange& change) {
  const std::optional<ItemIndex> found = items_.Find(id);
  CatalogUndo undo{.kind = CatalogUndo::Kind::kUpdate,
                   .index = found.value_or(0),
                   .id = {},
                   .weight = found ? items_.WeightAt(*found) : 0,
                   .entry = found ? items_.stock()[*found] : Stock::Entry{}};
  Result<ItemIndex> index = items_.Update(id, change);
  if (!index.ok()) return index.status();
  RefreshSelector(*index);
  Remember(std::move(undo));
  return Status::Ok();
}

Status PoolState::StageRemove(std::string_view id) {
  const std::optional<ItemIndex> found = items_.Find(id);
  CatalogUndo undo{.kind = CatalogUndo::Kind::kRemove,
                   .index = found.value_or(0),
                   .id = std::string(id),
                   .weight = found ? items_.WeightAt(*found) : 0,
                   .entry = found ? items_.stock()[*found] : Stock::Entry{}};
  Result<ItemIndex> index = items_.Remove(id);
  if (!index.ok()) return index.status();
  selector_->SetWeight(*index, 0);
  Remember(std::move(undo));
  return Status::Ok();
}

void PoolState::Commit(Mark mark) {
  assert(mark >= first_ && mark <= this->mark());
  const auto count = static_cast<std::size_t>(mark - first_);
  const auto begin = history_.begin() + static_cast<std::ptrdiff_t>(begin_);
  if (!catalog_history_.empty()) {
    const auto changes =
        std::count(begin, begin + static_cast<std::ptrdiff_t>(count), kCatalogChange);
    catalog_history_.erase(catalog_history_.begin(), catalog_history_.begin() + changes);
  }
  begin_ += count;
  first_ = mark;
  // Reuse the space once what is left to move is less than what is won.
  if (begin_ >= history_.size() - begin_) {
    history_.erase(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
}

void PoolState::Revert() {
  while (history_.size() > begin_) UndoLatest();
}

void PoolState::UndoLatest() {
  const ItemIndex index = history_.back();
  history_.pop_back();
  if (index != kCatalogChange) {
    UndoDraw(index);
    return;
  }
  const CatalogUndo undo = std::move(catalog_history_.back());
  catalog_history_.pop_back();
  UndoCatalogChange(undo);
}

void PoolState::UndoDraw(ItemIndex index) {
  const bool was_gone = items_.stock()[index].left.is_zero();
  items_.stock().ReturnOne(index);
  if (was_gone) RefreshSelector(index);
}

void PoolState::UndoCatalogChange(const CatalogUndo& undo) {
  switch (undo.kind) {
    case CatalogUndo::Kind::kAdd:
      selector_->SetWeight(undo.index, 0);
      items_.UndoAdd(undo.index);
      return;
    case CatalogUndo::Kind::kUpdate: {
      const Result<ItemIndex> restored = items_.Update(
          items_.IdAt(undo.index), {.weight = undo.weight, .quantity = undo.entry.left});
      assert(restored.ok());
      (void)restored;
      break;
    }
    case CatalogUndo::Kind::kRemove: {
      items_.set_drawn_of_removed(items_.drawn_of_removed() - undo.entry.drawn);
      const Status restored = items_.Place(undo.index, undo.id, undo.weight, undo.entry);
      assert(restored.ok());
      (void)restored;
      break;
    }
  }
  RefreshSelector(undo.index);
}

void PoolState::Remember(CatalogUndo undo) {
  history_.push_back(kCatalogChange);
  catalog_history_.push_back(std::move(undo));
}

void PoolState::RefreshSelector(ItemIndex index) {
  selector_->SetWeight(index, items_.DrawableWeightAt(index));
}

}  // namespace rewardpool
