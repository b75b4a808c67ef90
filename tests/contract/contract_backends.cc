#include "contract/storage_harness.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/testing/faulty_storage.h"
#ifdef RP_TEST_NATIVE_BACKENDS
#include "rewardpool/native/file_snapshot_store.h"
#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/mmap_storage.h"
#include "support/temporary_folder.h"
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

#ifdef RP_TEST_NATIVE_BACKENDS
template <auto open_storage>
class FolderWal final : public WalHarness {
 public:
  std::unique_ptr<WalStorage> Open() override {
    auto storage = open_storage(folder_.path(), native::StorageEnvironment{});
    return storage.ok() ? *std::move(storage) : nullptr;
  }

 private:
  TemporaryFolder folder_;
};

class FolderSnapshots final : public SnapshotHarness {
 public:
  std::unique_ptr<SnapshotStore> Open() override {
    auto store = native::FileSnapshotStore::Open(folder_.path());
    return store.ok() ? *std::move(store) : nullptr;
  }

 private:
  TemporaryFolder folder_;
};
#endif

}  // namespace

std::vector<Backend<WalHarness>> WalBackends() {
  return {
      {"Memory", [] { return std::make_unique<MemoryWal>(); }},
      {"FaultyWithoutFaults", [] { return std::make_unique<FaultyWalWithoutFaults>(); }},
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
