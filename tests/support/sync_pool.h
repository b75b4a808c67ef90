// sync_pool.h - the simplest driver there is: one thread, every batch appended
// and synced before the next. It keeps two books for tests to compare:
//   history   what was staged, request by request: what a recovery may find
//   told      up to which request a caller was told: what a recovery must find
#ifndef REWARDPOOL_TESTS_SUPPORT_SYNC_POOL_H_
#define REWARDPOOL_TESTS_SUPPORT_SYNC_POOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "rewardpool/engine.h"
#include "rewardpool/recovery.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::testing {

// One request and its outcome, items by id.
struct DrawEntry {
  std::string key;
  std::uint32_t count = 1;
  std::vector<std::string> item_ids;  // none: refused
  friend bool operator==(const DrawEntry&, const DrawEntry&) = default;
};
using HistoryEntry = std::variant<DrawEntry, ItemAdded, ItemUpdated, ItemRemoved>;

struct SyncPoolOptions {
  std::string selector = "linear";
  std::string codec = "binary";
  std::uint64_t random_seed = 1;
  std::uint64_t segment_bytes_max = 600;
  std::size_t key_retention = 50;
  AcknowledgeWhen acknowledge_when = AcknowledgeWhen::kDurable;
  std::size_t pending_requests_max = 1'000'000;
};

class SyncPool {
 public:
  // Opens, or creates with `catalog`. The storages must outlive the pool.
  static Result<SyncPool> Open(WalStorage& log, SnapshotStore& snapshots,
                               std::optional<std::span<const Item>> catalog,
                               const SyncPoolOptions& options = {});

  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] const OpenedPool& opened() const { return opened_; }

  // Staging; what the engine refuses is returned and leaves no entry.
  Engine::StagedDraws Draw(std::size_t count);
  Result<DrawOutcome> Draw(const DrawRequest& request);
  Status Add(const Item& item);
  Status Update(const std::string& id, const ItemChange& change);
  Status Remove(const std::string& id);

  // Seals what is staged and appends it. Requires no unfinished Write().
  Status Write();
  // Syncs what was written and tells the engine.
  Status Sync();
  // Write(), if there is anything, and Sync().
  Status Flush();
  // Flush(), then a snapshot: mark, sync, publish, prune.
  Status Snapshot();
  Status Close();

  // Requests of this opening, from opened().log_end.last_request_id + 1 on.
  [[nodiscard]] const std::vector<HistoryEntry>& history() const { return history_; }
  [[nodiscard]] RequestId told_through() const { return engine_->acknowledged_through(); }

 private:
  SyncPool() = default;
  Status Fail(const Status& status);

  WalStorage* log_ = nullptr;
  SnapshotStore* snapshots_ = nullptr;
  OpenedPool opened_;
  std::unique_ptr<Engine> engine_;
  std::optional<RequestId> newest_snapshot_;
  std::vector<HistoryEntry> history_;
};

// Reads the log from its start. Entry i is request log_starts_after + 1 + i.
struct RecoveredHistory {
  RequestId log_starts_after = 0;
  std::vector<HistoryEntry> entries;
  Inspection inspection;
};
Result<RecoveredHistory> ReadHistory(WalSource& log, SnapshotStore& snapshots);

// The items after `entries` have happened to `items`.
ItemTable Replay(ItemTable items, std::span<const HistoryEntry> entries);

// Everything that counts about a table, for comparing and printing.
struct ItemState {
  std::string id;
  Weight weight;
  Quantity left;
  std::uint64_t drawn;
  friend bool operator==(const ItemState&, const ItemState&) = default;
  friend std::ostream& operator<<(std::ostream& out, const ItemState& state);
};
std::vector<ItemState> StatesOf(const ItemTable& items);

}  // namespace rewardpool::testing

#endif  // REWARDPOOL_TESTS_SUPPORT_SYNC_POOL_H_
