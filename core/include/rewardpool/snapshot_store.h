// snapshot_store.h - INTERFACE: where snapshots live. Knows nothing of what is
// in them (snapshot.h).
//
// A snapshot is named by the last request id whose effect it holds.
//
// Threads: Publish() and Remove() may be called from one thread while another
//          uses the pool's WalStorage; calls to the store itself: one at a time.
#ifndef REWARDPOOL_SNAPSHOT_STORE_H_
#define REWARDPOOL_SNAPSHOT_STORE_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/status.h"

namespace rewardpool {

class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  // Names of all complete snapshots, ascending.
  [[nodiscard]] virtual Result<std::vector<RequestId>> List() = 0;

  // The bytes of a snapshot, as published. Errors: kNotFound, kIo.
  [[nodiscard]] virtual Result<std::vector<std::byte>> Load(RequestId name) = 0;

  // Stores a snapshot so that after a crash at any moment it is either wholly
  // there or not at all; durable on return. Replaces one of the same name.
  // Errors: kFull, kIo; the snapshots that were there are untouched.
  [[nodiscard]] virtual Status Publish(RequestId name, std::span<const std::byte> bytes) = 0;

  // Removes a snapshot, durably. Ok if there is none.
  [[nodiscard]] virtual Status Remove(RequestId name) = 0;

  // The snapshot's name as people know it (its file name), for messages.
  [[nodiscard]] virtual std::string SnapshotName(RequestId name) const = 0;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_SNAPSHOT_STORE_H_
