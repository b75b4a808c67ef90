// recovery.h - from what is on the disk to a pool's state, and to nothing else:
// an exact prefix of what was written, or a refusal that names the place.
//
// Outcomes are logged, so recovery needs no randomness. It goes in two steps:
// InspectPool() only reads, and says which repairs a writer must make before it
// may serve; RepairPool() makes them. OpenPool() is both, for drivers.
//
// What may be cut: bytes at the very end of the last segment that no later
// frame vouches for, since a crash can tear them. Every other flaw is
// kCorrupt, with file, offset and record. See docs/durability.md.
//
// Threads: free functions on objects that the caller owns.
#ifndef REWARDPOOL_RECOVERY_H_
#define REWARDPOOL_RECOVERY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/item_table.h"
#include "rewardpool/key_table.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_batcher.h"
#include "rewardpool/wal_record.h"
#include "rewardpool/wal_storage.h"
#include "rewardpool/workers.h"

namespace rewardpool {

// INTERFACE: sees every record that is replayed, in order.
class RecordVisitor {
 public:
  virtual ~RecordVisitor() = default;
  // `items` and `keys` are the state before the record. `first_request_id` is
  // the id of the record's first request, whether or not it has one.
  // A status that is not ok stops the replay and is returned from it.
  [[nodiscard]] virtual Status OnRecord(const Record& record, RequestId first_request_id,
                                        const ItemTable& items, const KeyTable& keys) = 0;

  // False if OnRecord() has no use for plain draws (DrawRun): it may then not be
  // shown them, which lets them be counted in place of replayed one by one.
  [[nodiscard]] virtual bool WantsPlainDraws() const { return true; }
};

struct InspectOptions {
  enum class From {
    kNewestSnapshot,  // the quickest way to the state
    kLogStart,        // every record that the log still holds
  };
  From from = From::kNewestSnapshot;
  std::size_t key_retention = kKeyRetentionDefault;
  RecordVisitor* visitor = nullptr;
  // Read segments, check them and count their plain draws; the result is the same
  // with any. They call Read() of the log in parallel. Null: the caller alone.
  Workers* workers = nullptr;
};

// A change that must be durable before a writer may go on.
struct Repair {
  enum class Kind {
    kTruncate,  // cut the segment to `length` bytes
    kPersist,   // write the segment's bytes once more and sync them
    kRemove,    // remove the segment
  } kind;
  std::uint64_t segment = 0;
  std::uint64_t length = 0;

  friend bool operator==(const Repair&, const Repair&) = default;
};

struct Inspection {
  // False: there is no pool here, or only the beginnings of one that was never
  // finished (repairs then remove them).
  bool exists = false;
  ItemTable items;
  KeyTable keys;
  LogEnd log_end;
  // Last request id whose log segments are not there any more; 0: log is whole.
  RequestId log_starts_after = 0;
  // The snapshot that the replay began with, if any.
  std::optional<RequestId> base_snapshot;
  // What was found and is worth telling a person: a torn tail of so many bytes,
  // a damaged snapshot that was passed over.
  std::vector<std::string> notes;
  std::vector<Repair> repairs;  // in the order in which they must be made
  std::uint64_t segments_read = 0;
  std::uint64_t frames_read = 0;
  std::uint64_t records_read = 0;
};

// Reads a pool without changing anything.
//
// Errors: kCorrupt (place named), kUnsupported (written by a newer program),
//         kIo, or what the visitor returned.
[[nodiscard]] Result<Inspection> InspectPool(WalSource& log, SnapshotStore& snapshots,
                                             const InspectOptions& options);

// Makes the repairs that an inspection asked for; durable on return.
// Idempotent: a crash in the middle leaves what another inspection can read.
[[nodiscard]] Status RepairPool(WalStorage& log, const Inspection& inspection);

// Writes a new pool's catalog as the beginning of its log; durable on return. A
// crash in the middle leaves something that inspects as "no pool here".
// Errors: those of ItemTable::Create(), kFull, kIo.
[[nodiscard]] Result<LogEnd> CreatePool(WalStorage& log, std::span<const Item> catalog,
                                        const WalBatcher::Options& options);

// What OpenPool() found or made: the inputs of an Engine.
struct OpenedPool {
  ItemTable items;
  KeyTable keys;
  LogEnd log_end;
  RequestId log_starts_after = 0;
  std::optional<RequestId> base_snapshot;
  bool created = false;
  std::vector<std::string> notes;
};

// Inspects, repairs and, if there is no pool and `catalog` is given, creates.
// An existing pool keeps the items that it has; `catalog` is then not looked at.
// Errors: those of the three, and kNotFound (no pool, no catalog).
[[nodiscard]] Result<OpenedPool> OpenPool(WalStorage& log, SnapshotStore& snapshots,
                                          std::optional<std::span<const Item>> catalog,
                                          const WalBatcher::Options& options,
                                          std::size_t key_retention = kKeyRetentionDefault,
                                          Workers* workers = nullptr);

// After the snapshot `newest` was published and while `previous` is known to be
// good: removes the segments that only states before `previous` need, and all
// snapshots but these two. Does nothing without `previous`.
// Returns: log_starts_after, as it is now.
[[nodiscard]] Result<RequestId> PruneLog(WalStorage& log, SnapshotStore& snapshots,
                                         RequestId newest, std::optional<RequestId> previous);

struct VerifyReport {
  RequestId last_request_id = 0;
  LogEnd log_end;
  RequestId log_starts_after = 0;
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;
  std::uint64_t records = 0;
  std::uint64_t snapshots = 0;           // valid ones
  std::uint64_t snapshots_compared = 0;  // of these, equal to the replay at their mark
  std::vector<std::string> notes;
};

// Checks every frame and chain of the log, every snapshot, and that replaying
// the log arrives at what each snapshot says.
// Errors: those of InspectPool(); also kCorrupt for a damaged or deviating
//         snapshot, and kNotFound if there is no pool.
[[nodiscard]] Result<VerifyReport> VerifyPool(WalSource& log, SnapshotStore& snapshots,
                                              Workers* workers = nullptr);

}  // namespace rewardpool

#endif  // REWARDPOOL_RECOVERY_H_
