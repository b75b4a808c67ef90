#include "selectors/linear.h"

#include <numeric>

namespace rewardpool::internal {

void LinearSelector::Assign(std::span<const Weight> weights) {
  weights_.assign(weights.begin(), weights.end());
  total_ = std::accumulate(weights_.begin(), weights_.end(), Weight{0});
}

void LinearSelector::SetWeight(ItemIndex index, Weight weight) {
  assert(index <= weights_.size());
  if (index == weights_.size()) weights_.push_back(0);
  total_ += weight - weights_[index];
  weights_[index] = weight;
}

}  // namespace rewardpool::internal
