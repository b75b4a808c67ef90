#include "actor/actor_core.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rewardpool::native::internal {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

// Draws staged before looking at the syncer and at others again.
constexpr std::size_t kDrawsPerVisit = 4096;
// Append and sync that take less are done by the actor itself: to hand them to
// another thread costs as much.
constexpr nanoseconds kQuickJob{5'000};
// A batch of no more requests than this, and of no ring draws, is synced by the
// actor itself: what comes in meanwhile is staged in no time afterwards.
constexpr std::uint64_t kFewRequests = 64;
// How long the actor looks out for more before it sleeps, while producers are
// busy. Longer would starve the syncer where there are few cores.
constexpr nanoseconds kActorSpin = microseconds(20);
// Callers spin only where a sync is about as quick as a change of thread.
constexpr nanoseconds kSpinForSyncsBelow = microseconds(30);
// Taken for the time of a sync before the first one.
constexpr nanoseconds kSlowJob = microseconds(1000);

// The pool whose actor runs in this thread.
thread_local const ActorCore* actor_of_this_thread = nullptr;

void AddRelaxed(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
  // One writer at a time, so no read-modify-write is needed.
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

Status LogFailed(const Status& failure) {
  return {StatusCode::kOutcomeUnknown, "the log has failed, reopen the pool: " + failure.message()};
}

Status PoolClosed() { return {StatusCode::kClosed, "the pool is closed"}; }

// Takes off `result` what is not acknowledged.
void CutToAcknowledged(RequestId acknowledged_through, StatusCode code, BulkResult& result) {
  const RequestId first = result.first_request_id;
  const std::size_t kept =
      first != 0 && acknowledged_through >= first
          ? static_cast<std::size_t>(std::min<std::uint64_t>(acknowledged_through - first + 1,
                                                             result.drawn + result.refused))
          : 0;
  result.drawn = std::min(result.drawn, kept);
  result.refused = kept - result.drawn;
  if (kept == 0) result.first_request_id = 0;
  result.code = code;
}

}  // namespace

CloseRequest::Stage CloseRequest::StageOn(ActorCore& core) {
  core.BeginClose(this);
  return Stage::kTakenOver;
}

void CloseRequest::OnFailed(ActorCore&, const Status& failure, RequestId) { status = failure; }

ActorCore::ActorCore(Parts parts)
    : durability_(parts.durability),
      snapshot_policy_(parts.snapshot_policy),
      pending_requests_max_(parts.engine.pending_requests_max),
      opening_{.created = parts.pool.created,
               .last_request_id = parts.pool.log_end.last_request_id,
               .base_snapshot = parts.pool.base_snapshot,
               .notes = std::move(parts.pool.notes)},
      log_(std::move(parts.log)),
      snapshots_(std::move(parts.snapshots)),
      recent_job_ns_(static_cast<std::uint64_t>(kSlowJob.count())),
      engine_(std::move(parts.pool.items), std::move(parts.pool.keys), parts.pool.log_end,
              std::move(parts.selector), std::move(parts.random), parts.engine),
      directory_(engine_.items()),
      picks_(kDrawsPerVisit),
      last_snapshot_(parts.pool.base_snapshot),
      last_image_(parts.pool.base_snapshot.value_or(0)) {
  counters_.acknowledged_through.store(opening_.last_request_id);
  counters_.durable_through.store(opening_.last_request_id);
  counters_.log_starts_after.store(parts.pool.log_starts_after);
  syncer_.emplace(*log_, baton_);
  snapshot_writer_.emplace(*log_, *snapshots_, baton_, last_snapshot_, parts.snapshot_salt_seed);
  thread_ = std::thread([this] { RunThread(); });
}

ActorCore::~ActorCore() {
  if (thread_.joinable()) (void)Close();
}

// --- Any thread ---------------------------------------------------------------

bool ActorCore::CountIn() noexcept {
  if (under_way_.fetch_add(1, std::memory_order_relaxed) < pending_requests_max_) return true;
  under_way_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

bool ActorCore::InActorThread() const noexcept { return actor_of_this_thread == this; }

bool ActorCore::Refuse(WaitedRequest& request) {
  if (InActorThread()) {
    request.OnFailed(*this, {StatusCode::kInvalidArgument, "a callback must not wait for its pool"},
                     0);
    return true;
  }
  if (closing()) {
    request.OnFailed(*this, PoolClosed(), 0);
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
    baton_.GiveBack(SnapshotIsWanted());
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
    request.OnFailed(*this, PoolClosed(), 0);
    return;
  }
  baton_.Wake();
  request.Wait(WaitSpin());
}

Status ActorCore::Post(Request* request) {
  if (closing()) return PoolClosed();
  if (!CountIn()) {
    return {StatusCode::kOverloaded,
            std::to_string(pending_requests_max_) + " requests are under way already"};
  }
  if (!queue_.Push(request)) {
    EndPosted();
    return PoolClosed();
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
    if (!admitting_) return PoolClosed();
    joining_.push_back(std::move(rings));
    has_joining_.store(true, std::memory_order_seq_cst);
  }
  baton_.Wake();
  return Status::Ok();
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
  thread_.join();
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

// --- The actor thread -----------------------------------------------------------

void ActorCore::RunThread() {
  actor_of_this_thread = this;
  for (;;) {
    const bool worked = Step();
    if (close_request_ != nullptr && IsDrained()) break;
    if (!worked) Rest();
  }
  FinishClosing();
}

void ActorCore::Rest() {
  if (std::exchange(rings_were_busy_, false) &&
      SpinUntil(kActorSpin, [this] { return HasWork(); })) {
    return;
  }
  const bool may_lend = close_request_ == nullptr && LogIsIdle() &&
                        snapshot_stage_ != SnapshotStage::kMarkOpen &&
                        snapshot_stage_ != SnapshotStage::kMarkSealed;
  std::optional<Clock::time_point> deadline;
  // A sync under way reports by itself, and settles what is unsynced.
  if (unsynced_since_ && syncer_->progress() == Syncer::Progress::kNoJob) {
    deadline = *unsynced_since_ + std::chrono::milliseconds(durability_.interval_ms());
  }
  baton_.Rest(may_lend, deadline, [this] { return HasWork(); });
}

bool ActorCore::HasWork() const noexcept {
  const Syncer::Progress progress = syncer_->progress();
  if (progress == Syncer::Progress::kDone ||
      (progress == Syncer::Progress::kAppended && !job_append_collected_) ||
      snapshot_writer_->has_outcome() || has_joining_.load(std::memory_order_seq_cst)) {
    return true;
  }
  const bool can_stage = CanStage();
  if (can_stage && (bulk_in_progress_ != nullptr || !inbox_.empty() || !queue_.empty())) {
    return true;
  }
  for (const std::shared_ptr<ProducerRings>& rings : rings_) {
    if (rings->left.load(std::memory_order_seq_cst) &&
        !rings->released.load(std::memory_order_relaxed)) {
      return true;
    }
    if (!can_stage) continue;
    if (std::min(rings->submitted.load(std::memory_order_seq_cst), rings->submitted_max) >
            rings->staged ||
        std::min(rings->bulks_submitted.load(std::memory_order_seq_cst),
                 rings->bulks_submitted_max) > rings->bulks_staged) {
      return true;
    }
  }
  return false;
}

bool ActorCore::LogIsIdle() const noexcept {
  const bool has_batch =
      engine_.failure().ok() && (engine_.has_open_batch() || engine_.has_sealed_batch());
  return !has_batch && syncer_->progress() == Syncer::Progress::kNoJob && staged_.empty() &&
         inbox_.empty() && flushes_.empty() && bulk_in_progress_ == nullptr;
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
  AnswerFailed(inbox_, PoolClosed(), 0);
  close_request_->Answer();
}

Status ActorCore::CloseLog() {
  if (engine_.failure().ok()) {
    engine_.StageClosed();
    job_ = MakeJob();
    job_.sync = true;
    RunJob();
  }
  if (engine_.failure().ok() && engine_.durable_batch() < engine_.written_batch()) {
    // There was no room for the note. It is not needed, but the sync is.
    job_ = SyncJob{.append = false, .batch = {}, .sync = true};
    RunJob();
  }
  if (!engine_.failure().ok()) return LogFailed(engine_.failure());
  return log_->Close();
}

bool ActorCore::Step() {
  bool worked = PumpLog();
  worked |= CollectSnapshot();
  if (has_joining_.load(std::memory_order_relaxed)) AdmitProducers();
  ReleaseLeavers();
  if (bulk_in_progress_ != nullptr) worked |= ContinueBulk();
  // Nobody may come between the draws of a bulk: their ids are consecutive.
  if (bulk_in_progress_ == nullptr) {
    worked |= StageRequests();
    worked |= StageProducers();
  }
  worked |= PumpLog();
  return worked;
}

// --- Staging --------------------------------------------------------------------

std::size_t ActorCore::Room() const noexcept {
  return pending_requests_max_ -
         static_cast<std::size_t>(engine_.staged_through() - engine_.acknowledged_through());
}

bool ActorCore::StageRequests() {
  queue_.TakeAll(inbox_);
  bool worked = false;
  while (!inbox_.empty() && CanStage()) {
    StageRequest(inbox_.PopFront());
    worked = true;
  }
  return worked;
}

void ActorCore::StageRequest(Request* request) {
  switch (request->StageOn(*this)) {
    case Request::Stage::kDone:
      request->Answer();
      return;
    case Request::Stage::kStaged:
      request->wait_for_ = engine_.staged_through();
      ++requests_in_batch_;
      if (request->wait_for_ <= engine_.acknowledged_through()) {
        request->OnAcknowledged(*this);
        request->Answer();
      } else {
        staged_.PushBack(request);
      }
      return;
    case Request::Stage::kTakenOver:
      return;
  }
}

bool ActorCore::StageProducers() {
  bool worked = false;
  if (rings_.empty()) return false;
  first_ring_ = (first_ring_ + 1) % rings_.size();
  for (std::size_t turn = 0; turn < rings_.size() && CanStage(); ++turn) {
    ProducerRings& rings = *rings_[(first_ring_ + turn) % rings_.size()];
    worked |= StageSingles(rings);
    worked |= StageBulk(rings);
    if (bulk_in_progress_ != nullptr) break;
  }
  rings_were_busy_ |= worked;
  return worked;
}

bool ActorCore::StageSingles(ProducerRings& rings) {
  const std::uint64_t submitted =
      std::min(rings.submitted.load(std::memory_order_acquire), rings.submitted_max);
  if (submitted == rings.staged) return false;
  if (!engine_.failure().ok()) {
    for (std::uint64_t draw = rings.staged; draw < submitted; ++draw) {
      rings.SlotOf(draw) = {.request_id = 0, .item = 0, .code = StatusCode::kOutcomeUnknown};
    }
    rings.staged = rings.sealed = submitted;
    rings.completed.store(submitted, std::memory_order_seq_cst);
    rings.parking.Wake();
    return true;
  }
  const auto count = static_cast<std::size_t>(
      std::min<std::uint64_t>({submitted - rings.staged, kDrawsPerVisit, Room()}));
  if (count == 0) return false;
  const std::span<ItemIndex> picks = std::span(picks_).first(count);
  const Engine::StagedDraws done = engine_.StageDraws(picks);
  assert(done.drawn + done.refused == count);
  directory_.ToRefs(picks.first(done.drawn));
  RequestId request_id = done.first_request_id;
  std::uint64_t draw = rings.staged;
  for (const ItemRef item : picks.first(done.drawn)) {
    rings.SlotOf(draw++) = {.request_id = request_id++, .item = item, .code = StatusCode::kOk};
  }
  for (std::size_t i = 0; i < done.refused; ++i) {
    rings.SlotOf(draw++) = {.request_id = request_id++, .item = 0, .code = StatusCode::kExhausted};
  }
  rings.staged = draw;
  CountDraws(done.drawn, done.refused);
  has_ring_draws_ = true;
  return true;
}

bool ActorCore::StageBulk(ProducerRings& rings) {
  const std::uint64_t submitted =
      std::min(rings.bulks_submitted.load(std::memory_order_acquire), rings.bulks_submitted_max);
  if (submitted == rings.bulks_staged) return false;
  rings.BulkOf(rings.bulks_staged).result = {};
  bulk_in_progress_ = &rings;
  ContinueBulk();
  return true;
}

bool ActorCore::ContinueBulk() {
  ProducerRings& rings = *bulk_in_progress_;
  BulkSlot& bulk = rings.BulkOf(rings.bulks_staged);
  bool worked = false;
  // A pump may find that the log has failed, which ends the bulk.
  while (bulk_in_progress_ != nullptr) {
    if (!engine_.failure().ok()) {
      FailRings(rings, StatusCode::kOutcomeUnknown, engine_.acknowledged_through());
      return true;
    }
    BulkResult& result = bulk.result;
    const std::size_t done_before = result.drawn + result.refused;
    const std::size_t count = std::min({bulk.picks.size() - done_before, kDrawsPerVisit, Room()});
    if (count == 0) return worked;
    const std::span<ItemRef> picks = bulk.picks.subspan(done_before, count);
    const Engine::StagedDraws done = engine_.StageDraws(picks);
    assert(done.drawn + done.refused == count);
    directory_.ToRefs(picks.first(done.drawn));
    if (done_before == 0) result.first_request_id = done.first_request_id;
    result.drawn += done.drawn;
    result.refused += done.refused;
    CountDraws(done.drawn, done.refused);
    has_ring_draws_ = true;
    rings_were_busy_ = true;
    worked = true;
    if (done_before + count == bulk.picks.size()) {
      ++rings.bulks_staged;
      bulk_in_progress_ = nullptr;
    }
    PumpLog();
  }
  return worked;
}

void ActorCore::AdmitProducers() {
  const std::lock_guard lock(joining_mutex_);
  has_joining_.store(false, std::memory_order_relaxed);
  for (std::shared_ptr<ProducerRings>& rings : joining_) rings_.push_back(std::move(rings));
  joining_.clear();
}

void ActorCore::ReleaseLeavers() {
  bool any_gone = false;
  for (const std::shared_ptr<ProducerRings>& shared : rings_) {
    ProducerRings& rings = *shared;
    if (!rings.left.load(std::memory_order_acquire)) continue;
    any_gone = true;
    if (rings.released.load(std::memory_order_relaxed)) continue;
    if (bulk_in_progress_ == &rings) {
      BulkSlot& bulk = rings.BulkOf(rings.bulks_staged++);
      bulk.picks = bulk.picks.first(bulk.result.drawn + bulk.result.refused);
      bulk_in_progress_ = nullptr;
    }
    rings.bulks_submitted_max = rings.bulks_staged;
    rings.released.store(true, std::memory_order_seq_cst);
    rings.parking.Wake();
  }
  if (!any_gone) return;
  std::erase_if(rings_, [](const std::shared_ptr<ProducerRings>& rings) {
    return rings->released.load(std::memory_order_relaxed) &&
           rings->completed.load(std::memory_order_relaxed) ==
               rings->submitted.load(std::memory_order_relaxed) &&
           rings->bulks_completed.load(std::memory_order_relaxed) == rings->bulks_staged;
  });
}

void ActorCore::FailRings(ProducerRings& rings, StatusCode code, RequestId acknowledged_through) {
  const std::uint64_t completed = rings.completed.load(std::memory_order_relaxed);
  for (std::uint64_t draw = completed; draw < rings.staged; ++draw) {
    DrawResult& result = rings.SlotOf(draw);
    if (code != StatusCode::kOutcomeUnknown) result.request_id = 0;
    result.item = 0;
    result.code = code;
  }
  const std::uint64_t bulks_completed = rings.bulks_completed.load(std::memory_order_relaxed);
  if (bulk_in_progress_ == &rings) {
    ++rings.bulks_staged;
    bulk_in_progress_ = nullptr;
  }
  for (std::uint64_t number = bulks_completed; number < rings.bulks_staged; ++number) {
    CutToAcknowledged(acknowledged_through, code, rings.BulkOf(number).result);
  }
  if (completed == rings.staged && bulks_completed == rings.bulks_staged) return;
  rings.sealed = rings.staged;
  rings.bulks_sealed = rings.bulks_staged;
  rings.completed.store(rings.staged, std::memory_order_seq_cst);
  rings.bulks_completed.store(rings.bulks_staged, std::memory_order_seq_cst);
  rings.parking.Wake();
}

// --- The log --------------------------------------------------------------------

bool ActorCore::PumpLog() {
  const bool collected = CollectJob();
  return StartJob() || collected;
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
  const bool is_light = !has_ring_draws_ && requests_in_batch_ <= kFewRequests;
  job_ = MakeJob();
  // The moment at which nothing is open.
  if (has_batch) TakeSnapshotIfWanted();
  if (JobIsForThisThread(is_light)) {
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
  return is_light || recent_job_ns_.load(std::memory_order_relaxed) <
                         static_cast<std::uint64_t>(kQuickJob.count());
}

void ActorCore::RunJob() { CollectOutcome(syncer_->Run(job_)); }

bool ActorCore::SyncIsDue() const {
  if (!flushes_.empty() || snapshot_stage_ == SnapshotStage::kMarkSealed) return true;
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
      OnFailed(outcome.status);
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
  directory_.Commit(through);
  acknowledged_counts_ = sealed_counts_;
  counters_.draws.store(acknowledged_counts_.drawn, std::memory_order_relaxed);
  counters_.draws_refused.store(acknowledged_counts_.refused, std::memory_order_relaxed);
  counters_.acknowledged_through.store(through, std::memory_order_relaxed);
  for (const std::shared_ptr<ProducerRings>& shared : rings_) {
    ProducerRings& rings = *shared;
    const bool news = rings.completed.load(std::memory_order_relaxed) != rings.sealed ||
                      rings.bulks_completed.load(std::memory_order_relaxed) != rings.bulks_sealed;
    if (!news) continue;
    rings.completed.store(rings.sealed, std::memory_order_seq_cst);
    rings.bulks_completed.store(rings.bulks_sealed, std::memory_order_seq_cst);
    rings.parking.Wake();
  }
  while (!staged_.empty() && staged_.first()->wait_for_ <= through) {
    Request* const request = staged_.PopFront();
    request->OnAcknowledged(*this);
    request->Answer();
  }
  // Last, so that who waits for a flush finds everything before it answered.
  AnswerFlushes();
}

void ActorCore::OnFailed(const Status& status) {
  const bool is_full = status.code() == StatusCode::kFull;
  const RequestId through = engine_.acknowledged_through();
  engine_.OnFailed(status);
  const Status told = is_full ? status : LogFailed(status);
  if (is_full) {
    directory_.Undo();
  } else {
    unsynced_since_.reset();
    const std::lock_guard lock(status_mutex_);
    failure_ = status;
  }
  staged_counts_ = sealed_counts_ = acknowledged_counts_;
  has_ring_draws_ = false;
  requests_in_batch_ = 0;
  for (const std::shared_ptr<ProducerRings>& rings : rings_) {
    FailRings(*rings, told.code(), through);
  }
  AnswerFailed(staged_, told, through);
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
    snapshot_writer_->Discard();
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
    request->OnFailed(*this, LogFailed(engine_.failure()), engine_.acknowledged_through());
    request->Answer();
  } else if (through <= engine_.durable_through()) {
    request->OnAcknowledged(*this);
    request->Answer();
  } else {
    flushes_.push_back({request, through});
  }
}

// --- Snapshots ------------------------------------------------------------------

void ActorCore::AddSnapshot(Request* request) {
  snapshot_waiters_.PushBack(request);
  if (!engine_.failure().ok()) {
    AnswerFailed(snapshot_waiters_, LogFailed(engine_.failure()), engine_.acknowledged_through());
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
  snapshot_writer_->Begin(engine_.TakeSnapshot());
  snapshot_stage_ = SnapshotStage::kMarkOpen;
}

void ActorCore::AdvanceSnapshot() {
  if (snapshot_stage_ != SnapshotStage::kMarkSealed ||
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
