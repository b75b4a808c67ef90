// Products of distributions, short and long, against the definition.
#include "odds/convolution.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rewardpool/random.h"

namespace rewardpool::internal {
namespace {

std::vector<double> RandomRow(Random& random, std::size_t size) {
  std::vector<double> row(size);
  for (double& value : row) value = static_cast<double>(random.Next() >> 11) * 0x1p-53;
  return row;
}

void ExpectTheDefinition(std::size_t a_size, std::size_t b_size, std::size_t step) {
  SCOPED_TRACE(std::to_string(a_size) + " and " + std::to_string(b_size));
  const auto random = MakeXoshiroRandom(a_size * 10'000 + b_size);
  const std::vector<double> a = RandomRow(*random, a_size);
  const std::vector<double> b = RandomRow(*random, b_size);
  // A rounding for each term, at the most.
  const double error = 4e-15 * static_cast<double>(a_size + b_size);
  Convolver convolver;
  std::vector<double> sum(a_size + b_size - 1);
  convolver.Convolve(a, b, sum);
  for (std::size_t n = 0; n < sum.size(); n += step) {
    double expected = 0;
    for (std::size_t i = n < b_size ? 0 : n - b_size + 1; i < a_size && i <= n; ++i) {
      expected += a[i] * b[n - i];
    }
    EXPECT_NEAR(sum[n], expected, error);
  }
  const std::vector<double> values = RandomRow(*random, a_size + b_size - 1);
  std::vector<double> means(a_size);
  convolver.Correlate(values, b, means);
  for (std::size_t i = 0; i < a_size; i += step) {
    double expected = 0;
    for (std::size_t j = 0; j < b_size; ++j) expected += b[j] * values[i + j];
    EXPECT_NEAR(means[i], expected, error);
  }
}

TEST(ConvolutionTest, ShortRowsMultiplyTermByTerm) {
  for (std::size_t a = 1; a <= 20; ++a) {
    for (std::size_t b = 1; b <= 20; ++b) ExpectTheDefinition(a, b, 1);
  }
  ExpectTheDefinition(3, 5'000, 7);
  ExpectTheDefinition(5'000, 3, 7);
}

TEST(ConvolutionTest, LongRowsMultiplyByATransform) {
  ExpectTheDefinition(4'097, 4'097, 61);
  ExpectTheDefinition(4'200, 12'000, 97);
  ExpectTheDefinition(12'000, 4'200, 97);
}

}  // namespace
}  // namespace rewardpool::internal
