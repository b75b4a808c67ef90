#include "actor/actor_core.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rewardpool::native::internal {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

// How long the actor looks out for more before it sleeps, while producers are
// busy. Longer would starve the syncer where there are few cores.
constexpr nanoseconds kActorSpin = microseconds(20);
// How long a producer that waits for the draws of others looks out for them. They have
// just been woken, which takes some 60 us, and no sync is under way.
constexpr nanoseconds kGatheringSpin = microseconds(100);
// Callers spin only where a sync is about as quick as a change of thread.
constexpr nanoseconds kSpinForSyncsBelow = microseconds(30);
// Taken for the time of a sync before the first one.
constexpr nanoseconds kSlowJob = microseconds(1000);

// Rounds of a turn, while others wait for one, or their alarms for a thread.
constexpr int kRoundsPerTurn = 16;

Status ClosedStatus() { return {StatusCode::kClosed, "the pool is closed"}; }

}  // namespace

CloseRequest::Stage CloseRequest::StageOn(ActorCore& core) {
  core.BeginClose(this);
  return Stage::kTakenOver;
}

void CloseRequest::OnFailed(ActorCore&, const Status& failure, RequestId) { status = failure; }

StateRequest::Stage StateRequest::StageOn(ActorCore& core) {
  core.AddState(this);
  return Stage::kTakenOver;
}

ActorCore::ActorCore(Parts parts)
    : durability_(parts.durability),
      snapshot_policy_(parts.snapshot_policy),
      pending_requests_max_(parts.engine.pending_requests_max),
      opening_{.created = parts.pool.created,
               .last_request_id = parts.pool.log_end.last_request_id,
               .base_snapshot = parts.pool.base_snapshot,
               .notes = std::move(parts.pool.notes)},
      threads_(std::move(parts.threads)),
      actors_(threads_->actors()),
      log_(std::move(parts.log)),
      snapshots_(std::move(parts.snapshots)),
      baton_(actors_, *this),
      recent_job_ns_(static_cast<std::uint64_t>(kSlowJob.count())),
      engine_(std::move(parts.pool.items), std::move(parts.pool.keys), parts.pool.log_end,
              std::move(parts.selector), std::move(parts.random), parts.engine),
      directory_(engine_.items()),
      last_snapshot_(parts.pool.base_snapshot),
      last_image_(parts.pool.base_snapshot.value_or(0)) {
  counters_.acknowledged_through.store(opening_.last_request_id);
  counters_.durable_through.store(opening_.last_request_id);
  counters_.log_starts_after.store(parts.pool.log_starts_after);
  syncer_.emplace(threads_->syncers(), *log_, static_cast<SyncClient&>(*this));
  snapshot_writer_.emplace(threads_->MakeBackgroundTasks(), *log_, *snapshots_, baton_,
                           last_snapshot_, parts.snapshot_salt_seed);
}

ActorCore::~ActorCore() { (void)Close(); }

// --- Any thread ---------------------------------------------------------------

