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

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
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
  struct Place {
    Entry entry;
    std::uint64_t ordinal;  // counts insertions
  };

  // Ordinals from this one on are within the retention.
  [[nodiscard]] std::uint64_t first_visible() const noexcept {
    return next_ordinal_ > retention_ ? next_ordinal_ - retention_ : 0;
  }

  std::size_t retention_;
  std::uint64_t next_ordinal_ = 0;
  std::uint64_t committed_ordinal_ = 0;  // entries below it are final
  // To be copied are [copy_next_, copy_end_).
  std::uint64_t copy_next_ = 0;
  std::uint64_t copy_end_ = 0;
  std::deque<Place> order_;
  std::unordered_map<std::string_view, Place> by_key_;  // views into the entries
};

}  // namespace rewardpool

#endif  // REWARDPOOL_KEY_TABLE_H_
