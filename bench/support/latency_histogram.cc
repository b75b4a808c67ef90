#include "support/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <functional>

namespace rewardpool::bench {
namespace {

constexpr unsigned kPrecisionBits = 7;
constexpr std::uint64_t kBucketsAnOctave = std::uint64_t{1} << kPrecisionBits;

// Values below one octave have a bucket each; above, the top bits choose.
std::size_t BucketOf(std::uint64_t value) {
  if (value < kBucketsAnOctave) return static_cast<std::size_t>(value);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kPrecisionBits;
  return static_cast<std::size_t>(shift * kBucketsAnOctave + (value >> shift));
}

// The largest value in a bucket.
std::uint64_t EndOf(std::size_t bucket) {
  if (bucket < kBucketsAnOctave) return bucket;
  const std::uint64_t shift = bucket / kBucketsAnOctave - 1;
  return ((bucket % kBucketsAnOctave + kBucketsAnOctave + 1) << shift) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(BucketOf(~std::uint64_t{0} >> 1) + 1) {}

void LatencyHistogram::Record(std::chrono::nanoseconds latency) noexcept {
  ++buckets_[BucketOf(static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0)))];
  ++count_;
}

void LatencyHistogram::Add(const LatencyHistogram& other) noexcept {
  std::transform(buckets_.begin(), buckets_.end(), other.buckets_.begin(), buckets_.begin(),
                 std::plus<>());
  count_ += other.count_;
}

double LatencyHistogram::QuantileUs(double quantile) const noexcept {
  assert(count_ != 0);
  const auto wanted = std::max<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_))), 1);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return static_cast<double>(EndOf(bucket)) / 1e3;
  }
  return 0;
}

}  // namespace rewardpool::bench