bool ActorCore::CountIn() noexcept {
  if (under_way_.fetch_add(1, std::memory_order_relaxed) < pending_requests_max_) return true;
  under_way_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

bool ActorCore::Refuse(WaitedRequest& request) {
  if (InActorThread()) {
    request.OnFailed(*this, {StatusCode::kInvalidArgument, "a callback must not wait for its pool"},
                     0);
    return true;
  }
  if (closing()) {
    request.OnFailed(*this, ClosedStatus(), 0);
    return true;
  }
  return false;
}

void ActorCore::ServeChange(WaitedRequest& request) {
  if (Refuse(request)) return;
  // Under the interval policy a written batch needs the actor's clock.
  if (durability_.kind() != Durability::Kind::kInterval && baton_.TryBorrow()) {
    StageRequest(&request);
    if (engine_.failure().ok() && engine_.has_open_batch()) {
      job_ = MakeJob();
      RunJob();
    }
    WakeAnswered();  // one that has left in a bulk may have been sealed with it
    baton_.GiveBack(/*wake_actor=*/SnapshotIsWanted(), AtRest::kIdle);
    return;
  }
  if (!CountIn()) {
    request.OnFailed(*this,
                     {StatusCode::kOverloaded,
                      std::to_string(pending_requests_max_) + " requests are under way already"},
                     0);
    return;
  }
  QueueAndWait(request);
  EndPosted();
}

void ActorCore::ServeControl(WaitedRequest& request) {
  if (!Refuse(request)) QueueAndWait(request);
}

void ActorCore::QueueAndWait(WaitedRequest& request) {
  if (!queue_.Push(&request)) {
    request.OnFailed(*this, ClosedStatus(), 0);
    return;
  }
  baton_.Wake();
  request.Wait(WaitSpin());
}

Status ActorCore::Post(Request* request) {
  if (closing()) return ClosedStatus();
  if (!CountIn()) {
    return {StatusCode::kOverloaded,
            std::to_string(pending_requests_max_) + " requests are under way already"};
  }
  if (!queue_.Push(request)) {
    EndPosted();
    return ClosedStatus();
  }
  baton_.Wake();
  return Status::Ok();
}

nanoseconds ActorCore::WaitSpin() const noexcept {
  const nanoseconds recent(recent_job_ns_.load(std::memory_order_relaxed));
  return recent < kSpinForSyncsBelow ? microseconds(2) + 2 * recent : nanoseconds(0);
}

Status ActorCore::AddProducer(std::shared_ptr<ProducerRings> rings) {
  {
    const std::lock_guard lock(joining_mutex_);
    if (!admitting_) return ClosedStatus();
    joining_.push_back(std::move(rings));
    has_joining_.store(true, std::memory_order_seq_cst);
  }
  baton_.Wake();
  return Status::Ok();
}

void ActorCore::OnAboutToWait(const std::atomic<std::uint64_t>& completed, std::uint64_t seen) {
  if (!baton_.TryBorrowGathering()) return;
  is_lent_to_producer_ = true;
  // The caller gets its answers, and others the actor, as soon as there is no more
  // waiting for producers.
  const auto goes_on = [&] {
    return IsGathering() && completed.load(std::memory_order_relaxed) == seen;
  };
  do {
    while (goes_on() && StageDraws()) PumpLog();
    if (goes_on() && rings_.size() == 1) {
      // There is nobody else who could come.
      delay_.StopWaiting();
      PumpLog();
    }
  } while (goes_on() && SpinUntil(kGatheringSpin, [this] { return HasWork(); }) &&
           HasUnstagedDraws());
  is_lent_to_producer_ = false;
  baton_.EndGathering();
  baton_.GiveBack(/*wake_actor=*/!ServesOnlyProducers() || HasWork(), PrepareRest());
}

Status ActorCore::Close() {
  if (InActorThread()) {
    return {StatusCode::kInvalidArgument, "a callback must not close its pool"};
  }
  const std::lock_guard lock(close_mutex_);
  if (close_status_) return *close_status_;
  closing_.store(true, std::memory_order_release);
  CloseRequest request;
  QueueAndWait(request);
  // The actor's last turn has ended but for its return.
  actors_.CancelAlarm(sync_alarm_);
  syncer_.reset();
  snapshot_writer_.reset();
  log_.reset();
  snapshots_.reset();
  close_status_ = request.status;
  return *close_status_;
}

PoolStats ActorCore::Stats() const {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  constexpr std::uint64_t kNsPerUs = 1000;
  PoolStats stats;
  stats.draws = counters_.draws.load(kRelaxed);
  stats.draws_refused = counters_.draws_refused.load(kRelaxed);
  stats.acknowledged_through = counters_.acknowledged_through.load(kRelaxed);
  stats.durable_through = counters_.durable_through.load(kRelaxed);
  stats.batches = counters_.batches.load(kRelaxed);
  stats.wal_bytes = counters_.wal_bytes.load(kRelaxed);
  stats.segments = counters_.segments.load(kRelaxed);
  stats.syncs = counters_.syncs.load(kRelaxed);
  stats.sync_us_total = counters_.sync_ns_total.load(kRelaxed) / kNsPerUs;
  stats.sync_us_max = counters_.sync_ns_max.load(kRelaxed) / kNsPerUs;
  stats.snapshots = counters_.snapshots.load(kRelaxed);
  stats.snapshots_failed = counters_.snapshots_failed.load(kRelaxed);
  const std::lock_guard lock(status_mutex_);
  stats.last_snapshot_failure = last_snapshot_failure_;
  return stats;
}

Status ActorCore::Failure() const {
  const std::lock_guard lock(status_mutex_);
  return failure_;
}

// --- The actor ------------------------------------------------------------------

void ActorCore::Run() noexcept {
  for (int round = 0;; ++round) {
    const bool worked = Step();
    if (close_request_ != nullptr && IsDrained()) {
      FinishClosing();
      return;
    }
    if (worked) {
      if (round < kRoundsPerTurn || !(actors_.has_waiting() || actors_.has_due_alarm())) continue;
      actors_.Schedule(*this);
      return;
    }
    if (Rest()) return;
  }
}

bool ActorCore::Rest() {
  if (std::exchange(rings_were_busy_, false) && !IsGathering() &&
      SpinUntil(kActorSpin, [this] { return HasWork() || actors_.has_waiting(); }) && HasWork()) {
    return false;
  }
  return baton_.Rest(PrepareRest());
}

AtRest ActorCore::PrepareRest() {
  assert(!has_answered_);
  assert(!delay_.is_waiting() || syncer_->progress() == Syncer::Progress::kNoJob);
  const std::optional<Clock::time_point> deadline = SyncDeadline();
  if (deadline && sync_alarm_at_ != deadline) {
    actors_.SetAlarm(sync_alarm_, *deadline);
    sync_alarm_at_ = deadline;
  }
  const bool may_lend = close_request_ == nullptr && LogIsIdle() && !IsCopying() &&
                        snapshot_stage_ != SnapshotStage::kMarkOpen &&
                        snapshot_stage_ != SnapshotStage::kMarkSealed;
  return IsGathering() ? AtRest::kGathering : may_lend ? AtRest::kIdle : AtRest::kBusy;
}

std::optional<ActorCore::Clock::time_point> ActorCore::SyncDeadline() const noexcept {
  // A sync under way reports by itself, and settles what is unsynced.
  if (syncer_->progress() != Syncer::Progress::kNoJob) return std::nullopt;
  if (IsGathering()) return delay_.deadline();
  if (!unsynced_since_) return std::nullopt;
  return *unsynced_since_ + std::chrono::milliseconds(durability_.interval_ms());
}

void ActorCore::OnJobDone() noexcept {
  if (!baton_.TryBorrowBusy()) {
    baton_.Wake();
    return;
  }
  // The rest is for the actor: requests may answer by calling back, into code that may
  // take its time; copies take theirs, too; and the interval policy has its clock there.
  bool wake_actor = !ServesOnlyProducers();
  if (!wake_actor) {
    PumpLog();
    wake_actor = HasWork();
  }
  baton_.GiveBack(wake_actor, PrepareRest());
}

bool ActorCore::ServesOnlyProducers() const noexcept {
  return durability_.kind() == Durability::Kind::kDurable && close_request_ == nullptr &&
         staged_.empty() && inbox_.empty() && flushes_.empty() && states_.empty() &&
         snapshot_stage_ == SnapshotStage::kNone && !SnapshotIsWanted();
}

bool ActorCore::HasWork() const noexcept {
  const Syncer::Progress progress = syncer_->progress();
  if (progress == Syncer::Progress::kDone ||
      (progress == Syncer::Progress::kAppended && !job_append_collected_) ||
      snapshot_writer_->has_outcome() || IsCopying() ||
      has_joining_.load(std::memory_order_seq_cst)) {
    return true;
  }
  for (const std::shared_ptr<ProducerRings>& rings : rings_) {
    if (rings->left.load(std::memory_order_seq_cst) &&
        !rings->released.load(std::memory_order_relaxed)) {
      return true;
    }
  }
  return CanStage() && (!inbox_.empty() || !queue_.empty() || HasUnstagedDraws());
}

bool ActorCore::HasUnstagedDraws() const noexcept {
  if (bulk_in_progress_ != nullptr) return true;
  return std::any_of(rings_.begin(), rings_.end(), [](const auto& rings) {
    return std::min(rings->submitted.load(std::memory_order_seq_cst), rings->submitted_max) >
               rings->staged ||
           std::min(rings->bulks_submitted.load(std::memory_order_seq_cst),
                    rings->bulks_submitted_max) > rings->bulks_staged;
  });
}

bool ActorCore::LogIsIdle() const noexcept {
  const bool has_batch =
      engine_.failure().ok() && (engine_.has_open_batch() || engine_.has_sealed_batch());
  return !has_batch && syncer_->progress() == Syncer::Progress::kNoJob && staged_.empty() &&
         inbox_.empty() && flushes_.empty() && states_.empty() && bulk_in_progress_ == nullptr;
}

bool ActorCore::IsDrained() const noexcept {
  return LogIsIdle() && snapshot_stage_ == SnapshotStage::kNone && snapshot_waiters_.empty() &&
         !HasWork();
}

void ActorCore::BeginClose(CloseRequest* request) {
  close_request_ = request;
  {
    const std::lock_guard lock(joining_mutex_);
    admitting_ = false;
  }
  AdmitProducers();
  // What producers submit from now on comes too late.
  for (const std::shared_ptr<ProducerRings>& rings : rings_) {
    rings->submitted_max = rings->submitted.load(std::memory_order_acquire);
    rings->bulks_submitted_max = std::min(rings->bulks_submitted_max,
                                          rings->bulks_submitted.load(std::memory_order_acquire));
  }
  // A snapshot that somebody waits for is taken; one that is merely due is not.
  snapshot_is_due_ = false;
}

void ActorCore::FinishClosing() {
  close_request_->status = CloseLog();
  for (const std::shared_ptr<ProducerRings>& rings : rings_) {
    rings->closed.store(true, std::memory_order_seq_cst);
    rings->parking.Wake();
  }
  queue_.Close(inbox_);
  AnswerFailed(inbox_, ClosedStatus(), 0);
  close_request_->Answer();
}

Status ActorCore::CloseLog() {
  // The note vouches for everything before it, so that is synced first.
  if (engine_.failure().ok() && engine_.durable_batch() < engine_.written_batch()) {
    job_ = SyncJob{.append = false, .batch = {}, .sync = true};
    RunJob();
  }
  if (engine_.failure().ok()) {
    // If there is no room for it, it is not needed.
    engine_.StageClosed();
    job_ = MakeJob();
    job_.sync = true;
    RunJob();
  }
  if (!engine_.failure().ok()) return LogFailure();
  return log_->Close();
}

bool ActorCore::Step() {
  bool worked = PumpLog();
  worked |= CollectSnapshot();
  if (has_joining_.load(std::memory_order_seq_cst)) AdmitProducers();
  ReleaseLeavers();
  if (bulk_in_progress_ == nullptr) worked |= StageRequests();
  worked |= StageDraws();
  worked |= PumpLog();
  return worked;
}

}  // namespace rewardpool::native::internal
