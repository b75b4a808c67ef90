// item_table.h - the items of a pool: ids, weights and stock, by position.
//
// Knows nothing of selectors, randomness or logs. Every rule about what may be
// in a catalog is checked here and only here, before anything changes.
//
// Positions ("slots"): a new item takes the lowest free slot, so that the
// layout depends on the changes made and on nothing else; replaying the same
// changes gives the same positions on every platform.
//
// Invariants:
//   (1) Ids are unique and valid (ValidateItemId).
//   (2) The sum of all weights, stock or no stock, is at most kWeightMax.
//   (3) A free slot has weight 0, no stock and no id. The last slot is never
//       free, so that slot_count() follows from the items alone.
//
// Threads: one owner; const methods are safe concurrently.
#ifndef REWARDPOOL_ITEM_TABLE_H_
#define REWARDPOOL_ITEM_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/id_hash.h"
#include "rewardpool/item.h"
#include "rewardpool/packed_column.h"
#include "rewardpool/status.h"
#include "rewardpool/stock.h"
#include "rewardpool/workers.h"

namespace rewardpool {

// A change to one item; what is absent stays as it is.
struct ItemChange {
  std::optional<Weight> weight;
  std::optional<Quantity> quantity;  // units left from now on

  friend bool operator==(const ItemChange&, const ItemChange&) = default;
};

// Texts of ids, kept in blocks that never move. Copies share the blocks, which
// is what makes a snapshot's copy of a large pool cheap.
class IdTexts {
 public:
  // A text: its length in one byte, then its bytes.
  using Ref = const char*;
  // Where a text lies, counted in bytes from the first block on, so that it takes no
  // more bytes than it must. None lies at 0.
  using Place = std::uint64_t;

  [[nodiscard]] Place Add(std::string_view text);
  // The text that Add(), of these or of what they are a copy of, put there.
  [[nodiscard]] Ref At(Place place) const noexcept;
  [[nodiscard]] static std::string_view View(Ref ref) noexcept {
    return {ref + 1, static_cast<unsigned char>(*ref)};
  }

 private:
  // Blocks double up to the largest, so that a small table stays small. The first
  // begins at place kBlockBytesMin: then while they double, each begins at its size.
  static constexpr std::size_t kBlockBytesMin = 256;
  static constexpr std::size_t kBlockBytesMax = 64 * 1024;
  static constexpr std::size_t kDoublings = 8;
  static_assert(kBlockBytesMin << kDoublings == kBlockBytesMax);

  [[nodiscard]] static Place BlockBegin(std::size_t block) noexcept {
    return block < kDoublings ? Place{kBlockBytesMin} << block
                              : Place{block - kDoublings + 1} * kBlockBytesMax;
  }

  std::vector<std::shared_ptr<char[]>> blocks_;
  Place next_ = 0;  // in the last block, or behind it
};

// Everything about one position.
struct ItemRow {
  IdTexts::Ref id = nullptr;  // nullptr where the slot is free
  Weight weight = 0;
  Stock::Entry stock;

  // The weight that counts in a draw: 0 while the item is out of stock.
  [[nodiscard]] Weight drawable_weight() const noexcept {
    return stock.left.is_zero() ? 0 : weight;
  }
};

class ItemTable {
 public:
  // An empty table.
  ItemTable() = default;

  // A table of these items, in order, none of them drawn yet.
  // Errors: kInvalidArgument (bad id or weight, sum too large, too many
  //         items), kAlreadyExists (an id twice).
  [[nodiscard]] static Result<ItemTable> Create(std::span<const Item> items);

  // Makes room for so many items at once: what grows step by step ends with up to half
  // of it unused, and has hashed each id more than once.
  void Reserve(std::size_t items);

