#include <algorithm>
#include <cmath>

#include "odds/discrete.h"
#include "odds/solver.h"

namespace rewardpool::internal {
namespace {

// Rounding of a handful of operations, on a value of at most 1.
constexpr double kRounding = 1e-15;
// If running out matters less than this, it is part of the error.
constexpr double kErrorMax = 1e-13;

}  // namespace

std::optional<OddsAnswer> SolveByBinomial(const ItemClasses& items, const OddsQuestion& question) {
  const std::uint64_t horizon = question.horizon();
  const auto draws = static_cast<double>(question.draws);
  // Up to the moment when something runs out, draws are independent. So nothing
  // differs by more than that moment's probability, times what may differ.
  double run_out = 0;
  for (const ItemClass& item : items.classes()) {
    if (item.quantity >= horizon) continue;
    run_out +=
        static_cast<double>(item.copies) * BinomialAtLeastBound(item.quantity, horizon, item.rate);
    if (run_out * draws > kErrorMax) return std::nullopt;
  }
  OddsAnswer answer;
  for (const ItemClass& item : items.classes()) {
    const double expected = draws * item.rate;
    answer.expected.push_back(expected);
    answer.at_least_one.push_back(item.rate >= 1 ? 1 : -std::expm1(draws * std::log1p(-item.rate)));
    if (question.wants_next) answer.next.push_back(item.rate);
    answer.errors.push_back(run_out * draws + kRounding * std::max(1.0, expected));
  }
  if (question.count_of) {
    const double share = items.classes()[*question.count_of].rate;
    answer.count = ShareCount({question.draws, {}}, share);
    // A term's relative error grows with the logarithms that it is made of.
    answer.count_error = run_out + 100 * kRounding;
  }
  return answer;
}

}  // namespace rewardpool::internal
