// latency_histogram.h - a high dynamic range histogram of times: any value up to
// 2^63 ns is kept to within 1/128 of itself, in a fixed 58 KB.
//
// Each power of two is cut into 128 equal buckets, as in G. Tene's HdrHistogram
// (https://hdrhistogram.org), whose C library Debian does not have.
//
// Threads: one owner.
#ifndef REWARDPOOL_BENCH_SUPPORT_LATENCY_HISTOGRAM_H_
#define REWARDPOOL_BENCH_SUPPORT_LATENCY_HISTOGRAM_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rewardpool::bench {

class LatencyHistogram {
 public:
  LatencyHistogram();

  // Cost: a few ns, no allocation.
  void Record(std::chrono::nanoseconds latency) noexcept;

  // Takes over what another one has recorded.
  void Add(const LatencyHistogram& other) noexcept;

  // The smallest time that at least `quantile` (0 to 1) of those recorded do not
  // pass, rounded up to the end of its bucket. Requires that one was recorded.
  [[nodiscard]] double QuantileUs(double quantile) const noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
};

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_LATENCY_HISTOGRAM_H_
