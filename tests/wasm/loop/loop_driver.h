// loop_driver.h - drives a PoolLoop as wasm/js/poolOwner.ts does, with memory in
// the place of the web's storage.
#ifndef REWARDPOOL_TESTS_WASM_LOOP_LOOP_DRIVER_H_
#define REWARDPOOL_TESTS_WASM_LOOP_LOOP_DRIVER_H_

#include <memory>
#include <optional>
#include <vector>

#include "pool_loop.h"
#include "rewardpool/item.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/status.h"

namespace rewardpool::wasm {

using Catalog = std::optional<std::vector<Item>>;

class LoopDriver {
 public:
  // A new process on what the disk holds. Its draws follow from a seed.
  explicit LoopDriver(std::shared_ptr<MemoryDisk> disk);

  [[nodiscard]] PoolLoop& loop() noexcept { return loop_; }

  // Loads the disk and opens, without carrying anything out.
  [[nodiscard]] Status Load(const Catalog& catalog);
  // Carries out what the loop asks for.
  [[nodiscard]] Status CarryOutAll();
  // Both.
  [[nodiscard]] Status Open(const Catalog& catalog = std::nullopt);

  // Writes the sealed batch to the disk; the loop is told nothing.
  [[nodiscard]] Status Append();
  // Seals what is staged, writes it and tells the loop.
  [[nodiscard]] Status Write();
  // Write(), and the batch is durable.
  [[nodiscard]] Status Flush();
  // Publishes the image of that request, whose mark is durable.
  [[nodiscard]] Status Publish(RequestId image);
  // Takes a snapshot, flushes its mark and publishes it.
  [[nodiscard]] Status Snapshot();

 private:
  MemoryStorage log_;
  MemorySnapshotStore snapshots_;
  const std::shared_ptr<MemoryDisk> disk_;
  PoolLoop loop_;
};

}  // namespace rewardpool::wasm

#endif  // REWARDPOOL_TESTS_WASM_LOOP_LOOP_DRIVER_H_
