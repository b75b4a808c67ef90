#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "odds/convolution.h"
#include "odds/discrete.h"
#include "odds/solver.h"

namespace rewardpool::internal {

CountTail TailOf(Distribution exactly) {
  std::vector<double>& tail = exactly.probabilities;
  for (std::size_t i = tail.size() - 1; i > 0; --i) tail[i - 1] += tail[i];
  tail.erase(tail.begin());
  return {exactly.first, std::move(tail)};
}

ShareOdds ShareOf(const CountTail& total, double share) {
  const auto certain = static_cast<double>(total.certain);
  ShareOdds odds;
  odds.expected = certain * share;
  // The j-th of those draws is the first to bring the item.
  const double log_miss = std::log1p(-share);
  const double log_misses = certain == 0 ? 0 : certain * log_miss;  // log_miss may be infinite
  odds.at_least_one = -std::expm1(log_misses);
  double miss = std::exp(log_misses);
  for (const double at_least : total.at_least) {
    odds.expected += at_least * share;
    odds.at_least_one += at_least * share * miss;
    miss *= 1 - share;
  }
  return odds;
}

CountTail ShareCount(const CountTail& total, double share) {
  // With z for "one more": the sum over m of P(m) (1 - share + share z)^m, by
  // Horner's rule from the largest m down to the certain one, then the rest at once.
  std::vector<double> above{total.at_least.empty() ? 1 : total.at_least.back()};
  for (std::size_t i = total.at_least.size(); i > 0; --i) {
    above.push_back(0);
    for (std::size_t n = above.size() - 1; n > 0; --n) {
      above[n] = above[n] * (1 - share) + above[n - 1] * share;
    }
    above[0] *= 1 - share;
    while (above.size() > 1 && above.back() < kTailNegligible * kTailNegligible) above.pop_back();
    const double at_least_before = i > 1 ? total.at_least[i - 2] : 1;
    above[0] += std::max(0.0, at_least_before - total.at_least[i - 1]);
  }
  const Distribution certain = BinomialBulk(total.certain, std::min(share, 1.0), kTailNegligible);
  std::vector<double> exactly(above.size() + certain.probabilities.size() - 1);
  Convolver().Convolve(above, certain.probabilities, exactly);
  return TailOf({certain.first, std::move(exactly)});
}

}  // namespace rewardpool::internal
