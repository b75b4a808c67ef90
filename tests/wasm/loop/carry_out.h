// carry_out.h - what a platform does for the loop, over storages that block: it
// loads what is stored, and carries out the operations of a DeferredStorage.
#ifndef REWARDPOOL_TESTS_WASM_LOOP_CARRY_OUT_H_
#define REWARDPOOL_TESTS_WASM_LOOP_CARRY_OUT_H_

#include <algorithm>

#include "deferred_storage.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::wasm {

// Copies what a disk holds into whatever has room for it.
template <typename Loader>
void LoadFrom(const MemoryDisk& disk, Loader& loader) {
  for (const auto& [number, bytes] : disk.segments) {
    std::copy(bytes.begin(), bytes.end(), loader.LoadSegment(number, bytes.size()).begin());
  }
  for (const auto& [name, bytes] : disk.snapshots) {
    std::copy(bytes.begin(), bytes.end(), loader.LoadSnapshot(name, bytes.size()).begin());
  }
}

inline Status CarryOut(const StorageOperation& operation, WalStorage& log,
                       SnapshotStore& snapshots) {
  using Kind = StorageOperation::Kind;
  switch (operation.kind) {
    case Kind::kStartSegment:
      return log.StartSegment(operation.number, operation.size, operation.bytes);
    case Kind::kAppend:
      return log.Append(operation.bytes);
    case Kind::kSync:
      return log.Sync();
    case Kind::kTruncate:
      return log.Truncate(operation.number, operation.size);
    case Kind::kPersist:
      return log.Persist(operation.number);
    case Kind::kRemoveSegment:
      return log.RemoveSegment(operation.number);
    case Kind::kRemoveSnapshot:
      return snapshots.Remove(operation.number);
  }
  return {StatusCode::kUnsupported, "an operation that is not known here"};
}

}  // namespace rewardpool::wasm

#endif  // REWARDPOOL_TESTS_WASM_LOOP_CARRY_OUT_H_
