// engine.h - the heart: a state machine that draws, logs and acknowledges.
//
// It does no I/O and knows no threads and no clock. A driver (the native actor,
// the WebAssembly message loop, a test) stages requests, takes sealed batches
// to the log, and reports what became of them:
//
//   requests --> Stage...() --> SealBatch() --> [bytes] --> driver appends, syncs
//   answers  <-- acknowledged_through() <-- OnWritten() / OnDurable() / OnFailed()
//
// THE RULE: what Stage...() returns is not yet true. A driver may tell it to the
// caller only once acknowledged_through() has reached its request id. While
// batch k is on its way to the disk the engine goes on staging batch k+1 (group
// commit), so one sync serves all requests that came in during the one before.
//
// Request ids count the requests in the log: 1, 2, 3, ... without gaps. A draw
// that finds the pool exhausted is a request too, with an id, and is logged;
// invalid requests are refused at once and leave no trace.
//
// When things fail:
//   kFull  the log had no room. Every request that is not acknowledged is
//          undone, its waiters are told kFull, and the engine goes on: it is
//          readable, and the next request tries again.
//   other  the log's tail is unknown. The engine is poisoned: waiters are told
//          kOutcomeUnknown, and every later request is refused. Reopening the
//          pool recovers what did become durable.
//
// Threads: one owner.
#ifndef REWARDPOOL_ENGINE_H_
#define REWARDPOOL_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/key_table.h"
#include "rewardpool/pool_state.h"
#include "rewardpool/random.h"
#include "rewardpool/snapshot.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_batcher.h"

namespace rewardpool {

// When a request counts as acknowledged.
enum class AcknowledgeWhen : std::uint8_t {
  kDurable,  // its batch is synced: survives a loss of power
  kWritten,  // its batch is handed to the storage: survives the process's death
};

// A draw of `count` items, all or nothing, as one request.
struct DrawRequest {
  std::uint32_t count = 1;  // 1 to kDrawsPerRecordMax
  // Makes the request repeatable: the same key with the same count and user
  // returns the recorded outcome, also after a crash. Up to kKeyBytesMax bytes
  // of UTF-8 without NUL; empty: no key.
  std::string key;
  // Who it is for; only recorded. Up to kUserBytesMax bytes of UTF-8 without
  // NUL; empty: nobody in particular.
  std::string user;
};

struct DrawOutcome {
  RequestId request_id = 0;
  // One id for each item drawn; empty if the pool was exhausted.
  std::vector<std::string> item_ids;
};

class Engine {
 public:
  struct Options {
    WalBatcher::Options wal;
    AcknowledgeWhen acknowledge_when = AcknowledgeWhen::kDurable;
    // Requests that may be staged and not acknowledged; more are kOverloaded.
    std::size_t pending_requests_max = 262'144;
  };

  // What StageDraws() did with a span of n draws: the first `drawn` of them got
  // an item, the next `refused` found the pool exhausted, and the rest
  // (n - drawn - refused) were not taken on: overloaded, or the log has failed
  // (failure()). Ids run from first_request_id over both.
  struct StagedDraws {
    RequestId first_request_id = 0;
    std::size_t drawn = 0;
    std::size_t refused = 0;
  };

  // Inputs: recovered state: items, keys, and where the log ends. `selector`
  //         is filled from `items`; `random` decides every draw.
  Engine(ItemTable items, KeyTable keys, const LogEnd& log_end, std::unique_ptr<Selector> selector,
         std::unique_ptr<Random> random, const Options& options);

  // --- Requests -----------------------------------------------------------

  // Stages plain draws, one request each: picks[i] is the position drawn.
  // Cost: the selector's, plus about 2 ns a draw; no allocation once warm.
  [[nodiscard]] StagedDraws StageDraws(std::span<ItemIndex> picks);

  // Stages a draw with a key, a user or a count. A pool that cannot serve the
  // whole count gives an outcome without items, which is logged and, under a
  // key, kept like any other.
  //
  // Returns: the outcome. For a known key the recorded one, whose request id
  //          may have been acknowledged already.
  // Errors:  kInvalidArgument, kAlreadyExists (key known with another count or
  //          user), kOverloaded, kOutcomeUnknown (poisoned); nothing is staged.
  [[nodiscard]] Result<DrawOutcome> StageDraw(const DrawRequest& request);

  // Catalog changes. Errors: ItemTable's, kOverloaded, kOutcomeUnknown.
  [[nodiscard]] Result<RequestId> StageAdd(const Item& item);
  [[nodiscard]] Result<RequestId> StageUpdate(std::string_view id, const ItemChange& change);
  [[nodiscard]] Result<RequestId> StageRemove(std::string_view id);

  // Notes in the log that the owner closes the pool in order. The driver seals
  // and syncs it after everything else is durable. Not a request.
  void StageClosed();

  // --- The log --------------------------------------------------------------

  // True if something is staged and not sealed.
  [[nodiscard]] bool has_open_batch() const noexcept;
  // True if a sealed batch waits for OnWritten() or OnFailed().
  [[nodiscard]] bool has_sealed_batch() const noexcept { return sealed_in_flight_; }

