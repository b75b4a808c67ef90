// chi_square.h - does a sample follow a distribution? With a stated error rate.
//
// A test works out one p-value for each sample and hands all of them to
// HolmRejections(): if every sample is fair, the chance that it rejects any of
// them is at most `significance`, however many samples there are.
#ifndef REWARDPOOL_TESTS_SUPPORT_CHI_SQUARE_H_
#define REWARDPOOL_TESTS_SUPPORT_CHI_SQUARE_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

#include "fairness/significance.h"

namespace rewardpool::tests {

using internal::ChiSquarePValue;
using internal::HolmRejections;

// The p-value of `observed` counts, category by category, when category i has
// the chance shares[i] / sum of shares.
//
// Categories of share 0 must have no count (else 0 is returned) and are left
// out. Rare ones, that expect fewer than 5, are put together: the approximation
// by chi-square needs that many.
inline double ChiSquareTest(std::span<const std::uint64_t> observed,
                            std::span<const double> shares) {
  assert(observed.size() == shares.size());
  const double draws =
      static_cast<double>(std::accumulate(observed.begin(), observed.end(), std::uint64_t{0}));
  const double share_sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  constexpr double kExpectedMin = 5;
  double statistic = 0;
  double rare_expected = 0;
  double rare_observed = 0;
  int categories = 0;
  const auto add = [&](double count, double expected) {
    statistic += (count - expected) * (count - expected) / expected;
    ++categories;
  };
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double expected = draws * shares[i] / share_sum;
    const auto count = static_cast<double>(observed[i]);
    if (shares[i] == 0) {
      if (observed[i] != 0) return 0;
    } else if (expected < kExpectedMin) {
      rare_expected += expected;
      rare_observed += count;
    } else {
      add(count, expected);
    }
  }
  if (rare_expected >= kExpectedMin) add(rare_observed, rare_expected);
  return categories < 2 ? 1 : ChiSquarePValue(statistic, categories - 1);
}

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_CHI_SQUARE_H_
