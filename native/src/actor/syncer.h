// syncer.h - the thread that appends batches and waits for the disk, so that
// the actor can go on drawing meanwhile.
//
// It does one job at a time. The storage belongs to it while it has a job, and
// to the owner of the engine otherwise, who may then also run a job itself.
//
// When a job is done and the actor sleeps, the syncer's thread gives it the turn
// that the outcome asks for itself: to answer, to seal what was drawn meanwhile and
// to begin its next job. Two changes of thread between a sync and the next one take
// as long as a good disk's sync.
//
// Threads: the owner of the engine calls; a thread of the syncers does the jobs.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_SYNCER_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_SYNCER_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "rewardpool/status.h"
#include "rewardpool/wal_batcher.h"
#include "rewardpool/wal_storage.h"
#include "threads/task_threads.h"

namespace rewardpool::native::internal {

struct SyncJob {
  bool append = false;
  WalBatch batch;     // if append
  bool sync = false;  // after the append
  // Report the append before the sync begins.
  bool report_append = false;
};

// INTERFACE: whom a syncer works for.
class SyncClient {
 public:
  // The job has got further. Called in the syncer's thread.
  virtual void OnJobAppended() noexcept = 0;
  // Likewise; may start the next one.
  virtual void OnJobDone() noexcept = 0;

 protected:
  ~SyncClient() = default;
};

class Syncer final : private Task {
 public:
  // How far the job is. Results are there from the stage that they belong to.
  enum class Progress : std::uint32_t { kNoJob, kWorking, kAppended, kDone };

  struct Outcome {
    Status status;
    bool appended = false;  // the append succeeded
    bool synced = false;    // the sync succeeded
    std::chrono::nanoseconds duration{0};
    std::chrono::nanoseconds sync_duration{0};
  };

  // All must outlive the syncer.
  Syncer(TaskThreads& threads, WalStorage& storage, SyncClient& client)
      : threads_(threads), storage_(storage), client_(client) {}
  // Requires that no job is under way.
  ~Syncer();

  // Gives a thread the job. Requires kNoJob.
  void Start(const SyncJob& job) noexcept;
  [[nodiscard]] Progress progress() const noexcept {
    return progress_.load(std::memory_order_seq_cst);
  }
  // Takes the outcome of a job that is kDone; then kNoJob.
  [[nodiscard]] Outcome TakeOutcome() noexcept;

  // Does a job in the calling thread. Requires kNoJob.
  [[nodiscard]] Outcome RunHere(const SyncJob& job);

 private:
  template <typename OnAppended>
  static Outcome Do(WalStorage& storage, const SyncJob& job, OnAppended on_appended);
  void Run() noexcept override;

  TaskThreads& threads_;
  WalStorage& storage_;
  SyncClient& client_;
  SyncJob job_;
  Outcome outcome_;
  std::atomic<Progress> progress_{Progress::kNoJob};
  std::uint64_t runs_begun_ = 0;  // the owner's
  // A run still touches this object after it has reported.
  std::atomic<std::uint64_t> runs_ended_{0};
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_SYNCER_H_
