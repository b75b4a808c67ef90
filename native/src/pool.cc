#include <mutex>
#include <optional>
#include <utility>

#include "rewardpool/memory_storage.h"
#include "rewardpool/native/file_snapshot_store.h"
#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/folder_lock.h"
#include "rewardpool/native/huge_pages.h"
#include "rewardpool/native/mmap_storage.h"
#include "rewardpool/native/threaded_actor.h"
#include "rewardpool/rewardpool.h"

namespace rewardpool {

struct Pool::Parts {
  std::mutex lock_mutex;
  std::optional<native::FolderLock> lock;  // guarded by lock_mutex; let go after the actor
  native::ThreadedActor actor;
};

Pool::Pool(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}
Pool::Pool(Pool&&) noexcept = default;
Pool& Pool::operator=(Pool&&) noexcept = default;
Pool::~Pool() = default;

Result<Pool> Pool::Open(const PoolOptions& options) {
  native::AskForHugePages();
  if (options.storage == StorageKind::kMemory) {
    auto disk = std::make_shared<MemoryDisk>();
    Result<native::ThreadedActor> actor =
        native::ThreadedActor::Open(std::make_unique<MemoryStorage>(disk),
                                    std::make_unique<MemorySnapshotStore>(disk), options);
    if (!actor.ok()) return actor.status();
    return Pool(std::unique_ptr<Parts>(new Parts{{}, std::nullopt, *std::move(actor)}));
  }

  if (options.dir.empty()) return Status(StatusCode::kInvalidArgument, "dir is empty");
  Result<native::FolderLock> lock = native::FolderLock::Acquire(
      options.dir, options.catalog ? native::IfMissing::kCreate : native::IfMissing::kFail);
  if (!lock.ok()) return lock.status();
  // Before the log, whose background tasks run on them.
  PoolOptions with_threads = options;
  Result<std::shared_ptr<PoolThreads>> threads = native::ThreadsOf(options);
  if (!threads.ok()) return threads.status();
  with_threads.threads = *threads;
  const native::StorageEnvironment environment{.background = (*threads)->MakeBackgroundTasks()};
  Result<std::unique_ptr<WalStorage>> log = options.storage == StorageKind::kMmap
                                                ? native::OpenMmapStorage(options.dir, environment)
                                                : native::OpenFileStorage(options.dir, environment);
  if (!log.ok()) return log.status();
  Result<std::unique_ptr<native::FileSnapshotStore>> snapshots =
      native::FileSnapshotStore::Open(options.dir);
  if (!snapshots.ok()) return snapshots.status();
  Result<native::ThreadedActor> actor =
      native::ThreadedActor::Open(*std::move(log), *std::move(snapshots), with_threads);
  if (!actor.ok()) return actor.status();
  return Pool(std::unique_ptr<Parts>(new Parts{{}, *std::move(lock), *std::move(actor)}));
}

DrawResult Pool::Draw() { return parts_->actor.Draw(); }
Result<DrawOutcome> Pool::Draw(const DrawRequest& request) { return parts_->actor.Draw(request); }
Status Pool::DrawAsync(DrawRequest request, DrawCallback callback) {
  return parts_->actor.DrawAsync(std::move(request), std::move(callback));
}
Result<Producer> Pool::NewProducer(std::size_t window) { return parts_->actor.NewProducer(window); }
std::string_view Pool::ItemId(ItemRef item) const noexcept { return parts_->actor.ItemId(item); }

Result<RequestId> Pool::AddItem(const Item& item) { return parts_->actor.AddItem(item); }
Result<RequestId> Pool::UpdateItem(std::string_view id, const ItemChange& change) {
  return parts_->actor.UpdateItem(id, change);
}
Result<RequestId> Pool::RemoveItem(std::string_view id) { return parts_->actor.RemoveItem(id); }

Result<PoolView> Pool::State() { return parts_->actor.State(); }
Result<RequestId> Pool::Snapshot() { return parts_->actor.Snapshot(); }
Status Pool::Flush() { return parts_->actor.Flush(); }
Status Pool::Close() {
  Status status = parts_->actor.Close();
  // Refused, since called in a callback: still open.
  if (status.code() == StatusCode::kInvalidArgument) return status;
  const std::lock_guard lock(parts_->lock_mutex);
  parts_->lock.reset();
  return status;
}

PoolStats Pool::Stats() const { return parts_->actor.Stats(); }
RequestId Pool::durable_through() const noexcept { return parts_->actor.durable_through(); }
Status Pool::Failure() const { return parts_->actor.Failure(); }
const OpeningReport& Pool::opening() const noexcept { return parts_->actor.opening(); }

}  // namespace rewardpool
