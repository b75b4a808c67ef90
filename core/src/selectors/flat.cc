#include "selectors/flat.h"

#include <algorithm>
#include <iterator>

namespace rewardpool::internal {

void FlatSelector::Assign(std::span<const Weight> weights) {
  constexpr std::size_t kChildren = PrefixNode::kChildren;
  nodes_.resize(std::max<std::size_t>(1, (weights.size() + kChildren - 1) / kChildren));
  size_ = weights.size();
  total_ = 0;
  for (std::size_t i = 0; i < nodes_.size() * kChildren; ++i) {
    nodes_[i / kChildren].before[i % kChildren] = total_;
    if (i < weights.size()) total_ += weights[i];
  }
}

Weight FlatSelector::WeightAt(ItemIndex index) const noexcept {
  constexpr std::size_t kChildren = PrefixNode::kChildren;
  const std::size_t next = std::size_t{index} + 1;
  const Weight end = next == size_ ? total_ : nodes_[next / kChildren].before[next % kChildren];
  return end - nodes_[index / kChildren].before[index % kChildren];
}

void FlatSelector::SetWeight(ItemIndex index, Weight weight) {
  constexpr std::size_t kChildren = PrefixNode::kChildren;
  assert(index <= size_);
  if (index == size_) {
    if (size_ == nodes_.size() * kChildren) {
      PrefixNode& node = nodes_.emplace_back();
      std::fill(std::begin(node.before), std::end(node.before), total_);
    }
    ++size_;
  }
  const Weight change = weight - WeightAt(index);
  std::size_t node = index / kChildren;
  nodes_[node].Add(index % kChildren, change);
  while (++node < nodes_.size()) {
    for (std::uint64_t& before : nodes_[node].before) before += change;
  }
  total_ += change;
}

}  // namespace rewardpool::internal
