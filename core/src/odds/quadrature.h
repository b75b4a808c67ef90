// quadrature.h - the rule that integrates polynomials best.
#ifndef REWARDPOOL_CORE_SRC_ODDS_QUADRATURE_H_
#define REWARDPOOL_CORE_SRC_ODDS_QUADRATURE_H_

#include <vector>

namespace rewardpool::internal {

// Gauss and Legendre's nodes and weights on [-1, 1]: exact for polynomials of a
// degree below twice the number of nodes. Increasing nodes.
struct GaussRule {
  explicit GaussRule(int count);

  std::vector<double> nodes;
  std::vector<double> weights;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_ODDS_QUADRATURE_H_
