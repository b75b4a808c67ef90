#include "selectors/linear.h"

#include <numeric>

namespace rewardpool::internal {

void LinearSelector::Assign(std::span<const Weight> weights) {
  weights_.assign(weights.begin(), weights.end());
  total_ = std::accumulate(weights_.begin(), weights_.end(), Weight{0});
}

void LinearSelector::ChangeWeight(ItemIndex index, Weight before, Weight after) {
  assert(index <= weights_.size());
  if (index == weights_.size()) weights_.push_back(0);
  assert(before == weights_[index]);
  total_ += after - before;
  weights_[index] = after;
}

}  // namespace rewardpool::internal
