#include "fairness/significance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewardpool::internal {

// Source: W. Press et al., "Numerical Recipes", 3rd edition, section 6.2: the
// power series below a + 1, the continued fraction (Lentz's method) above.
double ChiSquarePValue(double statistic, double degrees) {
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

double NormalPValue(double deviations) { return std::erfc(std::abs(deviations) / std::sqrt(2.0)); }

std::vector<std::size_t> HolmRejections(std::span<const double> p_values, double significance) {
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

}  // namespace rewardpool::internal
