// snapshot_writer.h - the thread that encodes and publishes snapshots, and then
// drops the log segments that they make unnecessary.
//
// One snapshot at a time: Begin() with the image; then, when the log says that
// its mark is durable, Publish(), or Discard() if that never will be.
//
// Threads: the owner of the engine calls; the thread inside works.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_SNAPSHOT_WRITER_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_SNAPSHOT_WRITER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "actor/baton.h"
#include "rewardpool/item.h"
#include "rewardpool/snapshot.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::native::internal {

class SnapshotWriter {
 public:
  struct Outcome {
    // The snapshot is published; if not, why.
    Status published;
    // Dropping log segments failed, though the snapshot is there.
    Status pruned;
    RequestId request_id = 0;
    RequestId log_starts_after = 0;  // if both are ok
  };

  // `previous`: a snapshot that is known to be good. `salt_seed`: fresh entropy.
  // The objects referred to must outlive the writer; `actor` is woken at the end
  // of each snapshot.
  SnapshotWriter(WalStorage& log, SnapshotStore& snapshots, Baton& actor,
                 std::optional<RequestId> previous, std::uint64_t salt_seed);
  // Finishes what Publish() has ordered; drops what it has not.
  ~SnapshotWriter();

  // Requires that no snapshot is under way.
  void Begin(SnapshotImage image);
  // One of these follows each Begin(). After Discard() there is no outcome, and
  // Begin() may be called again at once.
  void Publish();
  void Discard();

  [[nodiscard]] bool has_outcome() const noexcept {
    return has_outcome_.load(std::memory_order_seq_cst);
  }
  // Requires has_outcome().
  [[nodiscard]] Outcome TakeOutcome();

 private:
  void RunThread();
  [[nodiscard]] Outcome Write(RequestId request_id, std::span<const std::byte> bytes);

  WalStorage& log_;
  SnapshotStore& snapshots_;
  Baton& actor_;
  std::optional<RequestId> previous_;  // the thread's own
  std::uint64_t salt_;                 // the thread's own

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<SnapshotImage> image_;  // begun, not yet taken by the thread
  std::uint64_t begun_ = 0;             // number of Begin() calls
  std::uint64_t publish_ = 0;           // the one to publish
  bool stop_ = false;
  Outcome outcome_;
  std::atomic<bool> has_outcome_{false};
  std::thread thread_;
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_SNAPSHOT_WRITER_H_
