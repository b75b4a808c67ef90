// faulty_storage.h - a log and a snapshot store that break their promises on
// purpose, for tests of everything above them.
//
// Both work on a SimulatedDisk, which carries the faults, the step numbers and
// the seed, and tells what a restart would find; its header lists the faults
// and which of them the product must survive. Unlike the real storages they do
// not refuse to go on after a failed write or sync: an owner that retries will
// be told Ok, and the test then finds what is missing.
//
// Example, a crash at every step:
//   for (std::uint64_t step = 0; step < steps_of_a_run_without_faults; ++step) {
//     auto disk = std::make_shared<SimulatedDisk>(seed, std::vector<Fault>{
//         {.kind = FaultKind::kCrash, .at = step}});
//     FaultyStorage storage(disk);
//     FaultySnapshotStore snapshots(disk);
//     ... run until a call fails ...
//     disk->LosePower(seed);   // leave this out to play a mere SIGKILL
//     disk->Restart();
//     ... open again on the same disk (with FaultyStorage, whose data may yet be
//         lost by a second crash, or a copy through ToMemoryDisk), and compare ...
//   }
#ifndef REWARDPOOL_TESTING_FAULTY_STORAGE_H_
#define REWARDPOOL_TESTING_FAULTY_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/memory_storage.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/testing/simulated_disk.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::testing {

// Steps of each call, in order:
//   StartSegment  sync of the open segment (if any), removal of what an earlier
//                 failed call left behind (if any), create, resize (room), sync,
//                 sync folder, write (header), sync
//   Append        write
//   Sync          sync (if a segment is open)
//   Truncate      resize, sync
//   Persist       write, sync, sync folder
//   RemoveSegment remove, sync folder
//   Close         sync, resize, sync (if a segment is open)
class FaultyStorage final : public WalStorage {
 public:
  // A segment begins with room of `room_bytes`, or its capacity if that is less.
  explicit FaultyStorage(std::shared_ptr<SimulatedDisk> disk, std::uint64_t room_bytes = 4096)
      : disk_(std::move(disk)), room_bytes_(room_bytes) {}

  // What is left if the power fails now: the MemoryDisk that a restart would
  // find, with the disk's own seed. The storage is dead afterwards.
  MemoryDisk Crash();

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
  Status CheckStart(std::uint64_t segment, std::size_t header_bytes, bool* left_behind);
  Result<SimulatedDisk::Handle> Prepare(const std::string& name, std::uint64_t room_bytes,
                                        std::span<const std::byte> header);
  Status CheckNotOpen(std::uint64_t segment) const;

  const std::shared_ptr<SimulatedDisk> disk_;
  const std::uint64_t room_bytes_;
  std::mutex mutex_;  // guards all below
  SimulatedDisk::Handle open_;
  std::uint64_t open_number_ = 0;
  std::uint64_t used_bytes_ = 0;  // of the open segment
};

// Steps of Publish: removal of a temporary file left behind (if any), create,
// write, sync, rename, sync folder. Of Remove: remove, sync folder.
class FaultySnapshotStore final : public SnapshotStore {
 public:
  explicit FaultySnapshotStore(std::shared_ptr<SimulatedDisk> disk) : disk_(std::move(disk)) {}

  Result<std::vector<RequestId>> List() override;
  Result<std::vector<std::byte>> Load(RequestId name) override;
  Status Publish(RequestId name, std::span<const std::byte> bytes) override;
  Status Remove(RequestId name) override;
  std::string SnapshotName(RequestId name) const override;

 private:
  Status WriteTemporary(const std::string& name, std::span<const std::byte> bytes);

  const std::shared_ptr<SimulatedDisk> disk_;
};

// The segments and snapshots among `files` (temporary files are left out), and
// back. ToMemoryDisk(disk.Visible()) is what a restart finds after a SIGKILL,
// ToMemoryDisk(disk.AfterPowerLoss(seed)) after a loss of power.
[[nodiscard]] MemoryDisk ToMemoryDisk(const FileContents& files);
[[nodiscard]] FileContents ToFileContents(const MemoryDisk& disk);

}  // namespace rewardpool::testing

#endif  // REWARDPOOL_TESTING_FAULTY_STORAGE_H_
