#include "actor/snapshot_writer.h"

#include <cassert>
#include <utility>

#include "rewardpool/recovery.h"

namespace rewardpool::native::internal {

SnapshotWriter::SnapshotWriter(WalStorage& log, SnapshotStore& snapshots, Baton& actor,
                               std::optional<RequestId> previous, std::uint64_t salt_seed)
    : log_(log),
      snapshots_(snapshots),
      actor_(actor),
      previous_(previous),
      salt_(salt_seed),
      thread_([this] { RunThread(); }) {}

SnapshotWriter::~SnapshotWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void SnapshotWriter::Begin(SnapshotImage image) {
  {
    const std::lock_guard lock(mutex_);
    image_ = std::move(image);
    ++begun_;
  }
  changed_.notify_one();
}

void SnapshotWriter::Publish() {
  {
    const std::lock_guard lock(mutex_);
    publish_ = begun_;
  }
  changed_.notify_one();
}

void SnapshotWriter::Discard() {
  {
    const std::lock_guard lock(mutex_);
    image_.reset();
    ++begun_;
  }
  changed_.notify_one();
}

SnapshotWriter::Outcome SnapshotWriter::TakeOutcome() {
  assert(has_outcome());
  const std::lock_guard lock(mutex_);
  has_outcome_.store(false, std::memory_order_relaxed);
  return std::move(outcome_);
}

void SnapshotWriter::RunThread() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return image_.has_value() || stop_; });
    if (!image_.has_value()) return;
    const SnapshotImage image = *std::exchange(image_, std::nullopt);
    const std::uint64_t number = begun_;
    lock.unlock();
    const ByteBuffer bytes = EncodeSnapshot(image, salt_++);
    lock.lock();
    // Wait for the word, unless another Begin() or a Discard() has overtaken.
    changed_.wait(lock, [&] { return publish_ == number || begun_ != number || stop_; });
    if (publish_ != number) continue;
    lock.unlock();
    Outcome outcome = Write(image.request_id, bytes.bytes());
    lock.lock();
    outcome_ = std::move(outcome);
    has_outcome_.store(true, std::memory_order_seq_cst);
    actor_.Wake();
  }
}

SnapshotWriter::Outcome SnapshotWriter::Write(RequestId request_id,
                                              std::span<const std::byte> bytes) {
  Outcome outcome;
  outcome.request_id = request_id;
  outcome.published = snapshots_.Publish(request_id, bytes);
  if (!outcome.published.ok()) return outcome;
  const Result<RequestId> starts_after = PruneLog(log_, snapshots_, request_id, previous_);
  previous_ = request_id;
  if (starts_after.ok()) {
    outcome.log_starts_after = *starts_after;
  } else {
    outcome.pruned = starts_after.status();
  }
  return outcome;
}

}  // namespace rewardpool::native::internal
