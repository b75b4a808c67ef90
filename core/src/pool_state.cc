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

template <typename Note>
void PoolState::ForEachCopy(Note note) {
  for (const std::weak_ptr<ItemsCopy>& weak : copies_) {
    if (const std::shared_ptr<ItemsCopy> copy = weak.lock()) note(*copy);
  }
}

std::size_t PoolState::StageDraws(Random& random, std::span<ItemIndex> picks) {
  const std::size_t drawn = Draw(random, picks);
  ForEachCopy([&](ItemsCopy& copy) { copy.NoteDraws(picks.first(drawn)); });
  return drawn;
}

std::size_t PoolState::Draw(Random& random, std::span<ItemIndex> picks) {
  const std::size_t drawn = selector_->DrawMany(random, items_.stock(), picks);
  history_.insert(history_.end(), picks.begin(),
                  picks.begin() + static_cast<std::ptrdiff_t>(drawn));
  return drawn;
}

Status PoolState::StageAllDraws(Random& random, std::span<ItemIndex> picks) {
  const std::size_t drawn = Draw(random, picks);
  if (drawn == picks.size()) {
    ForEachCopy([&](ItemsCopy& copy) { copy.NoteDraws(picks); });
    return Status::Ok();
  }
  for (std::size_t i = 0; i < drawn; ++i) UndoLatest();
  return {StatusCode::kExhausted, "the pool cannot serve " + std::to_string(picks.size()) +
                                      (picks.size() == 1 ? " draw" : " draws")};
}

Status PoolState::StageAdd(const Item& item) {
  Result<ItemIndex> index = items_.Add(item);
  if (!index.ok()) return index.status();
  RefreshSelector(*index, 0);
  Remember({CatalogUndo::Kind::kAdd, *index, {}});
  return Status::Ok();
}

Status PoolState::StageUpdate(std::string_view id, const ItemChange& change) {
  const ItemRow before = RowOf(id);
  Result<ItemIndex> index = items_.Update(id, change);
  if (!index.ok()) return index.status();
  RefreshSelector(*index, before.drawable_weight());
  Remember({CatalogUndo::Kind::kUpdate, *index, before});
  return Status::Ok();
}

Status PoolState::StageRemove(std::string_view id) {
  const ItemRow before = RowOf(id);
  Result<ItemIndex> index = items_.Remove(id);
  if (!index.ok()) return index.status();
  selector_->ChangeWeight(*index, before.drawable_weight(), 0);
  Remember({CatalogUndo::Kind::kRemove, *index, before});
  return Status::Ok();
}

ItemRow PoolState::RowOf(std::string_view id) const noexcept {
  const std::optional<ItemIndex> index = items_.Find(id);
  return index ? items_.RowAt(*index) : ItemRow{};
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
  ForEachCopy([this](ItemsCopy& copy) { copy.Continue(items_, copy.slot_count()); });
  copies_.clear();
  while (history_.size() > begin_) UndoLatest();
}

std::shared_ptr<ItemsCopy> PoolState::BeginCopy() {
  auto copy = std::make_shared<ItemsCopy>(items_);
  copies_.push_back(copy);
  DropCopiesNotUnderWay();
  return copy;
}

bool PoolState::ContinueCopy(ItemsCopy& copy, std::size_t count) {
  if (copy.complete()) return true;
  copy.Continue(items_, count);
  if (!copy.complete()) return false;
  DropCopiesNotUnderWay();
  return true;
}

void PoolState::DropCopiesNotUnderWay() {
  std::erase_if(copies_, [](const std::weak_ptr<ItemsCopy>& weak) {
    const std::shared_ptr<ItemsCopy> copy = weak.lock();
    return copy == nullptr || copy->complete();
  });
}

void PoolState::UndoLatest() {
  const ItemIndex index = history_.back();
  history_.pop_back();
  if (index != kCatalogChange) {
    UndoDraw(index);
    return;
  }
  const CatalogUndo undo = catalog_history_.back();
  catalog_history_.pop_back();
  UndoCatalogChange(undo);
}

void PoolState::UndoDraw(ItemIndex index) {
  const bool was_gone = items_.stock().IsGone(index);
  items_.stock().ReturnOne(index);
  if (was_gone) RefreshSelector(index, 0);
}

void PoolState::UndoCatalogChange(const CatalogUndo& undo) {
  const Weight weight = items_.Has(undo.index) ? items_.DrawableWeightAt(undo.index) : 0;
  switch (undo.kind) {
    case CatalogUndo::Kind::kAdd:
      selector_->ChangeWeight(undo.index, weight, 0);
      items_.UndoAdd(undo.index);
      return;
    case CatalogUndo::Kind::kUpdate: {
      const Result<ItemIndex> restored =
          items_.Update(items_.IdAt(undo.index),
                        {.weight = undo.before.weight, .quantity = undo.before.stock.left});
      assert(restored.ok());
      (void)restored;
      break;
    }
    case CatalogUndo::Kind::kRemove: {
      items_.set_drawn_of_removed(items_.drawn_of_removed() - undo.before.stock.drawn);
      const Status restored = items_.Place(undo.index, IdTexts::View(undo.before.id),
                                           undo.before.weight, undo.before.stock);
      assert(restored.ok());
      (void)restored;
      break;
    }
  }
  RefreshSelector(undo.index, weight);
}

void PoolState::Remember(const CatalogUndo& undo) {
  ForEachCopy([&](ItemsCopy& copy) { copy.NoteChange(undo.index, undo.before); });
  history_.push_back(kCatalogChange);
  catalog_history_.push_back(undo);
}

void PoolState::RefreshSelector(ItemIndex index, Weight before) {
  selector_->ChangeWeight(index, before, items_.DrawableWeightAt(index));
}

}  // namespace rewardpool
