// deferred_storage.h - a log and snapshots whose changes are made later, by
// somebody else.
//
// The core talks to storage in blocking calls; the web answers in promises. So
// the stored bytes are loaded first, the core works on them here, and every
// change it makes is kept as an operation. The platform then carries the
// operations out, in order, before anything that depends on them is told.
//
// Threads: one owner.
#ifndef REWARDPOOL_WASM_SRC_DEFERRED_STORAGE_H_
#define REWARDPOOL_WASM_SRC_DEFERRED_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/memory_storage.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::wasm {

// One change to be made. Each is a method of WalStorage or SnapshotStore.
struct StorageOperation {
  enum class Kind : std::uint8_t {
    kStartSegment,    // `number`, `size` (its capacity), `bytes` (its header)
    kAppend,          // `bytes`
    kSync,            //
    kTruncate,        // `number`, `size` (its new length)
    kPersist,         // `number`
    kRemoveSegment,   // `number`
    kRemoveSnapshot,  // `number`: the snapshot's name
  } kind;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::vector<std::byte> bytes;

  friend bool operator==(const StorageOperation&, const StorageOperation&) = default;
};

// Both halves of a pool's storage, and the operations that they owe.
class DeferredStorage {
 public:
  DeferredStorage();

  // Room for the bytes of a stored segment or snapshot; the caller writes them.
  [[nodiscard]] std::span<std::byte> LoadSegment(std::uint64_t number, std::size_t byte_count);
  [[nodiscard]] std::span<std::byte> LoadSnapshot(RequestId name, std::size_t byte_count);

  [[nodiscard]] WalStorage& log() noexcept { return log_; }
  [[nodiscard]] SnapshotStore& snapshots() noexcept { return snapshots_; }

  // What was asked for since the last call.
  [[nodiscard]] std::vector<StorageOperation> TakeOperations() {
    return std::exchange(operations_, {});
  }

  // Forgets all content but the headers of segments and the names of snapshots:
  // what PruneLog() needs.
  void ForgetContent();
  // The platform has started this segment, or published this snapshot, by itself.
  void NoteSegment(std::uint64_t number, std::span<const std::byte> header);
  void NoteSnapshot(RequestId name);

 private:
  class Log final : public WalStorage {
   public:
    Log(std::shared_ptr<MemoryDisk> disk, std::vector<StorageOperation>& operations)
        : memory_(std::move(disk), MemoryNames::kFiles), operations_(operations) {}

    Result<std::vector<SegmentInfo>> ListSegments() override;
    Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                             std::span<std::byte> out) override;
    std::string SegmentName(std::uint64_t segment) const override;
    Status StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                        std::span<const std::byte> header) override;
    Status Append(std::span<const std::byte> bytes) override;
    Status Sync() override;
    Status Truncate(std::uint64_t segment, std::uint64_t length) override;
    Status Persist(std::uint64_t segment) override;
    Status RemoveSegment(std::uint64_t segment) override;
    Status Close() override;

   private:
    MemoryStorage memory_;
    std::vector<StorageOperation>& operations_;
  };

  class Snapshots final : public SnapshotStore {
   public:
    Snapshots(std::shared_ptr<MemoryDisk> disk, std::vector<StorageOperation>& operations)
        : memory_(std::move(disk), MemoryNames::kFiles), operations_(operations) {}

    Result<std::vector<RequestId>> List() override;
    Result<std::vector<std::byte>> Load(RequestId name) override;
    // Errors: kUnsupported, always: the platform publishes; see NoteSnapshot().
    Status Publish(RequestId name, std::span<const std::byte> bytes) override;
    Status Remove(RequestId name) override;
    std::string SnapshotName(RequestId name) const override;

   private:
    MemorySnapshotStore memory_;
    std::vector<StorageOperation>& operations_;
  };

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::vector<StorageOperation> operations_;
  Log log_;
  Snapshots snapshots_;
};

}  // namespace rewardpool::wasm

#endif  // REWARDPOOL_WASM_SRC_DEFERRED_STORAGE_H_
