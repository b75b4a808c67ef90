// actor_core.h - the driver of the engine: who asked for what, what is under
// way to the disk, and who is to be told. All threads of a pool meet here; the
// rules of drawing and logging are the engine's.
//
// One thread at a time owns the engine and everything below "The owner's": the
// actor in its turn, or a caller who borrowed it from the actor at rest (baton.h).
// A turn runs in one of the threads of PoolThreads, which may serve many pools.
// The syncer and the snapshot writer run in others and talk to the owner only.
//
// One round of the owner, Step():
//   collect what the syncer and the snapshot writer have done, and answer;
//   stage requests, then single draws and bulk draws of producers in turn;
//   if the syncer is idle, seal what is staged and send it to the disk.
// So a batch holds what came in while the one before was being synced, and, where it
// pays to wait for them, the draws of those whom that one answered
// (group_commit_delay.h).
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_ACTOR_CORE_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_ACTOR_CORE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "actor/baton.h"
#include "actor/group_commit_delay.h"
#include "actor/item_directory.h"
#include "actor/processor_yield.h"
#include "actor/producer_rings.h"
#include "actor/request.h"
#include "actor/snapshot_writer.h"
#include "actor/syncer.h"
#include "rewardpool/engine.h"
#include "rewardpool/pool_threads.h"
#include "rewardpool/pool_view.h"
#include "rewardpool/recovery.h"
#include "rewardpool/rewardpool.h"
#include "rewardpool/snapshot.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/wal_storage.h"
#include "threads/task_threads.h"

namespace rewardpool::native::internal {

// Asks the actor to finish.
class CloseRequest final : public WaitedRequest {
 public:
  Stage StageOn(ActorCore& core) override;
  void OnFailed(ActorCore& core, const Status& status, RequestId acknowledged_through) override;

  Status status;
};

// Asks for a copy of the items, and is answered when it is whole and all that it
// holds is acknowledged.
class StateRequest : public WaitedRequest {
 public:
  Stage StageOn(ActorCore& core) override;

  std::shared_ptr<ItemsCopy> items;
  RequestId last_request_id = 0;  // that `items` hold
};

class ActorCore final : private Task, private SyncClient {
 public:
  struct Parts {
    std::shared_ptr<PoolThreads> threads;
    std::unique_ptr<WalStorage> log;
    std::unique_ptr<SnapshotStore> snapshots;
    std::unique_ptr<Selector> selector;
    std::unique_ptr<Random> random;
    OpenedPool pool;
    Engine::Options engine;
    std::uint64_t snapshot_salt_seed = 0;
    Durability durability = Durability::Durable();
    SnapshotPolicy snapshot_policy;
  };

  explicit ActorCore(Parts parts);
  // Requires Close(), or that no other thread uses the object.
  ~ActorCore();

  // --- Any thread -------------------------------------------------------------

  // Carries out a draw or a catalog change and waits for its answer. These are
  // bounded in number, and one round is all that they need: if the actor sleeps,
  // the calling thread does that round.
  void ServeChange(WaitedRequest& request);
  // Carries out any other request and waits for its answer.
  void ServeControl(WaitedRequest& request);
  // Queues a request that nobody waits for; its Answer() must call EndPosted().
  // Errors: kOverloaded, kClosed: not queued.
  [[nodiscard]] Status Post(Request* request);
  void EndPosted() noexcept { under_way_.fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] Status AddProducer(std::shared_ptr<ProducerRings> rings);
  void Wake() noexcept { baton_.Wake(); }
  // A producer has submitted draws. It then calls one of the other two.
  void OnSubmitted() noexcept { baton_.WakeUnlessGathering(); }
  // A producer looked for answers in vain, and does something else now.
  void OnPolledInVain() noexcept { baton_.WakeIfGathering(); }
  // A producer is about to sleep until `completed`, of its rings, is more than `seen`:
  // if the actor waits for producers, the calling thread stages what they have
  // submitted, and if those are all, appends and syncs it.
  void OnAboutToWait(const std::atomic<std::uint64_t>& completed, std::uint64_t seen);
  // How long a waiter should spin for its answer.
  [[nodiscard]] std::chrono::nanoseconds WaitSpin() const noexcept;

  // Ends the pool; see Pool::Close().
  [[nodiscard]] Status Close();
  [[nodiscard]] bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }
  // True in a thread that runs actors, that is, in a callback: it must not wait.
  [[nodiscard]] bool InActorThread() const noexcept { return actors_.InThread(); }

  [[nodiscard]] std::string_view ItemText(ItemRef item) const noexcept {
    return directory_.Text(item);
  }
  [[nodiscard]] PoolStats Stats() const;
  [[nodiscard]] RequestId durable_through() const noexcept {
    return counters_.durable_through.load(std::memory_order_acquire);
  }
  [[nodiscard]] RequestId log_starts_after() const noexcept {
    return counters_.log_starts_after.load(std::memory_order_acquire);
  }
  [[nodiscard]] Status Failure() const;
  [[nodiscard]] const OpeningReport& opening() const noexcept { return opening_; }

