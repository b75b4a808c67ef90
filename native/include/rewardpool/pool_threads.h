// pool_threads.h - threads that many pools share.
//
// A pool that is told nothing has threads of its own: one that stages, one that
// syncs, and two more only while snapshots and segments are seen to. A process
// with many pools gives all of them the same PoolThreads:
//
//   auto threads = rewardpool::PoolThreads::Start({.syncers = 4});
//   if (!threads.ok()) ...
//   rewardpool::PoolOptions options;
//   options.threads = *threads;        // the same for every pool
//
// Nothing else changes: each pool keeps its order and its promises, and a pool
// that waits for its disk does not hold up the others, as long as a syncer is
// free. A synchronous draw (Pool::Draw) that finds its pool at rest needs none of
// these threads: the caller does the work.
//
// A pool on files keeps two of them open, its lock and its log's segment, a third
// while the next segment is prepared, and needs one or two more for a moment when it
// opens or begins a segment. See to it that the process may have so many
// (RLIMIT_NOFILE): when there are none, opening a pool answers kFull, and so does a
// draw that would begin a segment; nothing is lost, and both work once there are some.
#ifndef REWARDPOOL_POOL_THREADS_H_
#define REWARDPOOL_POOL_THREADS_H_

#include <memory>

#include "rewardpool/status.h"

namespace rewardpool {

namespace native {
class BackgroundTasks;
}  // namespace native
namespace native::internal {
class TaskThreads;
}  // namespace native::internal

// Threads: any. The last pool that uses it, or the last copy of the pointer, ends
// the threads; not to be let go of in a callback of a pool.
class PoolThreads {
 public:
  struct Options {
    // Threads that stage requests and answer them; 0: as many as there are cores.
    unsigned actors = 0;
    // Threads that append and sync. Each waits for one disk at a time, so more of
    // them let more pools sync at once. At least 1.
    unsigned syncers = 1;
  };
  static constexpr unsigned kThreadsMax = 1024;

  // Errors: kInvalidArgument (a number), kIo (the system has no thread to give).
  [[nodiscard]] static Result<std::shared_ptr<PoolThreads>> Start(const Options& options);
  ~PoolThreads();
  PoolThreads(const PoolThreads&) = delete;
  PoolThreads& operator=(const PoolThreads&) = delete;

  // For those who build a pool out of parts (native/threaded_actor.h); what is
  // returned must not outlive this object.
  [[nodiscard]] native::internal::TaskThreads& actors() noexcept;
  [[nodiscard]] native::internal::TaskThreads& syncers() noexcept;
  [[nodiscard]] std::shared_ptr<native::BackgroundTasks> MakeBackgroundTasks();

 private:
  struct Parts;
  explicit PoolThreads(std::unique_ptr<Parts> parts) noexcept;

  const std::unique_ptr<Parts> parts_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_POOL_THREADS_H_
