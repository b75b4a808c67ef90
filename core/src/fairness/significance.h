// significance.h - how unlikely a statistic is.
#ifndef REWARDPOOL_CORE_SRC_FAIRNESS_SIGNIFICANCE_H_
#define REWARDPOOL_CORE_SRC_FAIRNESS_SIGNIFICANCE_H_

#include <cstddef>
#include <span>
#include <vector>

namespace rewardpool::internal {

// The chance that a chi-square variable with `degrees` > 0 degrees of freedom
// is at least `statistic` >= 0: the regularised upper incomplete gamma function
// Q(degrees / 2, statistic / 2). About 12 digits.
[[nodiscard]] double ChiSquarePValue(double statistic, double degrees);

// The chance that a standard normal variable is at least this far from 0.
[[nodiscard]] double NormalPValue(double deviations);

// The indexes of the p-values that are too small, at this significance for all
// of them together.
//
// Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
// Scandinavian Journal of Statistics 6(2), 1979.
[[nodiscard]] std::vector<std::size_t> HolmRejections(std::span<const double> p_values,
                                                      double significance);

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_FAIRNESS_SIGNIFICANCE_H_
