#include "selectors/fenwick.h"

namespace rewardpool::internal {
namespace {

std::size_t LowestBit(std::size_t value) noexcept { return value & (~value + 1); }

}  // namespace

void FenwickSelector::Assign(std::span<const Weight> weights) {
  tree_.assign(weights.size() + 1, 0);
  total_ = 0;
  for (std::size_t node = 1; node < tree_.size(); ++node) {
    total_ += weights[node - 1];
    tree_[node] += weights[node - 1];
    const std::size_t parent = node + LowestBit(node);
    if (parent < tree_.size()) tree_[parent] += tree_[node];
  }
}

Weight FenwickSelector::WeightAt(ItemIndex index) const noexcept {
  const std::size_t node = std::size_t{index} + 1;
  const std::size_t first = node - LowestBit(node);
  Weight weight = tree_[node];
  for (std::size_t child = node - 1; child != first; child -= LowestBit(child)) {
    weight -= tree_[child];
  }
  return weight;
}

Weight FenwickSelector::WeightBefore(ItemIndex index) const noexcept {
  assert(index <= size());
  Weight sum = 0;
  for (std::size_t node = index; node != 0; node -= LowestBit(node)) sum += tree_[node];
  return sum;
}

void FenwickSelector::ChangeWeight(ItemIndex index, Weight before, Weight after) {
  assert(index <= size());
  if (index == size()) {
    // The new node sums what its children already hold, and a weight of 0.
    const std::size_t node = tree_.size();
    Weight sum = 0;
    for (std::size_t child = node - 1; child != node - LowestBit(node); child -= LowestBit(child)) {
      sum += tree_[child];
    }
    tree_.push_back(sum);
  }
  assert(before == WeightAt(index));
  const Weight change = after - before;
  for (std::size_t node = std::size_t{index} + 1; node < tree_.size(); node += LowestBit(node)) {
    tree_[node] += change;
  }
  total_ += change;
}

}  // namespace rewardpool::internal
