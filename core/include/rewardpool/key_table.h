// key_table.h - the outcomes kept for keys (idempotent draws).
//
// A request with a key that is known returns the recorded outcome in place of a
// second draw. The table keeps the latest `retention` keyed requests; older
// keys are forgotten, and a request that uses one again is a new draw.
//
// Entries are immutable and shared, so that a snapshot's copy is a copy of
// pointers, and it can be made bit by bit.
//
// Threads: one owner.
#ifndef REWARDPOOL_KEY_TABLE_H_
#define REWARDPOOL_KEY_TABLE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/wal_record.h"

namespace rewardpool {

inline constexpr std::size_t kKeyRetentionDefault = 100'000;

class KeyTable {
 public:
  using Entry = std::shared_ptr<const SnapshotKey>;

  explicit KeyTable(std::size_t retention = kKeyRetentionDefault) : retention_(retention) {}

  // The outcome of that key, or nullptr. Lives while the caller holds it.
  [[nodiscard]] Entry Find(std::string_view key) const;

  // Keeps an outcome; it takes the place of an older one of the same key, which
  // can come about only where a replay retains more than the writer did.
  // Requires that request ids increase.
  void Insert(SnapshotKey entry);

  // Makes the entries up to this id final: UndoAfter() will not go below it.
  // Frees what has left the retention for good; before, such entries are only
  // hidden from Find(), since undoing newer ones brings them back.
  void Commit(RequestId through);

  // Takes out every entry with a larger id.
  void UndoAfter(RequestId request_id);

  // Begins a copy of what Find() can see now; one that is under way is given up.
  // Entries to be copied are kept, though hidden, until they are.
  void BeginCopy() noexcept;
  // Appends the next `count` entries, by request id. After UndoAfter() begin anew.
  // Returns: whether that was all.
  bool ContinueCopy(std::size_t count, std::vector<Entry>& entries);
  // Lets go of what is kept for a copy that nobody wants any more.
  void EndCopy() noexcept { copy_end_ = 0; }
  // Of entries with the same key in a whole copy, keeps the last.
  static void DropReplaced(std::vector<Entry>& entries);

 private:
  // From a key to the position of its entry in a vector: open addressing, half full at
  // most. It knows no keys: with each call comes the vector.
  class Index {
   public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    // Empty, with room for `count` positions.
    explicit Index(std::size_t count = 0) : positions_(std::bit_ceil(2 * count), kNone) {}

    // The position of the entry with that key, or kNone.
    [[nodiscard]] std::uint32_t Find(const std::vector<Entry>& entries,
                                     std::string_view key) const noexcept {
      return positions_[PlaceOf(entries, key)];
    }
    // Puts in the entry at `position`.
    // Returns: the position of the one with the same key that it replaces, or kNone.
    std::uint32_t Put(const std::vector<Entry>& entries, std::uint32_t position) noexcept {
      return std::exchange(positions_[PlaceOf(entries, entries[position]->key)], position);
    }
    // Takes out the entry at `position`, which is in it.
    void Erase(const std::vector<Entry>& entries, std::uint32_t position) noexcept;

   private:
    [[nodiscard]] std::size_t HomeOf(std::string_view key) const noexcept;
    // Where the key is, or an empty place for it.
    [[nodiscard]] std::size_t PlaceOf(const std::vector<Entry>& entries,
                                      std::string_view key) const noexcept;

    std::vector<std::uint32_t> positions_;  // a power of two
  };

  [[nodiscard]] std::uint32_t PositionOf(std::uint64_t ordinal) const noexcept {
    return static_cast<std::uint32_t>(ordinal & (ring_.size() - 1));
  }
  [[nodiscard]] const Entry& EntryAt(std::uint64_t ordinal) const noexcept {
    return ring_[PositionOf(ordinal)];
  }
  // Ordinals from this one on are within the retention.
  [[nodiscard]] std::uint64_t first_visible() const noexcept {
    return next_ordinal_ > retention_ ? next_ordinal_ - retention_ : 0;
  }
  void Grow();
  void RemakeIndex();

  std::size_t retention_;
  // Ordinals count insertions; kept are [first_ordinal_, next_ordinal_).
  std::uint64_t first_ordinal_ = 0;
  std::uint64_t next_ordinal_ = 0;
  std::uint64_t committed_ordinal_ = 0;  // entries below it are final
  // To be copied are [copy_next_, copy_end_).
  std::uint64_t copy_next_ = 0;
  std::uint64_t copy_end_ = 0;
  std::vector<Entry> ring_;  // as long as a power of two, or empty
  Index by_key_;             // of a key that was used again, the latest entry
};

}  // namespace rewardpool

#endif  // REWARDPOOL_KEY_TABLE_H_
