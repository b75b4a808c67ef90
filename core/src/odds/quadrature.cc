#include "odds/quadrature.h"

#include <cmath>
#include <cstddef>
#include <numbers>

namespace rewardpool::internal {

GaussRule::GaussRule(int count)
    : nodes(static_cast<std::size_t>(count)), weights(static_cast<std::size_t>(count)) {
  for (int i = 0; i < count; ++i) {
    // Newton's method from a guess that is near enough for it.
    double x = -std::cos(std::numbers::pi * (i + 0.75) / (count + 0.5));
    double slope = 1;
    for (int step = 0; step < 100; ++step) {
      double before = 1;
      double value = x;
      for (int degree = 2; degree <= count; ++degree) {
        const double next = ((2 * degree - 1) * x * value - (degree - 1) * before) / degree;
        before = value;
        value = next;
      }
      slope = count * (x * value - before) / (x * x - 1);
      const double change = value / slope;
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    nodes[static_cast<std::size_t>(i)] = x;
    weights[static_cast<std::size_t>(i)] = 2 / ((1 - x * x) * slope * slope);
  }
}

}  // namespace rewardpool::internal
