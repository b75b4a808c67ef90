// chi_square.h - does a sample follow a distribution? With a stated error rate.
//
// A test works out one p-value for each sample and hands all of them to
// HolmRejections(): if every sample is fair, the chance that it rejects any of
// them is at most `significance`, however many samples there are.
#ifndef REWARDPOOL_TESTS_SUPPORT_CHI_SQUARE_H_
#define REWARDPOOL_TESTS_SUPPORT_CHI_SQUARE_H_

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace rewardpool::tests {

// The chance that a chi-square variable with `degrees` > 0 degrees of freedom
// is at least `statistic` >= 0: the regularised upper incomplete gamma function
// Q(degrees / 2, statistic / 2). About 12 digits.
//
// Source: W. Press et al., "Numerical Recipes", 3rd edition, section 6.2: the
// power series below a + 1, the continued fraction (Lentz's method) above.
inline double ChiSquarePValue(double statistic, double degrees) {
  const double a = degrees / 2;
  const double x = statistic / 2;
  if (x <= 0) return 1;
  const double front = std::exp(a * std::log(x) - x - std::lgamma(a));
  constexpr double kPrecision = 1e-15;
  constexpr int kTermsMax = 100'000;
  if (x < a + 1) {
    double term = 1 / a;
    double sum = term;
    for (int k = 1; k < kTermsMax && term > sum * kPrecision; ++k) {
      term *= x / (a + k);
      sum += term;
    }
    return 1 - front * sum;
  }
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double fraction = d;
  for (int k = 1; k < kTermsMax; ++k) {
    const double numerator = -k * (k - a);
    b += 2;
    d = numerator * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    fraction *= d * c;
    if (std::abs(d * c - 1) < kPrecision) break;
  }
  return front * fraction;
}

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

// The indexes of the p-values that are too small, at this significance for all
// of them together.
//
// Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
// Scandinavian Journal of Statistics 6(2), 1979.
inline std::vector<std::size_t> HolmRejections(std::span<const double> p_values,
                                               double significance) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::size_t rejected = 0;
  while (rejected < order.size() &&
         p_values[order[rejected]] <= significance / static_cast<double>(order.size() - rejected)) {
    ++rejected;
  }
  order.resize(rejected);
  return order;
}

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_CHI_SQUARE_H_