  // --- The owner's: for requests ------------------------------------------------

  [[nodiscard]] Engine& engine() noexcept { return engine_; }
  [[nodiscard]] ItemDirectory& directory() noexcept { return directory_; }
  // Units drawn or refused by the request being staged, for the counters.
  void CountDraws(std::uint64_t drawn, std::uint64_t refused) noexcept {
    staged_counts_.drawn += drawn;
    staged_counts_.refused += refused;
  }
  // kOutcomeUnknown, and why. Requires that the engine has failed.
  [[nodiscard]] Status LogFailure() const {
    return {StatusCode::kOutcomeUnknown,
            "the log has failed, reopen the pool: " + engine_.failure().message()};
  }
  void AddFlush(Request* request);
  void AddSnapshot(Request* request);
  void AddState(StateRequest* request);
  void BeginClose(CloseRequest* request);
  // The last snapshot that was published.
  [[nodiscard]] RequestId snapshot_taken() const noexcept { return *last_snapshot_; }

 private:
  using Clock = std::chrono::steady_clock;

  // Draws staged before looking at the syncer and at others again.
  static constexpr std::size_t kDrawsPerVisit = 4096;
  // Items or keys copied before looking at the rest again: some 0.1 ms.
  static constexpr std::size_t kCopiedPerVisit = 8192;

  // Wakes the actor when a sync that was put off is due.
  class SyncAlarm final : public Alarm {
   public:
    explicit SyncAlarm(Baton& baton) noexcept : baton_(baton) {}
    void GoOff() noexcept override { baton_.Wake(); }

   private:
    Baton& baton_;
  };

  enum class SnapshotStage : std::uint8_t {
    kNone,
    kMarkOpen,    // the copy is begun, its mark is in the open batch
    kMarkSealed,  // and that batch is on its way
    kPublishing,  // the mark is durable, the copy whole: the writer has the word
  };

  struct DrawCounts {
    std::uint64_t drawn = 0;
    std::uint64_t refused = 0;
  };

  // Read by any thread, written by the owner.
  struct Counters {
    std::atomic<std::uint64_t> draws{0};
    std::atomic<std::uint64_t> draws_refused{0};
    std::atomic<RequestId> acknowledged_through{0};
    std::atomic<RequestId> durable_through{0};
    std::atomic<RequestId> log_starts_after{0};
    std::atomic<std::uint64_t> batches{0};
    std::atomic<std::uint64_t> wal_bytes{0};
    std::atomic<std::uint64_t> segments{0};
    std::atomic<std::uint64_t> syncs{0};
    std::atomic<std::uint64_t> sync_ns_total{0};
    std::atomic<std::uint64_t> sync_ns_max{0};
    std::atomic<std::uint64_t> snapshots{0};
    std::atomic<std::uint64_t> snapshots_failed{0};
  };

  // Any thread.
  [[nodiscard]] bool CountIn() noexcept;
  // Answers without having staged.
  [[nodiscard]] bool Refuse(WaitedRequest& request);
  void QueueAndWait(WaitedRequest& request);

  // A turn of the actor.
  void Run() noexcept override;
  // The syncer's thread.
  void OnJobAppended() noexcept override { baton_.Wake(); }
  void OnJobDone() noexcept override;
  // Whether the log is durable and nobody waits for it but producers.
  [[nodiscard]] bool ServesOnlyProducers() const noexcept;
  // Whether draws are staged whose sync waits for others.
  [[nodiscard]] bool IsGathering() const noexcept {
    return delay_.is_waiting() && ServesOnlyProducers();
  }
  // When a sync that was put off is due.
  [[nodiscard]] std::optional<Clock::time_point> SyncDeadline() const noexcept;
  [[nodiscard]] bool Rest();
  [[nodiscard]] bool HasWork() const noexcept;
  // Whether producers have submitted draws that are not staged.
  [[nodiscard]] bool HasUnstagedDraws() const noexcept;
  [[nodiscard]] bool LogIsIdle() const noexcept;
  // What the actor may rest with now. Sets the alarm that this needs.
  [[nodiscard]] AtRest PrepareRest();
  [[nodiscard]] bool IsDrained() const noexcept;
  void FinishClosing();
  [[nodiscard]] Status CloseLog();

  // Does a round. Returns whether anything came of it.
  bool Step();

  // Staging.
  [[nodiscard]] std::size_t Room() const noexcept;
  [[nodiscard]] bool CanStage() const noexcept { return Room() != 0 || !engine_.failure().ok(); }
  bool StageRequests();
  void StageRequest(Request* request);
  // Of producers: goes on with the bulk that is staged in part, or begins others.
  bool StageDraws();
  bool StageProducers();
  void GiveWayToSyncer();
  bool StageSingles(ProducerRings& rings);
  bool StageBulk(ProducerRings& rings);
  // Returns whether anything came of it.
  bool ContinueBulk();
  void AdmitProducers();
  void ReleaseLeavers();
  void FailRings(ProducerRings& rings, StatusCode code, RequestId acknowledged_through);

