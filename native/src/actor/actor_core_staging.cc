// The owner's half of ActorCore that stages requests and draws.
#include <algorithm>
#include <cassert>
#include <thread>
#include <utility>

#include "actor/actor_core.h"

namespace rewardpool::native::internal {
namespace {

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

bool ActorCore::StageDraws() {
  bool worked = false;
  // Nobody may come between the draws of a bulk: their ids are consecutive.
  if (bulk_in_progress_ != nullptr) worked |= ContinueBulk();
  if (bulk_in_progress_ == nullptr) worked |= StageProducers();
  return worked;
}

bool ActorCore::StageProducers() {
  assert(bulk_in_progress_ == nullptr);
  bool worked = false;
  if (rings_.empty()) return false;
  first_ring_ = (first_ring_ + 1) % rings_.size();
  for (std::size_t turn = 0; turn < rings_.size() && CanStage(); ++turn) {
    ProducerRings& rings = *rings_[(first_ring_ + turn) % rings_.size()];
    bool had_draws = StageSingles(rings);
    had_draws |= StageBulk(rings);
    worked |= had_draws;
    if (bulk_in_progress_ != nullptr) break;
    // The disk is not to wait for the draws of the others.
    const Syncer::Progress progress = syncer_->progress();
    if (progress == Syncer::Progress::kDone) break;
    if (had_draws && progress != Syncer::Progress::kNoJob && job_.sync) GiveWayToSyncer();
  }
  rings_were_busy_ |= worked;
  return worked;
}

// A write and its sync are several requests to the disk, and the syncer's thread is to
// wake for each. It wakes where it slept, maybe behind this thread, which the scheduler
// does not interrupt since both sleep most of the time: the disk then waits for all that
// is to be staged.
void ActorCore::GiveWayToSyncer() {
  const Clock::time_point from = Clock::now();
  if (!yield_.IsCheap(from)) return;
  std::this_thread::yield();
  yield_.OnYielded(from, Clock::now());
}

bool ActorCore::StageSingles(ProducerRings& rings) {
  const std::uint64_t submitted =
      std::min(rings.submitted.load(std::memory_order_seq_cst), rings.submitted_max);
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
      std::min(rings.bulks_submitted.load(std::memory_order_seq_cst), rings.bulks_submitted_max);
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
  if (!rings_.empty()) picks_.resize(kDrawsPerVisit);
}

void ActorCore::ReleaseLeavers() {
  bool any_gone = false;
  for (const std::shared_ptr<ProducerRings>& shared : rings_) {
    ProducerRings& rings = *shared;
    if (!rings.left.load(std::memory_order_seq_cst)) continue;
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

}  // namespace rewardpool::native::internal
