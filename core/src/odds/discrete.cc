#include "odds/discrete.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "odds/quadrature.h"

namespace rewardpool::internal {
namespace {

// A term below this share of a sum changes nothing in it.
constexpr double kNegligible = 1e-18;

// log(x!) - Stirling's formula for it. Requires: x is whole, or above 15.
double StirlingRemainder(double x) noexcept {
  constexpr double kExactMax = 15;
  if (x <= kExactMax) {
    if (x == 0) return 0;
    double factorial = 1;
    for (double i = 2; i <= x; ++i) factorial *= i;
    return std::log(factorial / std::sqrt(2 * std::numbers::pi * x)) - x * std::log(x) + x;
  }
  const double square = x * x;
  return (1.0 / 12 -
          (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square) / square) /
              square) /
         x;
}

// x log(x / mean) + mean - x, without cancellation for x near the mean.
double Deviance(double x, double mean) noexcept {
  const double difference = x - mean;
  if (std::abs(difference) < 0.1 * (x + mean)) {
    const double ratio = difference / (x + mean);
    double sum = difference * ratio;
    double power = 2 * x * ratio;
    const double square = ratio * ratio;
    for (int j = 1; j < 1000; ++j) {
      power *= square;
      const double next = sum + power / (2 * j + 1);
      if (next == sum) break;
      sum = next;
    }
    return sum;
  }
  return x * std::log(x / mean) + mean - x;
}

// Requires: x > 0, mean > 0, and x is whole or above 15.
double PoissonTermAt(double x, double mean) noexcept {
  return std::exp(-StirlingRemainder(x) - Deviance(x, mean)) / std::sqrt(2 * std::numbers::pi * x);
}

// Above this mean, terms are summed by an integral.
constexpr double kIntegralMean = 1e6;

// The sum of all terms below (`side` -1) or above (1) the number `edge` + 1/2, by
// Euler and Maclaurin's formula for midpoints: the integral, and a derivative's
// share. What comes next is of the order of 1 / mean^2. `edge` is on that side of
// the mean.
double PoissonSumByIntegral(double edge, double mean, double side) noexcept {
  static const GaussRule rule(24);
  const double begin = edge + 0.5;
  const double deviation = std::sqrt(mean);
  // Terms fall at least as exp(-distance * rate) from here.
  const double rate = std::max(std::abs(std::log(begin / mean)), 1 / deviation);
  double sum = 0;
  double place = begin;
  for (int panel = 0; panel < 40; ++panel) {
    const double width = side * 2 / rate;
    if (place + width <= 16) break;
    double part = 0;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      part += rule.weights[i] * PoissonTermAt(place + width / 2 * (1 + rule.nodes[i]), mean);
    }
    part *= std::abs(width) / 2;
    sum += part;
    place += width;
    if (part < sum * kNegligible) break;
  }
  const double slope = -std::log(begin / mean) - 1 / (2 * begin);
  return sum + side * slope * PoissonTermAt(begin, mean) / 24;
}

}  // namespace

double PoissonTerm(std::uint64_t n, double mean) noexcept {
  if (mean == 0) return n == 0 ? 1 : 0;
  return n == 0 ? std::exp(-mean) : PoissonTermAt(static_cast<double>(n), mean);
}

namespace {

// Sums of terms from n down, for n below the mean, and from n up, for n above.
double PoissonSumDown(std::uint64_t n, double mean) noexcept {
  if (mean > kIntegralMean) return PoissonSumByIntegral(static_cast<double>(n), mean, -1);
  double term = PoissonTerm(n, mean);
  double sum = term;
  for (; n > 0 && term > sum * kNegligible; --n) {
    term *= static_cast<double>(n) / mean;
    sum += term;
  }
  return sum;
}

double PoissonSumUp(std::uint64_t n, double mean) noexcept {
  if (mean > kIntegralMean) return PoissonSumByIntegral(static_cast<double>(n) - 1, mean, 1);
  double term = PoissonTerm(n, mean);
  double sum = term;
  while (term > sum * kNegligible) {
    term *= mean / static_cast<double>(++n);
    sum += term;
  }
  return sum;
}

}  // namespace

double PoissonAtMost(std::uint64_t n, double mean) noexcept {
  if (mean == 0) return 1;
  if (static_cast<double>(n) < mean) return std::min(1.0, PoissonSumDown(n, mean));
  return std::max(0.0, 1 - PoissonSumUp(n + 1, mean));
}

double PoissonAtLeast(std::uint64_t n, double mean) noexcept {
  if (n == 0) return 1;
  if (mean == 0) return 0;
  if (static_cast<double>(n) > mean) return std::min(1.0, PoissonSumUp(n, mean));
  return std::max(0.0, 1 - PoissonSumDown(n - 1, mean));
}

