#include "selectors/prefix_sum.h"

#include <numeric>

namespace rewardpool::internal {

void PrefixSumSelector::Assign(std::span<const Weight> weights) {
  sums_.resize(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums_.begin());
}

void PrefixSumSelector::ChangeWeight(ItemIndex index, Weight before, Weight after) {
  assert(index <= sums_.size());
  if (index == sums_.size()) sums_.push_back(total());
  assert(before == WeightAt(index));
  for (std::size_t i = index; i < sums_.size(); ++i) sums_[i] += after - before;
}

}  // namespace rewardpool::internal
