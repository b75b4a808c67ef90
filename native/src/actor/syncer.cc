#include "actor/syncer.h"

#include <cassert>
#include <utility>

namespace rewardpool::native::internal {
namespace {

using Clock = std::chrono::steady_clock;

// How long the thread looks out for the next job before it sleeps. More than
// this would take a core from the actor and the producers.
constexpr std::chrono::microseconds kSpin{5};

}  // namespace

Syncer::Syncer(WalStorage& storage, Baton& actor)
    : storage_(storage), actor_(actor), thread_([this] { RunThread(); }) {}

Syncer::~Syncer() {
  assert(progress() == Progress::kNoJob);
  stop_.store(true, std::memory_order_seq_cst);
  parking_.Wake();
  thread_.join();
}

void Syncer::Start(const SyncJob& job) noexcept {
  assert(progress() == Progress::kNoJob);
  job_ = job;
  progress_.store(Progress::kWorking, std::memory_order_seq_cst);
  parking_.Wake();
}

Syncer::Outcome Syncer::TakeOutcome() noexcept {
  assert(progress() == Progress::kDone);
  progress_.store(Progress::kNoJob, std::memory_order_relaxed);
  return std::move(outcome_);
}

Syncer::Outcome Syncer::Run(const SyncJob& job) {
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

void Syncer::RunThread() {
  for (;;) {
    parking_.WaitUntil(kSpin, [this] {
      return progress() == Progress::kWorking || stop_.load(std::memory_order_seq_cst);
    });
    if (progress() != Progress::kWorking) return;
    outcome_ = Do(storage_, job_, [this] {
      if (!job_.report_append) return;
      progress_.store(Progress::kAppended, std::memory_order_seq_cst);
      actor_.Wake();
    });
    progress_.store(Progress::kDone, std::memory_order_seq_cst);
    actor_.Wake();
  }
}

}  // namespace rewardpool::native::internal
