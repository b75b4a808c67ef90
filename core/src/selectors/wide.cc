#include "selectors/wide.h"

#include <algorithm>

namespace rewardpool::internal {
namespace {

constexpr std::size_t kChildren = PrefixNode::kChildren;

}  // namespace

void WideSelector::Assign(std::span<const Weight> weights) {
  levels_.clear();
  size_ = weights.size();
  std::vector<Weight> sums;
  std::span<const Weight> children = weights;
  do {
    std::vector<PrefixNode>& nodes = levels_.emplace_back(
        std::max<std::size_t>(1, (children.size() + kChildren - 1) / kChildren));
    std::vector<Weight> node_sums(nodes.size());
    for (std::size_t c = 0; c < nodes.size() * kChildren; ++c) {
      nodes[c / kChildren].before[c % kChildren] = node_sums[c / kChildren];
      if (c < children.size()) node_sums[c / kChildren] += children[c];
    }
    sums = std::move(node_sums);
    children = sums;
  } while (children.size() > 1);
  total_ = children[0];
}

Weight WideSelector::WeightAt(ItemIndex index) const noexcept {
  // The next running sum minus one's own. A last child has no next one in its
  // node: its end is its parent's end, minus where the parent starts.
  std::size_t position = index;
  Weight start = 0;
  for (const std::vector<PrefixNode>& nodes : levels_) {
    const PrefixNode& node = nodes[position / kChildren];
    const std::size_t child = position % kChildren;
    start += node.before[child];
    if (child + 1 < kChildren) return node.before[child + 1] - start;
    position /= kChildren;
  }
  return total_ - start;
}

void WideSelector::SetWeight(ItemIndex index, Weight weight) {
  assert(index <= size_);
  if (index == size_) {
    std::size_t positions = ++size_;
    for (std::size_t level = 0; positions > 1 || level == 0; ++level) {
      positions = (positions + kChildren - 1) / kChildren;
      if (level == levels_.size()) {
        // The old root becomes the first child of a new one.
        levels_.emplace_back(1)[0].Add(0, total_);
      }
      if (levels_[level].size() < positions) levels_[level].emplace_back();
    }
  }
  const Weight change = weight - WeightAt(index);
  std::size_t position = index;
  for (std::vector<PrefixNode>& nodes : levels_) {
    nodes[position / kChildren].Add(position % kChildren, change);
    position /= kChildren;
  }
  total_ += change;
}

std::size_t WideSelector::MemoryBytes() const noexcept {
  std::size_t bytes = levels_.capacity() * sizeof(levels_[0]);
  for (const std::vector<PrefixNode>& nodes : levels_) {
    bytes += nodes.capacity() * sizeof(PrefixNode);
  }
  return bytes;
}

}  // namespace rewardpool::internal
