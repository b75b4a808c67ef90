// controlled_storage.h - storage that does what a test says: it holds syncs back
// until the test lets them go, and fails when told to. The bytes are kept by
// MemoryStorage on a MemoryDisk, so a test can open the pool again.
#ifndef REWARDPOOL_TESTS_NATIVE_CONTROLLED_STORAGE_H_
#define REWARDPOOL_TESTS_NATIVE_CONTROLLED_STORAGE_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/memory_storage.h"

namespace rewardpool::tests {

// What the test holds in its hand. Threads: any.
class StorageControl {
 public:
  // Syncs wait from now on; see also HeldSyncs.
  void HoldSyncs() {
    const std::lock_guard lock(mutex_);
    hold_ = true;
  }
  // Lets all syncs go, those that wait and those to come.
  void ReleaseSyncs() {
    {
      const std::lock_guard lock(mutex_);
      hold_ = false;
      passes_ = 0;
    }
    changed_.notify_all();
  }
  // Lets one sync go.
  void ReleaseOneSync() {
    {
      const std::lock_guard lock(mutex_);
      ++passes_;
    }
    changed_.notify_all();
  }
  // Returns once a sync is being held back.
  void AwaitHeldSync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_ > passes_; });
  }

  // Ends of calls from now on; ok: they succeed.
  void SetSyncStatus(Status status) {
    const std::lock_guard lock(mutex_);
    sync_status_ = std::move(status);
  }
  void SetAppendStatus(Status status) {
    const std::lock_guard lock(mutex_);
    append_status_ = std::move(status);
  }
  void SetPublishStatus(Status status) {
    const std::lock_guard lock(mutex_);
    publish_status_ = std::move(status);
  }
  // Called in each sync, for making it slow.
  void SetSyncHook(std::function<void()> hook) {
    const std::lock_guard lock(mutex_);
    sync_hook_ = std::move(hook);
  }

  // Calls since the last ForgetCalls(), failed ones too.
  std::uint64_t syncs() const {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }
  std::uint64_t appends() const {
    const std::lock_guard lock(mutex_);
    return appends_;
  }
  void ForgetCalls() {
    const std::lock_guard lock(mutex_);
    syncs_ = appends_ = publishes_ = 0;
  }
  std::uint64_t publishes() const {
    const std::lock_guard lock(mutex_);
    return publishes_;
  }

 private:
  friend class ControlledStorage;
  friend class ControlledSnapshotStore;

  Status OnSync() {
    std::unique_lock lock(mutex_);
    ++syncs_;
    if (sync_hook_) {
      const std::function<void()> hook = sync_hook_;
      lock.unlock();
      hook();
      lock.lock();
    }
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hold_ || passes_ > 0; });
    --held_;
    if (passes_ > 0) --passes_;
    return sync_status_;
  }
  Status OnAppend() {
    const std::lock_guard lock(mutex_);
    ++appends_;
    return append_status_;
  }
  Status OnPublish() {
    const std::lock_guard lock(mutex_);
    ++publishes_;
    return publish_status_;
  }

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool hold_ = false;
  std::uint64_t passes_ = 0;
  std::uint64_t held_ = 0;
  Status sync_status_;
  Status append_status_;
  Status publish_status_;
  std::function<void()> sync_hook_;
  std::uint64_t syncs_ = 0;
  std::uint64_t appends_ = 0;
  std::uint64_t publishes_ = 0;
};

// Holds syncs back until it dies at the latest, so that a test that gives up
// does not leave its pool waiting.
class HeldSyncs {
 public:
  explicit HeldSyncs(StorageControl& control) : control_(control) { control_.HoldSyncs(); }
  ~HeldSyncs() { control_.ReleaseSyncs(); }
  HeldSyncs(const HeldSyncs&) = delete;
  HeldSyncs& operator=(const HeldSyncs&) = delete;

 private:
  StorageControl& control_;
};

class ControlledStorage final : public WalStorage {
 public:
  ControlledStorage(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<StorageControl> control)
      : inner_(std::move(disk)), control_(std::move(control)) {}

  Result<std::vector<SegmentInfo>> ListSegments() override { return inner_.ListSegments(); }
  Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                           std::span<std::byte> out) override {
    return inner_.Read(segment, offset, out);
  }
  std::string SegmentName(std::uint64_t segment) const override {
    return inner_.SegmentName(segment);
  }
  Status StartSegment(std::uint64_t segment, std::uint64_t capacity_bytes,
                      std::span<const std::byte> header) override {
    // A full disk has no room for a new segment either.
    RP_RETURN_IF_ERROR(control_->OnAppend());
    has_room_ = true;
    return inner_.StartSegment(segment, capacity_bytes, header);
  }
  Status Append(std::span<const std::byte> bytes) override {
    // A segment that has begun has room for its first batch.
    const Status status = control_->OnAppend();
    if (!std::exchange(has_room_, false) || status.code() != StatusCode::kFull) {
      RP_RETURN_IF_ERROR(status);
    }
    return inner_.Append(bytes);
  }
  Status Sync() override {
    RP_RETURN_IF_ERROR(control_->OnSync());
    return inner_.Sync();
  }
  Status Truncate(std::uint64_t segment, std::uint64_t length) override {
    return inner_.Truncate(segment, length);
  }
  Status Persist(std::uint64_t segment) override { return inner_.Persist(segment); }
  Status RemoveSegment(std::uint64_t segment) override { return inner_.RemoveSegment(segment); }
  Status Close() override { return inner_.Close(); }

 private:
  MemoryStorage inner_;
  const std::shared_ptr<StorageControl> control_;
  bool has_room_ = false;
};

class ControlledSnapshotStore final : public SnapshotStore {
 public:
  ControlledSnapshotStore(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<StorageControl> control)
      : inner_(std::move(disk)), control_(std::move(control)) {}

  Result<std::vector<RequestId>> List() override { return inner_.List(); }
  Result<std::vector<std::byte>> Load(RequestId name) override { return inner_.Load(name); }
  Status Publish(RequestId name, std::span<const std::byte> bytes) override {
    RP_RETURN_IF_ERROR(control_->OnPublish());
    return inner_.Publish(name, bytes);
  }
  Status Remove(RequestId name) override { return inner_.Remove(name); }
  std::string SnapshotName(RequestId name) const override { return inner_.SnapshotName(name); }

 private:
  MemorySnapshotStore inner_;
  const std::shared_ptr<StorageControl> control_;
};

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_NATIVE_CONTROLLED_STORAGE_H_
