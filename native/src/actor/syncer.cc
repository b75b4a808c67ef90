#include "actor/syncer.h"

#include <cassert>
#include <thread>
#include <utility>

namespace rewardpool::native::internal {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Syncer::~Syncer() {
  assert(progress() == Progress::kNoJob);
  while (runs_ended_.load(std::memory_order_acquire) != runs_begun_) std::this_thread::yield();
}

void Syncer::Start(const SyncJob& job) noexcept {
  assert(progress() == Progress::kNoJob);
  job_ = job;
  ++runs_begun_;
  progress_.store(Progress::kWorking, std::memory_order_seq_cst);
  threads_.Schedule(*this);
}

Syncer::Outcome Syncer::TakeOutcome() noexcept {
  assert(progress() == Progress::kDone);
  progress_.store(Progress::kNoJob, std::memory_order_relaxed);
  return std::move(outcome_);
}

Syncer::Outcome Syncer::RunHere(const SyncJob& job) {
  assert(progress() == Progress::kNoJob);
  return Do(storage_, job, [] {});
}

template <typename OnAppended>
Syncer::Outcome Syncer::Do(WalStorage& storage, const SyncJob& job, OnAppended on_appended) {
  Outcome outcome;
  const auto begin = Clock::now();
  auto sync_begin = begin;
  if (job.append) {
    outcome.status = AppendBatch(storage, job.batch);
    outcome.appended = outcome.status.ok();
    if (outcome.appended && job.sync) {
      on_appended();
      sync_begin = Clock::now();
    }
  }
  if (job.sync && outcome.status.ok()) {
    outcome.status = storage.Sync();
    outcome.synced = outcome.status.ok();
  }
  const auto end = Clock::now();
  outcome.duration = end - begin;
  if (outcome.synced) outcome.sync_duration = end - sync_begin;
  return outcome;
}

void Syncer::Run() noexcept {
  outcome_ = Do(storage_, job_, [this] {
    if (!job_.report_append) return;
    progress_.store(Progress::kAppended, std::memory_order_seq_cst);
    client_.OnJobAppended();
  });
  progress_.store(Progress::kDone, std::memory_order_seq_cst);
  client_.OnJobDone();
  runs_ended_.fetch_add(1, std::memory_order_release);
}

}  // namespace rewardpool::native::internal