  // Slots, free ones included: every position is below this.
  [[nodiscard]] std::size_t slot_count() const noexcept { return ids_.size(); }
  // Items that exist.
  [[nodiscard]] std::size_t item_count() const noexcept { return ids_.size() - free_.size(); }
  // Sum of the weights of all items that exist, out of stock or not.
  [[nodiscard]] Weight weight_sum() const noexcept { return weight_sum_; }
  // Draws of items that have been removed since.
  [[nodiscard]] std::uint64_t drawn_of_removed() const noexcept { return drawn_of_removed_; }
  // A hash of which id lies at which position, kept up to date at O(1) a
  // change: a log segment names the one it was written under.
  [[nodiscard]] std::uint32_t schema_hash() const noexcept { return schema_hash_; }

  // True if an item lies at this position (false beyond the last slot).
  [[nodiscard]] bool Has(ItemIndex index) const noexcept {
    return index < ids_.size() && ids_[index] != 0;
  }
  // The position of an id, if there is such an item. Cost: O(1).
  [[nodiscard]] std::optional<ItemIndex> Find(std::string_view id) const noexcept;
  // The positions of all these ids, in order. Requires as many positions.
  // Returns: false if one of them is no item's; positions are then unspecified.
  // Cost:    in a large table a fraction of Find()'s: the cache misses of several ids
  //          overlap.
  [[nodiscard]] bool FindAll(std::span<const std::string_view> ids,
                             std::span<ItemIndex> positions) const noexcept;

  // Requires Has(index). The view lives until the table dies.
  [[nodiscard]] std::string_view IdAt(ItemIndex index) const noexcept {
    return IdTexts::View(texts_.At(ids_[index]));
  }
  // A hint that IdAt() of these comes soon: the cache misses of several overlap. Of more
  // than some dozen at a time the first may be gone again. Requires Has() of each.
  void PrefetchIds(std::span<const ItemIndex> positions) const noexcept {
    // A place leads to a text.
    for (const ItemIndex position : positions) ids_.Prefetch(position);
    for (const ItemIndex position : positions) __builtin_prefetch(texts_.At(ids_[position]));
  }
  // The same text where it is kept: it lives until the table that it was added
  // to dies, also when the item is removed before. Requires Has(index).
  [[nodiscard]] IdTexts::Ref IdTextAt(ItemIndex index) const noexcept {
    return texts_.At(ids_[index]);
  }
  // A free slot's beyond the last one too.
  [[nodiscard]] ItemRow RowAt(ItemIndex index) const noexcept {
    return Has(index) ? ItemRow{IdTextAt(index), weights_[index], stock_[index]} : ItemRow{};
  }
  // Whoever keeps a copy of these keeps alive the texts of all ids there are now.
  [[nodiscard]] const IdTexts& texts() const noexcept { return texts_; }
  // By position, where in texts() its id lies; 0 where no item is.
  [[nodiscard]] const PackedColumn& id_places() const noexcept { return ids_; }
  // Requires index < slot_count().
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept { return weights_[index]; }
  // The weight that counts in a draw: 0 while the item is out of stock.
  [[nodiscard]] Weight DrawableWeightAt(ItemIndex index) const noexcept {
    return stock_.IsGone(index) ? 0 : weights_[index];
  }
  [[nodiscard]] const Stock& stock() const noexcept { return stock_; }
  [[nodiscard]] Stock& stock() noexcept { return stock_; }

  // Adds an item in the lowest free slot.
  // Returns: its position.
  // Errors:  as Create(); on any error the table is unchanged.
  [[nodiscard]] Result<ItemIndex> Add(const Item& item);

  // Adds all these items, in order, behind the last slot: the same as Add() of each,
  // if that takes them all and no slot is free.
  // Inputs:  workers: hands for the two halves of the work; null: the caller's own. Not to
  //          be called in a task of theirs.
  // Returns: false if not, or if very many ids have the same hash; nothing has changed
  //          then, and Add() of each item tells.
  // Errors:  after std::bad_alloc the table may only be destroyed.
  // Cost:    a fraction of Add()'s: the cache misses of several items overlap. Call it
  //          with some thousand items at a time: enough to keep two workers busy, few
  //          enough to stay in the cache.
  [[nodiscard]] bool AddAll(std::span<const NewItem> items, Workers* workers = nullptr);

