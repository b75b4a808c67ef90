#include "support/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace rewardpool::bench {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogramTest, EveryQuantileIsWithinOnePercentOfTheSortedValues) {
  constexpr std::uint64_t kSeed = 20'251'125;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  LatencyHistogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    // Magnitudes from 1 ns to a minute, alike.
    values.push_back(static_cast<std::int64_t>(random() % 60'000'000'000 >> (random() % 36)));
    histogram.Record(nanoseconds(values.back()));
  }
  std::sort(values.begin(), values.end());
  EXPECT_EQ(histogram.count(), values.size());
  for (const double quantile : {0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(values.size())));
    const double expected_us = static_cast<double>(values[rank - 1]) / 1e3;
    const double measured_us = histogram.QuantileUs(quantile);
    EXPECT_GE(measured_us, expected_us) << quantile;
    EXPECT_LE(measured_us, expected_us * 1.01) << quantile;
  }
}

TEST(LatencyHistogramTest, OneSlowCallInAThousandIsTheThousandthQuantileAndNotTheMedian) {
  LatencyHistogram histogram;
  for (int i = 0; i < 999; ++i) histogram.Record(nanoseconds(100));
  histogram.Record(nanoseconds(5'000'000));
  EXPECT_DOUBLE_EQ(histogram.QuantileUs(0.5), 0.1);
  EXPECT_DOUBLE_EQ(histogram.QuantileUs(0.999), 0.1);
  EXPECT_NEAR(histogram.QuantileUs(0.9991), 5000, 50);
}

TEST(LatencyHistogramTest, TheShortestAndTheLongestTimesHaveAPlace) {
  LatencyHistogram histogram;
  histogram.Record(nanoseconds(-5));  // a clock that was set back
  EXPECT_DOUBLE_EQ(histogram.QuantileUs(1), 0);
  histogram.Record(nanoseconds::max());
  EXPECT_NEAR(histogram.QuantileUs(1), 9.223372036854775e15, 1e14);
}

}  // namespace
}  // namespace rewardpool::bench
