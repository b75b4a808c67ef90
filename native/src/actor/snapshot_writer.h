// snapshot_writer.h - encodes and publishes snapshots in the background, and then
// drops the log segments that they make unnecessary.
//
// One snapshot at a time: Begin() with the copy; then, when the log says that
// its mark is durable, Publish(), or Discard() if that never will be.
//
// Threads: the owner of the engine calls; background tasks work.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_SNAPSHOT_WRITER_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_SNAPSHOT_WRITER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "actor/baton.h"
#include "rewardpool/byte_buffer.h"
#include "rewardpool/item.h"
#include "rewardpool/native/background_tasks.h"
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
  SnapshotWriter(std::shared_ptr<BackgroundTasks> background, WalStorage& log,
                 SnapshotStore& snapshots, Baton& actor, std::optional<RequestId> previous,
                 std::uint64_t salt_seed)
      : background_(std::move(background)),
        log_(log),
        snapshots_(snapshots),
        actor_(actor),
        previous_(previous),
        salt_(salt_seed) {}
  // Finishes what Publish() has ordered; drops what it has not.
  ~SnapshotWriter() { background_->Drain(); }

  // Requires that no snapshot is under way.
  void Begin(SnapshotCopy copy);
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
  [[nodiscard]] Outcome Write(RequestId request_id, std::span<const std::byte> bytes);

  const std::shared_ptr<BackgroundTasks> background_;
  WalStorage& log_;
  SnapshotStore& snapshots_;
  Baton& actor_;

  // The background tasks' own, of which one runs at a time.
  std::optional<RequestId> previous_;
  std::uint64_t salt_;
  RequestId request_id_ = 0;           // of the copy that was encoded last
  std::optional<ByteBuffer> encoded_;  // until it is published or discarded

  Outcome outcome_;  // written before has_outcome_ is set, taken while it is
  std::atomic<bool> has_outcome_{false};
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_SNAPSHOT_WRITER_H_
