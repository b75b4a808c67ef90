// items_copy.h - a copy of a pool's items at one moment, made bit by bit while
// draws and changes go on. PoolState makes them.
//
// Positions are copied in ascending order. A change of a position that is not
// copied yet is noted; what is copied later has the change in it, and Settle()
// takes it back, the latest first. So nobody waits for longer than a bit of the
// copy takes, however many items there are.
//
// Threads: the owner of the items, until complete(); from then on any one.
#ifndef REWARDPOOL_ITEMS_COPY_H_
#define REWARDPOOL_ITEMS_COPY_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/item_table.h"

namespace rewardpool {

class ItemsCopy {
 public:
  // Begins a copy of the items as they are now. Cost: a pointer for each 64 KB
  // of ids; the room for the rows is asked for, and not touched.
  explicit ItemsCopy(const ItemTable& items);
  ItemsCopy(const ItemsCopy&) = delete;
  ItemsCopy& operator=(const ItemsCopy&) = delete;

  // The whole copy at once, settled. Cost: O(n).
  [[nodiscard]] static std::shared_ptr<ItemsCopy> Of(const ItemTable& items);

  // --- The owner of the items, until complete() ---------------------------------

  // Copies the next `count` positions from the table that the copy was begun with.
  void Continue(const ItemTable& items, std::size_t count);
  [[nodiscard]] bool complete() const noexcept { return rows_.size() == slot_count_; }

  // One unit of each was drawn.
  void NoteDraws(std::span<const ItemIndex> positions);
  // A position was changed otherwise; `before` is how it was.
  void NoteChange(ItemIndex index, const ItemRow& before);

  // --- When it is complete ------------------------------------------------------

  // Takes back what was noted. Once, before any of the rows is read.
  // Cost: O(changes that were noted).
  void Settle();

  [[nodiscard]] std::size_t slot_count() const noexcept { return slot_count_; }
  [[nodiscard]] std::size_t item_count() const noexcept { return item_count_; }
  [[nodiscard]] std::uint64_t drawn_of_removed() const noexcept { return drawn_of_removed_; }
  [[nodiscard]] std::uint32_t schema_hash() const noexcept { return schema_hash_; }
  // Requires that it is settled and index < slot_count(). The text of the id
  // lives as long as the copy.
  [[nodiscard]] const ItemRow& operator[](ItemIndex index) const noexcept {
    assert(complete() && noted_.empty());
    return rows_[index];
  }

 private:
  struct Change {
    ItemIndex index;
    ItemRow before;
  };

  // A position drawn, or kChange for the next entry of changes_.
  static constexpr ItemIndex kChange = ~ItemIndex{0};

  [[nodiscard]] bool IsToCome(ItemIndex index) const noexcept {
    return index >= rows_.size() && index < slot_count_;
  }

  const IdTexts texts_;  // keeps alive what the rows refer to
  const std::size_t slot_count_;
  const std::size_t item_count_;
  const std::uint64_t drawn_of_removed_;
  const std::uint32_t schema_hash_;
  std::vector<ItemRow> rows_;
  std::vector<ItemIndex> noted_;
  std::vector<Change> changes_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_ITEMS_COPY_H_
