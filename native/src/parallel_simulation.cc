#include "rewardpool/native/parallel_simulation.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>

namespace rewardpool::native {
namespace {

// Draws between two looks at whether to stop: some milliseconds.
constexpr std::uint64_t kDrawsAtOnce = 1 << 18;
constexpr std::chrono::milliseconds kProgressPause{50};

class ParallelSimulation {
 public:
  explicit ParallelSimulation(const SimulationPlan& plan)
      : plan_(plan), traces_(static_cast<std::size_t>(plan.options().runs) * plan.trace_size()) {}

  Result<std::vector<std::uint32_t>> Run(unsigned thread_count,
                                         const SimulationProgress& progress) {
    working_ = thread_count;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < thread_count; ++i) threads.emplace_back([this] { Work(); });
    {
      std::unique_lock lock(mutex_);
      while (working_ > 0) {
        idle_.wait_for(lock, kProgressPause);
        if (!progress(draws_done_.load(std::memory_order_relaxed))) stop_ = true;
      }
    }
    for (std::thread& thread : threads) thread.join();
    if (stop_) return Status(StatusCode::kClosed, "the simulation was ended");
    return std::move(traces_);
  }

 private:
  // Makes runs as long as there are any.
  void Work() {
    SimulationRunner runner(plan_);
    for (;;) {
      const std::uint64_t run = next_run_.fetch_add(1, std::memory_order_relaxed);
      if (run >= plan_.options().runs) break;
      runner.Begin(run, std::span(traces_).subspan(run * plan_.trace_size(), plan_.trace_size()));
      while (!runner.has_ended() && !stop_) {
        draws_done_.fetch_add(runner.Advance(kDrawsAtOnce), std::memory_order_relaxed);
      }
      if (stop_) break;
    }
    const std::lock_guard lock(mutex_);
    if (--working_ == 0) idle_.notify_one();
  }

  const SimulationPlan& plan_;
  std::vector<std::uint32_t> traces_;
  std::atomic<std::uint64_t> next_run_ = 0;
  std::atomic<std::uint64_t> draws_done_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable idle_;
  unsigned working_ = 0;
};

}  // namespace

Result<std::vector<std::uint32_t>> SimulateInParallel(const SimulationPlan& plan, unsigned threads,
                                                      const SimulationProgress& progress) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  threads = static_cast<unsigned>(std::min<std::uint64_t>(threads, plan.options().runs));
  return ParallelSimulation(plan).Run(threads, progress);
}

}  // namespace rewardpool::native
