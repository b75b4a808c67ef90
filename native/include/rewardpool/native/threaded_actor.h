// threaded_actor.h - drives an engine with threads (pool_threads.h): one that
// stages requests, one that appends and syncs, one that writes snapshots.
//
// Pool (rewardpool.h) is this with a folder, its lock and the storage that its
// options name; use it unless you bring a storage of your own, as tests do. All
// promises of a Pool are kept here; its header is the manual for every method.
//
// While batch k is being synced the actor stages batch k+1, which is sealed as
// soon as the syncer is idle (group commit). Answers are given only by the
// engine's word (Engine::acknowledged_through()).
//
// Waiting costs next to no processor time: each side spins a few microseconds and
// then sleeps; a producer that has drawn, and waits for others to share its sync,
// 100 us at most. With nothing to do nothing runs; a caller that finds it so borrows
// the engine and does its own round, append and sync included.
#ifndef REWARDPOOL_NATIVE_THREADED_ACTOR_H_
#define REWARDPOOL_NATIVE_THREADED_ACTOR_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "rewardpool/rewardpool.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::native {

namespace internal {
class ActorCore;
}  // namespace internal

// The threads that the options name, or new ones of the pool's own.
// Errors: those of PoolThreads::Start().
[[nodiscard]] Result<std::shared_ptr<PoolThreads>> ThreadsOf(const PoolOptions& options);

class ThreadedActor {
 public:
  // Opens the pool that lies in `log` and `snapshots`, or makes it. Of the options, `storage` and `dir` are not looked at.
  //
  // Requires: nobody else writes to `log` and `snapshots` until Close().
  // Errors:   as Pool::Open(), but for kBusy.
  [[nodiscard]] static Result<ThreadedActor> Open(std::unique_ptr<WalStorage> log,
                                                  std::unique_ptr<SnapshotStore> snapshots,
                                                  const PoolOptions& options);

  ThreadedActor(ThreadedActor&&) noexcept;
  ThreadedActor& operator=(ThreadedActor&&) noexcept;
  // Closes. Not to be called in a callback.
  ~ThreadedActor();

  [[nodiscard]] DrawResult Draw();
  [[nodiscard]] Result<DrawOutcome> Draw(const DrawRequest& request);
  [[nodiscard]] Status DrawAsync(DrawRequest request, Pool::DrawCallback callback);
  [[nodiscard]] Result<Producer> NewProducer(std::size_t window);
  [[nodiscard]] std::string_view ItemId(ItemRef item) const noexcept;

  [[nodiscard]] Result<RequestId> AddItem(const Item& item);
  [[nodiscard]] Result<RequestId> UpdateItem(std::string_view id, const ItemChange& change);
  [[nodiscard]] Result<RequestId> RemoveItem(std::string_view id);

  [[nodiscard]] Result<PoolView> State();
  [[nodiscard]] Result<RequestId> Snapshot();
  [[nodiscard]] Status Flush();
  [[nodiscard]] Status Close();

  [[nodiscard]] PoolStats Stats() const;
  [[nodiscard]] RequestId durable_through() const noexcept;
  [[nodiscard]] Status Failure() const;
  [[nodiscard]] const OpeningReport& opening() const noexcept;

 private:
  explicit ThreadedActor(std::shared_ptr<internal::ActorCore> core) noexcept;

  std::shared_ptr<internal::ActorCore> core_;
};

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_THREADED_ACTOR_H_
