#include "contract/storage_harness.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/testing/faulty_storage.h"

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

}  // namespace

std::vector<Backend<WalHarness>> WalBackends() {
  return {
      {"Memory", [] { return std::make_unique<MemoryWal>(); }},
      {"FaultyWithoutFaults", [] { return std::make_unique<FaultyWalWithoutFaults>(); }},
  };
}

std::vector<Backend<SnapshotHarness>> SnapshotBackends() {
  return {
      {"Memory", [] { return std::make_unique<MemorySnapshots>(); }},
      {"FaultyWithoutFaults", [] { return std::make_unique<FaultySnapshotsWithoutFaults>(); }},
  };
}

}  // namespace rewardpool::tests