void PoissonTerms(std::uint64_t first, double mean, std::span<double> terms) noexcept {
  if (terms.empty()) return;
  const std::uint64_t last = first + terms.size() - 1;
  // From the largest term outwards, which never grows an error.
  const auto middle = static_cast<std::uint64_t>(
      std::clamp(std::floor(mean), static_cast<double>(first), static_cast<double>(last)));
  const auto anchor = static_cast<std::size_t>(middle - first);
  terms[anchor] = PoissonTerm(middle, mean);
  for (std::size_t i = anchor + 1; i < terms.size(); ++i) {
    terms[i] = terms[i - 1] * (mean / static_cast<double>(first + i));
  }
  for (std::size_t i = anchor; i > 0; --i) {
    terms[i - 1] = mean == 0 ? 0 : terms[i] * (static_cast<double>(first + i) / mean);
  }
}

PoissonRange PoissonBulk(double mean, double tail) noexcept {
  // Chernoff's bound at so many deviations is about the tail.
  const double deviations = std::sqrt(-2 * std::log(tail));
  double reach = deviations * std::sqrt(mean);
  while (reach < mean && PoissonTailBound(std::floor(mean - reach), mean) > tail) reach *= 1.05;
  PoissonRange range;
  range.low = reach < mean ? static_cast<std::uint64_t>(mean - reach) : 0;
  reach = deviations * std::sqrt(mean) + 1;
  while (PoissonTailBound(std::ceil(mean + reach), mean) > tail) reach *= 1.05;
  range.high = static_cast<std::uint64_t>(std::ceil(mean + reach)) - 1;
  return range;
}

double PoissonStopped(double mean, std::uint64_t quantity) noexcept {
  if (quantity == 0 || mean == 0) return 0;
  const auto x = static_cast<double>(quantity);
  if (PoissonTailBound(x, mean) < kNegligible) return std::min(mean, x);
  // E N up to the last but one, and what is stopped.
  const double last = PoissonTerm(quantity - 1, mean);
  const double below = PoissonAtMost(quantity - 1, mean);
  return mean * std::max(0.0, below - last) + x * PoissonAtLeast(quantity, mean);
}

double BinomialTerm(std::uint64_t n, std::uint64_t draws, double chance) noexcept {
  if (n > draws) return 0;
  if (chance <= 0) return n == 0 ? 1 : 0;
  if (chance >= 1) return n == draws ? 1 : 0;
  const auto x = static_cast<double>(n);
  const auto all = static_cast<double>(draws);
  if (n == 0) return std::exp(all * std::log1p(-chance));
  if (n == draws) return std::exp(all * std::log(chance));
  const double rest = all - x;
  const double log_core = StirlingRemainder(all) - StirlingRemainder(x) - StirlingRemainder(rest) -
                          Deviance(x, all * chance) - Deviance(rest, all * (1 - chance));
  return std::exp(log_core) * std::sqrt(all / (2 * std::numbers::pi * x * rest));
}

Distribution BinomialBulk(std::uint64_t draws, double chance, double tail) {
  const auto all = static_cast<double>(draws);
  const auto middle =
      static_cast<std::uint64_t>(std::clamp(std::floor((all + 1) * chance), 0.0, all));
  const double odds = chance / (1 - chance);
  const double top = BinomialTerm(middle, draws, chance);
  std::vector<double> up;
  std::vector<double> down;
  double term = top;
  for (std::uint64_t n = middle; n < draws; ++n) {
    const double ratio = static_cast<double>(draws - n) / static_cast<double>(n + 1) * odds;
    term *= ratio;
    if (ratio < 1 && term < tail * (1 - ratio)) break;
    up.push_back(term);
  }
  term = top;
  for (std::uint64_t n = middle; n > 0; --n) {
    const double ratio = static_cast<double>(n) / static_cast<double>(draws - n + 1) / odds;
    term *= ratio;
    if (ratio < 1 && term < tail * (1 - ratio)) break;
    down.push_back(term);
  }
  Distribution bulk;
  bulk.first = middle - down.size();
  bulk.probabilities.assign(down.rbegin(), down.rend());
  bulk.probabilities.push_back(top);
  bulk.probabilities.insert(bulk.probabilities.end(), up.begin(), up.end());
  return bulk;
}

double BinomialAtLeastBound(std::uint64_t n, std::uint64_t draws, double chance) noexcept {
  if (n > draws) return 0;
  const auto x = static_cast<double>(n);
  const auto all = static_cast<double>(draws);
  if (x <= all * chance) return 1;
  const double rest = all - x;
  const double divergence = Deviance(x, all * chance) +
                            (rest == 0 ? all * (1 - chance) : Deviance(rest, all * (1 - chance)));
  return std::exp(-divergence);
}

double PoissonTailBound(double n, double mean) noexcept {
  if (mean <= 0) return n > 0 ? 0 : 1;
  if (n <= 0) return std::exp(-mean);
  return std::exp(-Deviance(n, mean));
}

}  // namespace rewardpool::internal
