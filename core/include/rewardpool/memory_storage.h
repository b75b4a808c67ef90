// memory_storage.h - a log and snapshots in memory: for pools that need not
// outlive their process, and for tests.
//
// MemoryDisk is what survives when a storage object dies; open it again to play
// a restart.
//
// Threads: as the interfaces say. MemoryStorage keeps to the segments and
//          MemorySnapshotStore to the snapshots, so the two may share a disk
//          and run in two threads. Two storages on one disk may not.
// Errors:  kFull when the memory is used up; never kIo.
#ifndef REWARDPOOL_MEMORY_STORAGE_H_
#define REWARDPOOL_MEMORY_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/snapshot_store.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool {

struct MemoryDisk {
  std::map<std::uint64_t, std::vector<std::byte>> segments;
  std::map<RequestId, std::vector<std::byte>> snapshots;
};

// What messages call the segments and snapshots of a disk.
enum class MemoryNames {
  kMemory,  // "memory segment 3"
  kFiles,   // by the files that they are copies of (pool_file_names.h)
};

class MemoryStorage final : public WalStorage {
 public:
  explicit MemoryStorage(std::shared_ptr<MemoryDisk> disk, MemoryNames names = MemoryNames::kMemory)
      : disk_(std::move(disk)), names_(names) {}

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
  // Ok if `segment` may be cut, persisted or removed: it is not open.
  Status CheckNotOpen(std::uint64_t segment) const;

  const std::shared_ptr<MemoryDisk> disk_;
  const MemoryNames names_;
  mutable std::mutex mutex_;                // guards all below and disk_->segments
  std::vector<std::byte>* open_ = nullptr;  // an element of disk_->segments
  std::uint64_t open_number_ = 0;           // meaningful while open_ is set
};

class MemorySnapshotStore final : public SnapshotStore {
 public:
  explicit MemorySnapshotStore(std::shared_ptr<MemoryDisk> disk,
                               MemoryNames names = MemoryNames::kMemory)
      : disk_(std::move(disk)), names_(names) {}

  Result<std::vector<RequestId>> List() override;
  Result<std::vector<std::byte>> Load(RequestId name) override;
  Status Publish(RequestId name, std::span<const std::byte> bytes) override;
  Status Remove(RequestId name) override;
  std::string SnapshotName(RequestId name) const override;

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const MemoryNames names_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_MEMORY_STORAGE_H_