  // Changes an item's weight, stock or both.
  // Errors: kNotFound, kInvalidArgument (weight or sum too large); unchanged.
  [[nodiscard]] Result<ItemIndex> Update(std::string_view id, const ItemChange& change);

  // Takes an item out; its slot becomes free and its draws count as
  // drawn_of_removed().
  // Errors: kNotFound; unchanged.
  [[nodiscard]] Result<ItemIndex> Remove(std::string_view id);

  // Puts an item with a history at a given position, making free slots below it
  // as needed: for snapshots and for undoing a removal.
  // Errors: kAlreadyExists (slot taken or id known), kInvalidArgument; unchanged.
  Status Place(ItemIndex index, std::string_view id, Weight weight, const Stock::Entry& entry);

  // Undoes an Add(): takes out an item that was never drawn, as if it had not
  // been there. Requires Has(index) and that later changes are undone.
  void UndoAdd(ItemIndex index);

  // Takes one unit of each position, in order, as a log says it happened.
  // Errors: kCorrupt for a position without an item, of weight 0, or out of
  //         stock; the message names it. What came before it has been applied:
  //         a caller that sees an error throws the table away.
  // Cost:   O(1) each, no allocation.
  Status ApplyDraws(std::span<const ItemIndex> positions);

  // Takes counts[i] units of each position i: the same as ApplyDraws() with these
  // draws in any order, if that returns Ok.
  // Returns: false if it would not; nothing has changed then.
  // Cost:    O(counts), no allocation.
  [[nodiscard]] bool ApplyDrawCounts(std::span<const std::uint32_t> counts);

  void set_drawn_of_removed(std::uint64_t drawn) noexcept { drawn_of_removed_ = drawn; }

 private:
  [[nodiscard]] Status CheckNewItem(std::string_view id, Weight weight) const;
  void Occupy(ItemIndex index, std::string_view id, Weight weight, const Stock::Entry& entry);
  // What Occupy() writes to columns, of a slot that there is.
  void Put(ItemIndex index, std::string_view id, Weight weight, const Stock::Entry& entry);
  void Vacate(ItemIndex index);
  void SetSlotCount(std::size_t count);
  [[nodiscard]] ItemIndex LowestFree() const noexcept;
  // How many ids to go through at once, so that their cache misses overlap.
  static constexpr std::size_t kAhead = 16;

  // Find(), for who knows the id's hash.
  [[nodiscard]] std::optional<ItemIndex> FindBy(IdHash::Value hash,
                                                std::string_view id) const noexcept;

  // The id of one position may be that of another.
  struct Suspicion {
    ItemIndex of;
    ItemIndex other;
  };
  struct Hashed {
    std::size_t count = 0;  // of ids that were put into the hash
    bool all_is_well = true;
    std::vector<Suspicion> suspicions;  // of these items, and of one that was there before
  };
  // The two halves of AddAll(), in any order or at the same time. Slots from `first` on,
  // which there are, are given their items. Returns: what that adds to the schema hash.
  [[nodiscard]] std::uint32_t FillAll(std::size_t first, std::span<const NewItem> items);
  // Ids are checked and put into the hash, up to the first with which all is not well.
  [[nodiscard]] Hashed HashAll(std::size_t first, std::span<const NewItem> items);

  void HashInsert(ItemIndex index);
  void RemakeHash(std::size_t room);

  IdTexts texts_;
  PackedColumn ids_;  // places in texts_; 0 where the slot is free
  PackedColumn weights_;
  Stock stock_;
  std::set<ItemIndex> free_;
  IdHash hash_;
  Weight weight_sum_ = 0;
  std::uint64_t drawn_of_removed_ = 0;
  std::uint32_t schema_hash_ = 0;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_ITEM_TABLE_H_
