// The owner's half of ActorCore that seals, collects and answers, and takes
// snapshots.
#include <algorithm>
#include <cassert>
#include <utility>

#include "actor/actor_core.h"

namespace rewardpool::native::internal {
namespace {

// Append and sync that take less are done by the actor itself: to hand them to
// another thread costs as much.
constexpr std::chrono::microseconds kQuickJob{5};
// A batch of no more requests than this, and of no ring draws, is synced by the
// actor itself: what comes in meanwhile is staged in no time afterwards.
constexpr std::uint64_t kFewRequests = 64;

void AddRelaxed(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
  // One writer at a time, so no read-modify-write is needed.
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

bool ActorCore::PumpLog() {
  if (delay_.HaveReturned(engine_.staged_through())) delay_.OnReturned(Clock::now());
  if (delay_.is_waiting() && Clock::now() >= delay_.deadline()) delay_.StopWaiting();
  const bool collected = CollectJob();
  // To wake four threads takes as long as a quarter of a quick sync, so that comes after the
  // next job; but one alone is to be busy meanwhile.
  if (rings_.size() == 1) WakeAnswered();
  const bool started = StartJob();
  WakeAnswered();
  return ContinueCopies() || started || collected;
}

bool ActorCore::CollectJob() {
  switch (syncer_->progress()) {
    case Syncer::Progress::kNoJob:
    case Syncer::Progress::kWorking:
      return false;
    case Syncer::Progress::kAppended:
      if (job_append_collected_) return false;
      job_append_collected_ = true;
      OnAppended();
      OnAcknowledged();
      return true;
    case Syncer::Progress::kDone:
      CollectOutcome(syncer_->TakeOutcome());
      return true;
  }
  return false;
}

bool ActorCore::StartJob() {
  if (syncer_->progress() != Syncer::Progress::kNoJob || !engine_.failure().ok()) return false;
  if (!engine_.has_open_batch()) TakeSnapshotIfWanted();
  const bool has_batch = engine_.has_open_batch();
  if (!has_batch && (engine_.durable_batch() == engine_.written_batch() || !SyncIsDue())) {
    return false;
  }
  if (IsGathering()) return false;
  const bool is_light = !has_ring_draws_ && requests_in_batch_ <= kFewRequests;
  delay_.StopWaiting();
  job_ = MakeJob();
  // The moment at which nothing is open.
  if (has_batch) TakeSnapshotIfWanted();
  if (JobIsForThisThread(is_light)) {
    WakeAnswered();
    RunJob();
  } else {
    syncer_->Start(job_);
  }
  return true;
}

SyncJob ActorCore::MakeJob() {
  SyncJob job;
  if (engine_.has_open_batch()) {
    job.append = true;
    job.batch = engine_.SealBatch();
    for (const std::shared_ptr<ProducerRings>& rings : rings_) {
      rings->sealed = rings->staged;
      rings->bulks_sealed = rings->bulks_staged;
    }
    sealed_counts_ = staged_counts_;
    job_is_of_producers_ = has_ring_draws_ && requests_in_batch_ == 0;
    has_ring_draws_ = false;
    requests_in_batch_ = 0;
    if (snapshot_stage_ == SnapshotStage::kMarkOpen) {
      snapshot_stage_ = SnapshotStage::kMarkSealed;
      snapshot_mark_batch_ = job.batch.number;
    }
  }
  job.sync = SyncIsDue();
  job.report_append = durability_.kind() != Durability::Kind::kDurable;
  return job;
}

bool ActorCore::JobIsForThisThread(bool is_light) const noexcept {
  // To begin a segment waits for the disk, whatever the policy.
  if (job_.append && job_.batch.starts_segment) return false;
  // A producer waits for this anyway, and so do all others that are known.
  if (is_lent_to_producer_ && (delay_.all_have_returned() || rings_.size() == 1) &&
      !HasUnstagedDraws()) {
    return true;
  }
  // Others who have the same threads may need this one before the disk answers.
  if (is_light && threads_.use_count() == 1) return true;
  return recent_job_ns_.load(std::memory_order_relaxed) <
         static_cast<std::uint64_t>(std::chrono::nanoseconds(kQuickJob).count());
}

void ActorCore::RunJob() { CollectOutcome(syncer_->RunHere(job_)); }

void ActorCore::WakeAnswered() noexcept {
  if (!std::exchange(has_answered_, false)) return;
  for (const std::shared_ptr<ProducerRings>& rings : rings_) {
    if (std::exchange(rings->is_answered, false)) rings->parking.Wake();
  }
}

bool ActorCore::SyncIsDue() const {
  const bool has_mark = snapshot_stage_ == SnapshotStage::kMarkSealed &&
                        engine_.durable_batch() < snapshot_mark_batch_;
  if (!flushes_.empty() || has_mark) return true;
  switch (durability_.kind()) {
    case Durability::Kind::kDurable:
      return true;
    case Durability::Kind::kInterval:
      return unsynced_since_ && Clock::now() - *unsynced_since_ >=
                                    std::chrono::milliseconds(durability_.interval_ms());
    case Durability::Kind::kFlushAfter:
      return engine_.staged_through() - engine_.durable_through() >= durability_.requests();
    case Durability::Kind::kAsync:
      return false;
  }
  return true;
}

void ActorCore::CollectOutcome(const Syncer::Outcome& outcome) {
  const bool append_collected = std::exchange(job_append_collected_, false);
  if (!(job_.append && job_.batch.starts_segment)) {
    const std::uint64_t recent = recent_job_ns_.load(std::memory_order_relaxed);
    const auto latest = static_cast<std::uint64_t>(outcome.duration.count());
    recent_job_ns_.store((3 * recent + latest) / 4, std::memory_order_relaxed);
  }
  if (job_.append && !outcome.appended) {
    OnFailed(outcome.status);
    return;
  }
  if (job_.append && !append_collected) OnAppended();
  if (job_.sync) {
    if (!outcome.synced) {
      // What was written cannot be undone, whatever the storage calls it.
      OnFailed(outcome.status.code() == StatusCode::kFull
                   ? Status(StatusCode::kIo, outcome.status.message())
                   : outcome.status);
      return;
    }
    const auto sync_ns = static_cast<std::uint64_t>(outcome.sync_duration.count());
    AddRelaxed(counters_.syncs, 1);
    AddRelaxed(counters_.sync_ns_total, sync_ns);
    counters_.sync_ns_max.store(
        std::max(counters_.sync_ns_max.load(std::memory_order_relaxed), sync_ns),
        std::memory_order_relaxed);
    OnDurable(job_.append ? job_.batch.number : engine_.written_batch());
  }
  OnAcknowledged();
}

void ActorCore::OnAppended() {
  engine_.OnWritten();
  AddRelaxed(counters_.batches, 1);
  AddRelaxed(counters_.wal_bytes, job_.batch.frames.size());
  if (job_.batch.starts_segment) AddRelaxed(counters_.segments, 1);
  // Beginning a segment has synced those before, so durable_batch() may have
  // moved.
  OnDurable(engine_.durable_batch());
  if (durability_.kind() == Durability::Kind::kInterval && !unsynced_since_) {
    unsynced_since_ = Clock::now();
  }
  const auto is_due = [](std::uint64_t since, std::uint64_t limit) {
    return limit != 0 && since >= limit;
  };
  // Between the image and its mark written_through() is behind the image.
  const RequestId through = std::max(engine_.written_through(), last_image_);
  snapshot_is_due_ |=
      is_due(through - last_image_, snapshot_policy_.every_requests) ||
      is_due(counters_.wal_bytes.load(std::memory_order_relaxed) - wal_bytes_at_last_image_,
             snapshot_policy_.every_bytes);
  if (close_request_ != nullptr) snapshot_is_due_ = false;
}

void ActorCore::OnDurable(std::uint64_t batch_number) {
  engine_.OnDurable(batch_number);
  if (engine_.durable_batch() == engine_.written_batch()) unsynced_since_.reset();
  const RequestId durable_through = engine_.durable_through();
  counters_.durable_through.store(durable_through, std::memory_order_release);
  AdvanceSnapshot();
}

void ActorCore::AnswerFlushes() {
  const auto first_left = std::find_if(
      flushes_.begin(), flushes_.end(),
      [this](const Flush& flush) { return flush.through > engine_.durable_through(); });
  for (auto flush = flushes_.begin(); flush != first_left; ++flush) {
    flush->request->OnAcknowledged(*this);
    flush->request->Answer();
  }
  flushes_.erase(flushes_.begin(), first_left);
}

void ActorCore::OnAcknowledged() {
  assert(!engine_.has_sealed_batch());
  const RequestId through = engine_.acknowledged_through();
  const RequestId before = counters_.acknowledged_through.load(std::memory_order_relaxed);
  directory_.Commit(through);
  acknowledged_counts_ = sealed_counts_;
  counters_.draws.store(acknowledged_counts_.drawn, std::memory_order_relaxed);
  counters_.draws_refused.store(acknowledged_counts_.refused, std::memory_order_relaxed);
  counters_.acknowledged_through.store(through, std::memory_order_relaxed);
  const std::chrono::nanoseconds sync_time(recent_job_ns_.load(std::memory_order_relaxed));
  // Before they are woken, which takes its time. Where draws wait for the actor there
  // is no waiting for more.
  if (durability_.kind() == Durability::Kind::kDurable && job_is_of_producers_ &&
      through != before && sync_time > kQuickJob && !HasUnstagedDraws()) {
    delay_.OnAnswered({.count = through - before,
                       .staged_through = engine_.staged_through(),
                       .open = engine_.staged_through() - through,
                       .time = Clock::now(),
                       .sync_time = sync_time});
  } else {
    delay_.Forget();
  }
  for (const std::shared_ptr<ProducerRings>& shared : rings_) {
    ProducerRings& rings = *shared;
    const bool news = rings.completed.load(std::memory_order_relaxed) != rings.sealed ||
                      rings.bulks_completed.load(std::memory_order_relaxed) != rings.bulks_sealed;
    if (!news) continue;
    rings.completed.store(rings.sealed, std::memory_order_seq_cst);
    rings.bulks_completed.store(rings.bulks_sealed, std::memory_order_seq_cst);
    rings.is_answered = true;
    has_answered_ = true;
  }
  // Callbacks may take their time.
  if (!staged_.empty() || !flushes_.empty()) WakeAnswered();
  while (!staged_.empty() && staged_.first()->wait_for_ <= through) {
    Request* const request = staged_.PopFront();
    request->OnAcknowledged(*this);
    request->Answer();
  }
  AnswerStates();
  // Last, so that who waits for a flush finds everything before it answered.
  AnswerFlushes();
}

void ActorCore::OnFailed(const Status& status) {
  const bool is_full = status.code() == StatusCode::kFull;
  const RequestId through = engine_.acknowledged_through();
  engine_.OnFailed(status);
  const Status told = is_full ? status : LogFailure();
  if (is_full) {
    directory_.Undo();
  } else {
    unsynced_since_.reset();
    const std::lock_guard lock(status_mutex_);
    failure_ = status;
  }
  delay_.Forget();
  staged_counts_ = sealed_counts_ = acknowledged_counts_;
  has_ring_draws_ = false;
  requests_in_batch_ = 0;
  for (const std::shared_ptr<ProducerRings>& rings : rings_) {
    FailRings(*rings, told.code(), through);
  }
  AnswerFailed(staged_, told, through);
  FailStates(told, through);
  AnswerFlushes();
  for (const Flush& flush : std::exchange(flushes_, {})) {
    flush.request->OnFailed(*this, told, through);
    flush.request->Answer();
  }
  // A mark that is in the log already stays there when a later batch is undone.
  const bool mark_is_lost = snapshot_stage_ == SnapshotStage::kMarkOpen ||
                            (snapshot_stage_ == SnapshotStage::kMarkSealed &&
                             (!is_full || snapshot_mark_batch_ > engine_.written_batch()));
  if (mark_is_lost) {
    engine_.DropSnapshot();
    if (snapshot_copy_) {
      snapshot_copy_.reset();
    } else {
      snapshot_writer_->Discard();
    }
    FailSnapshot(told);
  }
  if (!is_full) AnswerFailed(snapshot_waiters_, told, through);
}

void ActorCore::AnswerFailed(RequestList& requests, const Status& status,
                             RequestId acknowledged_through) {
  while (!requests.empty()) {
    Request* const request = requests.PopFront();
    request->OnFailed(*this, status, acknowledged_through);
    request->Answer();
  }
}

void ActorCore::AddFlush(Request* request) {
  const RequestId through = engine_.staged_through();
  if (!engine_.failure().ok()) {
    request->OnFailed(*this, LogFailure(), engine_.acknowledged_through());
    request->Answer();
  } else if (through <= engine_.durable_through()) {
    request->OnAcknowledged(*this);
    request->Answer();
  } else {
    flushes_.push_back({request, through});
  }
}

// --- Copies of the state ----------------------------------------------------------

void ActorCore::AddState(StateRequest* request) {
  if (!engine_.failure().ok()) {
    request->OnFailed(*this, LogFailure(), engine_.acknowledged_through());
    request->Answer();
    return;
  }
  request->items = engine_.BeginItemsCopy();
  request->last_request_id = engine_.staged_through();
  states_.push_back(request);
}

bool ActorCore::IsCopying() const noexcept {
  return snapshot_copy_ || std::any_of(states_.begin(), states_.end(), [](const auto* request) {
           return !request->items->complete();
         });
}

bool ActorCore::ContinueCopies() {
  if (!snapshot_copy_ && states_.empty()) return false;
  bool worked = false;
  if (snapshot_copy_) {
    worked = true;
    if (engine_.ContinueSnapshot(*snapshot_copy_, kCopiedPerVisit)) {
      snapshot_writer_->Begin(*std::exchange(snapshot_copy_, std::nullopt));
      AdvanceSnapshot();
    }
  }
  for (StateRequest* const request : states_) {
    if (request->items->complete()) continue;
    worked = true;
    engine_.ContinueItemsCopy(*request->items, kCopiedPerVisit);
  }
  AnswerStates();
  return worked;
}

void ActorCore::AnswerStates() {
  const auto is_ready = [this](const StateRequest* request) {
    return request->items->complete() && request->last_request_id <= engine_.acknowledged_through();
  };
  const auto first_ready =
      std::stable_partition(states_.begin(), states_.end(),
                            [&](const StateRequest* request) { return !is_ready(request); });
  for (auto request = first_ready; request != states_.end(); ++request) {
    (*request)->OnAcknowledged(*this);
    (*request)->Answer();
  }
  states_.erase(first_ready, states_.end());
}

void ActorCore::FailStates(const Status& status, RequestId acknowledged_through) {
  const bool is_full = status.code() == StatusCode::kFull;
  for (StateRequest* const request : std::exchange(states_, {})) {
    if (request->last_request_id <= acknowledged_through) {
      states_.push_back(request);
    } else if (is_full) {
      // What was not acknowledged is undone, so what is left is the state.
      AddState(request);
    } else {
      request->OnFailed(*this, status, acknowledged_through);
      request->Answer();
    }
  }
}

// --- Snapshots ------------------------------------------------------------------

void ActorCore::AddSnapshot(Request* request) {
  snapshot_waiters_.PushBack(request);
  if (!engine_.failure().ok()) {
    AnswerFailed(snapshot_waiters_, LogFailure(), engine_.acknowledged_through());
  }
}

bool ActorCore::SnapshotIsWanted() const noexcept {
  return (snapshot_is_due_ || !snapshot_waiters_.empty()) &&
         snapshot_stage_ == SnapshotStage::kNone && engine_.failure().ok();
}

void ActorCore::TakeSnapshotIfWanted() {
  if (!SnapshotIsWanted()) return;
  snapshot_is_due_ = false;
  snapshot_takers_.Append(snapshot_waiters_);
  if (last_snapshot_ == engine_.staged_through()) {
    // Nothing has happened since the last one.
    while (!snapshot_takers_.empty()) {
      Request* const request = snapshot_takers_.PopFront();
      request->OnAcknowledged(*this);
      request->Answer();
    }
    return;
  }
  last_image_ = engine_.staged_through();
  wal_bytes_at_last_image_ = counters_.wal_bytes.load(std::memory_order_relaxed);
  snapshot_copy_ = engine_.TakeSnapshot();
  snapshot_stage_ = SnapshotStage::kMarkOpen;
}

void ActorCore::AdvanceSnapshot() {
  if (snapshot_stage_ != SnapshotStage::kMarkSealed || snapshot_copy_ ||
      engine_.durable_batch() < snapshot_mark_batch_) {
    return;
  }
  snapshot_writer_->Publish();
  snapshot_stage_ = SnapshotStage::kPublishing;
}

bool ActorCore::CollectSnapshot() {
  if (!snapshot_writer_->has_outcome()) return false;
  const SnapshotWriter::Outcome outcome = snapshot_writer_->TakeOutcome();
  snapshot_stage_ = SnapshotStage::kNone;
  if (!outcome.published.ok()) {
    FailSnapshot(outcome.published);
    return true;
  }
  last_snapshot_ = outcome.request_id;
  AddRelaxed(counters_.snapshots, 1);
  if (!outcome.pruned.ok()) {
    FailSnapshot(outcome.pruned);
    return true;
  }
  counters_.log_starts_after.store(outcome.log_starts_after, std::memory_order_release);
  {
    const std::lock_guard lock(status_mutex_);
    last_snapshot_failure_ = Status::Ok();
  }
  while (!snapshot_takers_.empty()) {
    Request* const request = snapshot_takers_.PopFront();
    request->OnAcknowledged(*this);
    request->Answer();
  }
  return true;
}

void ActorCore::FailSnapshot(const Status& status) {
  snapshot_stage_ = SnapshotStage::kNone;
  AddRelaxed(counters_.snapshots_failed, 1);
  {
    const std::lock_guard lock(status_mutex_);
    last_snapshot_failure_ = status;
  }
  AnswerFailed(snapshot_takers_, status, engine_.acknowledged_through());
}

}  // namespace rewardpool::native::internal
