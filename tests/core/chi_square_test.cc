// Tests of the judge that selector_statistics_test.cc relies on.
#include "support/chi_square.h"

#include <gtest/gtest.h>

namespace rewardpool::tests {
namespace {

// Expected values: mpmath 1.3, gammainc(k/2, x/2, inf, regularized=True), 40 digits.
TEST(ChiSquareTest, PValuesMatchKnownOnes) {
  const struct {
    double degrees, statistic, p_value;
  } known[] = {
      {1, 3.841458820694124, 0.050000000000000057},
      {1, 0.5, 0.47950012218695346},
      {2, 10, 0.0067379469990854671},
      {5, 20, 0.0012497305630313754},
      {9, 100, 1.5735176303753944e-17},
      {23, 23, 0.46077089055229183},
      {23, 80, 3.1751703959868986e-8},
      {99, 150, 0.00072044539571696292},
      {999, 1200, 1.1129350448258866e-5},
  };
  for (const auto& [degrees, statistic, p_value] : known) {
    EXPECT_NEAR(ChiSquarePValue(statistic, degrees) / p_value, 1, 1e-9)
        << statistic << " with " << degrees << " degrees of freedom";
  }
  EXPECT_EQ(ChiSquarePValue(0, 3), 1);
}

TEST(ChiSquareTest, CountsThatFitTooWellOrTooBadlyAreToldApart) {
  const double shares[] = {1, 2, 1};
  const std::uint64_t exact[] = {2500, 5000, 2500};
  EXPECT_EQ(ChiSquareTest(exact, shares), 1);
  const std::uint64_t skewed[] = {2700, 5000, 2300};
  EXPECT_LT(ChiSquareTest(skewed, shares), 1e-6);
}

TEST(ChiSquareTest, ACountWhereNoneIsPossibleFails) {
  const double shares[] = {1, 0};
  const std::uint64_t observed[] = {1'000'000, 1};
  EXPECT_EQ(ChiSquareTest(observed, shares), 0);
}

TEST(ChiSquareTest, RareCategoriesAreJudgedTogether) {
  const double shares[] = {10'000, 2, 2, 2};
  const std::uint64_t fair[] = {10'000, 6, 0, 0};
  EXPECT_GT(ChiSquareTest(fair, shares), 0.1);
  const std::uint64_t unfair[] = {10'000, 60, 0, 0};
  EXPECT_LT(ChiSquareTest(unfair, shares), 1e-6);
}

TEST(HolmRejectionsTest, EachStepHasOneHypothesisLess) {
  // 0.01 / 3, 0.01 / 2 and 0.01 are the limits, smallest first.
  const double p_values[] = {0.004, 0.003, 0.02};
  EXPECT_EQ(HolmRejections(p_values, 0.01), (std::vector<std::size_t>{1, 0}));
  const double none_first[] = {0.004, 0.02, 0.004};
  EXPECT_TRUE(HolmRejections(none_first, 0.01).empty());
}

}  // namespace
}  // namespace rewardpool::tests
