#include <gtest/gtest.h>

#include <utility>

#include "contract/storage_harness.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/testing/faulty_storage.h"
#ifdef RP_TEST_WASM_BACKENDS
#include "deferred_storage.h"
#include "wasm/loop/carry_out.h"
#endif
#ifdef RP_TEST_NATIVE_BACKENDS
#include "rewardpool/native/file_snapshot_store.h"
#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/mmap_storage.h"
#include "rewardpool/testing/temporary_folder.h"
#endif

namespace rewardpool::tests {
namespace {

class MemoryWal final : public WalHarness {
 public:
  std::unique_ptr<WalStorage> Open() override { return std::make_unique<MemoryStorage>(disk_); }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
};

class MemorySnapshots final : public SnapshotHarness {
 public:
  std::unique_ptr<SnapshotStore> Open() override {
    return std::make_unique<MemorySnapshotStore>(disk_);
  }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
};

class FaultyWalWithoutFaults final : public WalHarness {
 public:
  std::unique_ptr<WalStorage> Open() override {
    disk_->Restart();
    return std::make_unique<testing::FaultyStorage>(disk_);
  }

 private:
  std::shared_ptr<testing::SimulatedDisk> disk_ = std::make_shared<testing::SimulatedDisk>(1);
};

class FaultySnapshotsWithoutFaults final : public SnapshotHarness {
 public:
  std::unique_ptr<SnapshotStore> Open() override {
    disk_->Restart();
    return std::make_unique<testing::FaultySnapshotStore>(disk_);
  }

 private:
  std::shared_ptr<testing::SimulatedDisk> disk_ = std::make_shared<testing::SimulatedDisk>(1);
};

#ifdef RP_TEST_WASM_BACKENDS
// Leaves on the disk what its operations do there: they, and not the bytes that
// it has loaded, must keep the promises.
class DeferredLog final : public WalStorage {
 public:
  explicit DeferredLog(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {
    wasm::LoadFrom(*disk_, storage_);
  }
  ~DeferredLog() override {
    MemoryStorage log(disk_);
    MemorySnapshotStore snapshots(disk_);
    for (const wasm::StorageOperation& operation : storage_.TakeOperations()) {
      const Status done = wasm::CarryOut(operation, log, snapshots);
      EXPECT_TRUE(done.ok()) << done.ToString();
    }
  }

  Result<std::vector<SegmentInfo>> ListSegments() override { return log().ListSegments(); }
  Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                           std::span<std::byte> out) override {
    return log().Read(segment, offset, out);
  }
  std::string SegmentName(std::uint64_t segment) const override {
    return storage_.log().SegmentName(segment);
  }
  Status StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                      std::span<const std::byte> header) override {
    return log().StartSegment(segment, capacity_bytes, header);
  }
  Status Append(std::span<const std::byte> bytes) override { return log().Append(bytes); }
  Status Sync() override { return log().Sync(); }
  Status Truncate(std::uint64_t segment, std::uint64_t length) override {
    return log().Truncate(segment, length);
  }
  Status Persist(std::uint64_t segment) override { return log().Persist(segment); }
  Status RemoveSegment(std::uint64_t segment) override { return log().RemoveSegment(segment); }
  Status Close() override { return log().Close(); }

 private:
  WalStorage& log() { return storage_.log(); }

  const std::shared_ptr<MemoryDisk> disk_;
  mutable wasm::DeferredStorage storage_;
};

class DeferredWal final : public WalHarness {
 public:
  std::unique_ptr<WalStorage> Open() override { return std::make_unique<DeferredLog>(disk_); }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
};
#endif

#ifdef RP_TEST_NATIVE_BACKENDS
template <auto open_storage>
class FolderWal final : public WalHarness {
 public:
  std::unique_ptr<WalStorage> Open() override {
    auto storage = open_storage(folder_.path(), native::StorageEnvironment{});
    return storage.ok() ? *std::move(storage) : nullptr;
  }

 private:
  testing::TemporaryFolder folder_;
};

class FolderSnapshots final : public SnapshotHarness {
 public:
  std::unique_ptr<SnapshotStore> Open() override {
    auto store = native::FileSnapshotStore::Open(folder_.path());
    return store.ok() ? *std::move(store) : nullptr;
  }

 private:
  testing::TemporaryFolder folder_;
};
#endif

}  // namespace

std::vector<Backend<WalHarness>> WalBackends() {
  return {
      {"Memory", [] { return std::make_unique<MemoryWal>(); }},
      {"FaultyWithoutFaults", [] { return std::make_unique<FaultyWalWithoutFaults>(); }},
#ifdef RP_TEST_WASM_BACKENDS
      {"Deferred", [] { return std::make_unique<DeferredWal>(); }, /*has_one_thread=*/true},
#endif
#ifdef RP_TEST_NATIVE_BACKENDS
      {"File", [] { return std::make_unique<FolderWal<native::OpenFileStorage>>(); }},
      {"Mmap", [] { return std::make_unique<FolderWal<native::OpenMmapStorage>>(); }},
#endif
  };
}

std::vector<Backend<SnapshotHarness>> SnapshotBackends() {
  return {
      {"Memory", [] { return std::make_unique<MemorySnapshots>(); }},
      {"FaultyWithoutFaults", [] { return std::make_unique<FaultySnapshotsWithoutFaults>(); }},
#ifdef RP_TEST_NATIVE_BACKENDS
      {"File", [] { return std::make_unique<FolderSnapshots>(); }},
#endif
  };
}

}  // namespace rewardpool::tests