  // The log.
  // Collects what is done and starts what is next; then wakes who was answered.
  bool PumpLog();
  bool CollectJob();
  bool StartJob();
  [[nodiscard]] SyncJob MakeJob();
  void RunJob();
  // Producers that have answers they were not told of.
  void WakeAnswered() noexcept;
  [[nodiscard]] bool JobIsForThisThread(bool is_light) const noexcept;
  void CollectOutcome(const Syncer::Outcome& outcome);
  void OnAppended();
  void OnAcknowledged();
  void OnDurable(std::uint64_t batch_number);
  void AnswerFlushes();
  void OnFailed(const Status& status);
  [[nodiscard]] bool SyncIsDue() const;

  // Copies of the state.
  [[nodiscard]] bool IsCopying() const noexcept;
  // Returns whether anything was to be copied.
  bool ContinueCopies();
  void AnswerStates();
  void FailStates(const Status& status, RequestId acknowledged_through);

  // Snapshots.
  [[nodiscard]] bool SnapshotIsWanted() const noexcept;
  void TakeSnapshotIfWanted();
  void AdvanceSnapshot();
  bool CollectSnapshot();
  void FailSnapshot(const Status& status);
  void AnswerFailed(RequestList& requests, const Status& status, RequestId acknowledged_through);

  const Durability durability_;
  const SnapshotPolicy snapshot_policy_;
  const std::size_t pending_requests_max_;
  OpeningReport opening_;
  const std::shared_ptr<PoolThreads> threads_;
  TaskThreads& actors_;                       // of threads_
  std::unique_ptr<WalStorage> log_;           // until Close()
  std::unique_ptr<SnapshotStore> snapshots_;  // until Close()

  // Any thread.
  Baton baton_;
  RequestQueue queue_;
  std::atomic<std::size_t> under_way_{0};  // requests queued and not answered
  std::atomic<bool> closing_{false};
  std::atomic<std::uint64_t> recent_job_ns_;
  Counters counters_;
  mutable std::mutex status_mutex_;
  Status failure_;                // guarded by status_mutex_
  Status last_snapshot_failure_;  // guarded by status_mutex_
  std::mutex joining_mutex_;
  std::vector<std::shared_ptr<ProducerRings>> joining_;  // guarded by joining_mutex_
  bool admitting_ = true;                                // guarded by joining_mutex_
  std::atomic<bool> has_joining_{false};
  std::mutex close_mutex_;
  std::optional<Status> close_status_;  // guarded by close_mutex_

  // The owner's.
  Engine engine_;
  ItemDirectory directory_;                        // Text(): any thread
  std::optional<Syncer> syncer_;                   // until Close()
  std::optional<SnapshotWriter> snapshot_writer_;  // until Close()
  std::vector<std::shared_ptr<ProducerRings>> rings_;
  std::size_t first_ring_ = 0;                 // whose turn it is to be first
  ProducerRings* bulk_in_progress_ = nullptr;  // its oldest bulk is staged in part
  std::vector<ItemIndex> picks_;               // of StageSingles(), once there is a producer
  RequestList inbox_;                          // taken from the queue, not staged
  RequestList staged_;                         // waiting for an acknowledgement
  bool has_answered_ = false;                  // a producer is still to be woken
  bool rings_were_busy_ = false;               // since the last Rest()
  bool is_lent_to_producer_ = false;           // the owner is in OnAboutToWait()
  // Of the open batch.
  bool has_ring_draws_ = false;
  std::uint64_t requests_in_batch_ = 0;
  SyncJob job_;  // under way in the syncer, or last so
  bool job_append_collected_ = false;
  bool job_is_of_producers_ = false;  // all requests of its batch are draws of theirs
  DrawCounts staged_counts_;          // since opening, whatever is undone taken off
  DrawCounts sealed_counts_;
  DrawCounts acknowledged_counts_;
  std::optional<Clock::time_point> unsynced_since_;  // of the interval policy
  ProcessorYield yield_;                             // while a sync is under way
  GroupCommitDelay delay_;                           // of the durable policy

  struct Flush {
    Request* request;
    RequestId through;
  };
  std::vector<Flush> flushes_;

  std::vector<StateRequest*> states_;

  SnapshotStage snapshot_stage_ = SnapshotStage::kNone;
  std::optional<SnapshotCopy> snapshot_copy_;  // until it is whole
  bool snapshot_is_due_ = false;               // says the policy
  RequestList snapshot_waiters_;               // for the next image
  RequestList snapshot_takers_;                // for the one under way
  std::uint64_t snapshot_mark_batch_ = 0;      // if kMarkSealed
  std::optional<RequestId> last_snapshot_;     // published
  RequestId last_image_ = 0;                   // begun, published or not
  std::uint64_t wal_bytes_at_last_image_ = 0;
  CloseRequest* close_request_ = nullptr;
  SyncAlarm sync_alarm_{baton_};
  std::optional<Clock::time_point> sync_alarm_at_;  // the time it was last set to
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_ACTOR_CORE_H_
