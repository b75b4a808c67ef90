#include "actor/snapshot_writer.h"

#include <cassert>
#include <utility>

#include "rewardpool/recovery.h"

namespace rewardpool::native::internal {

void SnapshotWriter::Begin(SnapshotCopy copy) {
  // A shared pointer since std::function wants what it holds to be copyable.
  background_->Post([this, shared = std::make_shared<SnapshotCopy>(std::move(copy))] {
    shared->Settle();
    request_id_ = shared->request_id;
    encoded_ = EncodeSnapshot(*shared, salt_++);
  });
}

void SnapshotWriter::Publish() {
  background_->Post([this] {
    outcome_ = Write(request_id_, encoded_->bytes());
    encoded_.reset();
    has_outcome_.store(true, std::memory_order_seq_cst);
    actor_.Wake();
  });
}

void SnapshotWriter::Discard() {
  background_->Post([this] { encoded_.reset(); });
}

SnapshotWriter::Outcome SnapshotWriter::TakeOutcome() {
  assert(has_outcome());
  Outcome outcome = std::move(outcome_);
  has_outcome_.store(false, std::memory_order_relaxed);
  return outcome;
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
