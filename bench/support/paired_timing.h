// paired_timing.h - times two things by turns, so that both see the same machine
// in the same mood, and reports the medians and their ratio.
//
//   PairedTiming timing(state, "fenwick");
//   for (auto _ : state) {
//     timing.Time(kDraws, [&] { DrawWith(ours); }, [&] { DrawWith(fenwick); });
//   }
//
// Of the benchmark's row it sets: the time (of the subject: use UseManualTime()),
// items_per_second, the label ("against fenwick") and the counters
//   own_ns, reference_ns   medians, for one item
//   ratio                  own_ns / reference_ns, lower is better
// The counters appear when the object goes.
//
// Threads: one owner.
#ifndef REWARDPOOL_BENCH_SUPPORT_PAIRED_TIMING_H_
#define REWARDPOOL_BENCH_SUPPORT_PAIRED_TIMING_H_

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rewardpool::bench {

class PairedTiming {
 public:
  PairedTiming(benchmark::State& state, std::string reference_name);
  ~PairedTiming();
  PairedTiming(const PairedTiming&) = delete;
  PairedTiming& operator=(const PairedTiming&) = delete;

  // One iteration: `items` of each, the subject first.
  template <typename Subject, typename Reference>
  void Time(std::int64_t items, Subject subject, Reference reference) {
    const auto begin = Clock::now();
    subject();
    const auto middle = Clock::now();
    reference();
    Add(items, middle - begin, Clock::now() - middle);
  }

  // The same for what was timed elsewhere.
  void Add(std::int64_t items, std::chrono::nanoseconds own, std::chrono::nanoseconds reference);

 private:
  using Clock = std::chrono::steady_clock;

  benchmark::State& state_;
  std::string reference_name_;
  std::int64_t items_ = 0;
  std::vector<double> own_ns_;        // for one item, of each iteration
  std::vector<double> reference_ns_;  // likewise
};

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_PAIRED_TIMING_H_
