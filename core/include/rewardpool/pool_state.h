// pool_state.h - the live state of a pool: items, stock and selector, with
// changes that are staged first and committed or reverted later.
//
// Draws and catalog changes take effect at once, so that the next draw sees
// them; they stay revertible until Commit(). The engine commits when the bytes
// that describe them are in the log, and reverts when the log had no room.
//
// Knows nothing of logs, request ids and durability.
//
// Threads: one owner.
#ifndef REWARDPOOL_POOL_STATE_H_
#define REWARDPOOL_POOL_STATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/item_table.h"
#include "rewardpool/items_copy.h"
#include "rewardpool/random.h"
#include "rewardpool/selector.h"
#include "rewardpool/status.h"

namespace rewardpool {

class PoolState {
 public:
  // How many changes had been staged in this object's life: a point that can be
  // committed up to.
  using Mark = std::uint64_t;

  // Cost: O(n) to fill the selector.
  PoolState(ItemTable items, std::unique_ptr<Selector> selector);

  [[nodiscard]] const ItemTable& items() const noexcept { return items_; }
  [[nodiscard]] const Selector& selector() const noexcept { return *selector_; }

  // Draws up to picks.size() units, one after the other.
  // Returns: how many; fewer than asked only if the pool is exhausted then.
  // Cost:    the selector's, and 4 bytes of undo history a draw.
  [[nodiscard]] std::size_t StageDraws(Random& random, std::span<ItemIndex> picks);

  // Draws exactly picks.size() units or none.
  // Errors: kExhausted; the state is unchanged (random words were used).
  [[nodiscard]] Status StageAllDraws(Random& random, std::span<ItemIndex> picks);

  // Catalog changes. Errors: as ItemTable's; on any error nothing changed.
  Status StageAdd(const Item& item);
  Status StageUpdate(std::string_view id, const ItemChange& change);
  Status StageRemove(std::string_view id);

  [[nodiscard]] Mark mark() const noexcept { return first_ + (history_.size() - begin_); }
  // Makes every change before `mark` final.
  void Commit(Mark mark);
  // Undoes every change that is not committed, the latest first. Copies that are
  // under way are completed before: O(n) each.
  void Revert();

  // Begins a copy of the items as they are now. While it is not complete, draws
  // and changes note what they do for it: about 1 ns a draw. A copy that is let
  // go of costs nothing more.
  [[nodiscard]] std::shared_ptr<ItemsCopy> BeginCopy();
  // Copies the next `count` positions. Returns: copy.complete().
  bool ContinueCopy(ItemsCopy& copy, std::size_t count);

 private:
  // What undoing a catalog change takes.
  struct CatalogUndo {
    enum class Kind { kAdd, kUpdate, kRemove } kind;
    ItemIndex index;
    ItemRow before;
  };

  [[nodiscard]] std::size_t Draw(Random& random, std::span<ItemIndex> picks);
  // Calls note(copy) for each copy that is under way.
  template <typename Note>
  void ForEachCopy(Note note);
  void DropCopiesNotUnderWay();
  void UndoLatest();
  void UndoDraw(ItemIndex index);
  void UndoCatalogChange(const CatalogUndo& undo);
  void Remember(const CatalogUndo& undo);
  // A free slot's if there is no such item.
  [[nodiscard]] ItemRow RowOf(std::string_view id) const noexcept;
  // Tells the selector what a position, of weight `before` to it, weighs now.
  void RefreshSelector(ItemIndex index, Weight before);

  ItemTable items_;
  std::unique_ptr<Selector> selector_;

  // One entry for each change not committed: the position drawn, or
  // kCatalogChange for the next entry of catalog_history_. Entries before
  // begin_ are committed and wait for their space to be reused.
  static constexpr ItemIndex kCatalogChange = ~ItemIndex{0};
  std::vector<ItemIndex> history_;
  std::size_t begin_ = 0;
  Mark first_ = 0;  // the mark of history_[begin_]
  std::vector<CatalogUndo> catalog_history_;

  std::vector<std::weak_ptr<ItemsCopy>> copies_;  // complete ones leave
};

}  // namespace rewardpool

#endif  // REWARDPOOL_POOL_STATE_H_
