// memory_storage.h - a log and snapshots in memory: for pools that need not
// outlive their process, and for tests.
//
// MemoryDisk is what survives when a storage object dies; open it again to play
// a restart.
#ifndef REWARDPOOL_MEMORY_STORAGE_H_
#define REWARDPOOL_MEMORY_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/snapshot_store.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool {

struct MemoryDisk {
  std::map<std::uint64_t, std::vector<std::byte>> segments;
  std::map<RequestId, std::vector<std::byte>> snapshots;
};

class MemoryStorage final : public WalStorage {
 public:
  explicit MemoryStorage(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

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
  std::shared_ptr<MemoryDisk> disk_;
  std::vector<std::byte>* open_ = nullptr;
};

class MemorySnapshotStore final : public SnapshotStore {
 public:
  explicit MemorySnapshotStore(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

  Result<std::vector<RequestId>> List() override;
  Result<std::vector<std::byte>> Load(RequestId name) override;
  Status Publish(RequestId name, std::span<const std::byte> bytes) override;
  Status Remove(RequestId name) override;
  std::string SnapshotName(RequestId name) const override;

 private:
  std::shared_ptr<MemoryDisk> disk_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_MEMORY_STORAGE_H_