  // Seals what is staged. Requires has_open_batch(), !has_sealed_batch() and
  // that the engine is not poisoned.
  // Returns: the batch; its bytes live until OnWritten() or OnFailed().
  [[nodiscard]] WalBatch SealBatch();

  // The sealed batch is in the log, as far as reading goes. If it started a
  // segment, everything before it is durable.
  void OnWritten();
  // Every written batch up to and including `batch_number` is durable.
  void OnDurable(std::uint64_t batch_number);
  // The sealed batch could not be written, or a sync failed. kFull is allowed
  // only for a sealed batch of which nothing was written. Undone or unknown
  // are the requests after acknowledged_through(), up to staged_through() as it
  // was before the call.
  void OnFailed(const Status& status);

  // --- How far things are ---------------------------------------------------

  [[nodiscard]] RequestId staged_through() const noexcept;
  [[nodiscard]] RequestId written_through() const noexcept { return written_through_; }
  [[nodiscard]] RequestId durable_through() const noexcept { return durable_through_; }
  // Requests up to here may be told to their callers.
  [[nodiscard]] RequestId acknowledged_through() const noexcept {
    return options_.acknowledge_when == AcknowledgeWhen::kDurable ? durable_through_
                                                                  : written_through_;
  }
  // Number of the last batch written; 0 before the first.
  [[nodiscard]] std::uint64_t written_batch() const noexcept { return written_batch_; }
  [[nodiscard]] std::uint64_t durable_batch() const noexcept { return durable_batch_; }

  // Ok, or why the engine is poisoned.
  [[nodiscard]] const Status& failure() const noexcept { return failure_; }

  // --- State ------------------------------------------------------------------

  // Items as they are now, staged changes included.
  [[nodiscard]] const ItemTable& items() const noexcept { return state_.items(); }
  [[nodiscard]] const Selector& selector() const noexcept { return state_.selector(); }

  // Begins a copy of the items as they are now. It changes no more when requests
  // go on, but is not whole before ContinueItemsCopy() has copied the last one.
  // Cost: next to nothing.
  [[nodiscard]] std::shared_ptr<ItemsCopy> BeginItemsCopy() { return state_.BeginCopy(); }
  // Copies the next `count` positions. Returns: whether that was all.
  // Cost: 10 to 20 ns each; that is how long draws wait for a copy.
  bool ContinueItemsCopy(ItemsCopy& copy, std::size_t count) {
    return state_.ContinueCopy(copy, count);
  }

  // Begins a copy of the state for a snapshot, and a new segment with a mark of
  // it in the log. Requires !has_open_batch() and no poison. The driver goes on
  // with ContinueSnapshot(), encodes the copy elsewhere when it is whole, and
  // publishes it once durable_batch() has reached the batch that SealBatch() makes
  // next; if OnFailed() comes before that, it throws the copy away and says so
  // with DropSnapshot().
  // Cost: next to nothing.
  [[nodiscard]] SnapshotCopy TakeSnapshot();
  // Copies the next `count` positions and keys. Returns: whether that was all.
  // Cost: as ContinueItemsCopy(), and 10 to 50 ns a key.
  bool ContinueSnapshot(SnapshotCopy& copy, std::size_t count);
  // Lets go of what is kept for a copy that will not be continued.
  void DropSnapshot() noexcept { keys_.EndCopy(); }

 private:
  [[nodiscard]] Status CheckNotFailed() const;
  [[nodiscard]] Status CheckAccepting() const;
  [[nodiscard]] std::size_t RoomForRequests() const noexcept;
  // Encodes the plain draws gathered since the last record.
  void EncodeRuns();
  template <typename Change>
  [[nodiscard]] Result<RequestId> StageCatalogChange(Change change, const Record& record);
  [[nodiscard]] DrawOutcome MakeOutcome(RequestId request_id,
                                        std::span<const ItemIndex> picks) const;

  Options options_;
  PoolState state_;
  KeyTable keys_;
  std::unique_ptr<Random> random_;
  WalBatcher batcher_;

  // Plain draws and refusals at the end of the open batch, not encoded yet.
  std::vector<ItemIndex> run_;
  std::uint64_t refused_run_ = 0;

  bool sealed_in_flight_ = false;
  bool sealed_starts_segment_ = false;
  RequestId sealed_through_ = 0;
  PoolState::Mark sealed_mark_ = 0;
  std::uint32_t open_schema_hash_ = 0;    // of the items before the open batch
  std::uint32_t sealed_schema_hash_ = 0;  // before the sealed one
  std::uint64_t sealed_batch_ = 0;
  std::uint64_t written_batch_ = 0;
  std::uint64_t durable_batch_ = 0;
  RequestId written_through_ = 0;
  RequestId durable_through_ = 0;
  // Last request id of each batch that is written and not durable.
  struct WrittenBatch {
    std::uint64_t number;
    RequestId last_request_id;
  };
  std::vector<WrittenBatch> written_not_durable_;
  Status failure_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_ENGINE_H_
