#include "selectors/wide.h"

#include <cassert>
#include <numeric>
#include <vector>

#include "small_code.h"

namespace rewardpool::internal {

RP_SMALL_CODE void WideSelector::Assign(std::span<const Weight> weights) {
  size_ = weights.size();
  total_ = std::accumulate(weights.begin(), weights.end(), Weight{0});
  is_narrow_ = total_ <= kNarrowSumMax;
  narrow_ = {};
  full_ = {};
  if (is_narrow_) {
    narrow_.Assign(weights);
  } else {
    full_.Assign(weights);
  }
}

Weight WideSelector::WeightAt(ItemIndex index) const noexcept {
  return is_narrow_ ? narrow_.WeightAt(index, total_) : full_.WeightAt(index, total_);
}

RP_SMALL_CODE void WideSelector::SetWeight(ItemIndex index, Weight weight) {
  assert(index <= size_);
  const Weight before = index == size_ ? 0 : WeightAt(index);
  if (is_narrow_ && total_ - before + weight > kNarrowSumMax) Widen();
  const auto set = [&](auto& tree) {
    if (index == size_) tree.Append(++size_, total_);
    tree.Add(index, weight - before);
  };
  is_narrow_ ? set(narrow_) : set(full_);
  total_ += weight - before;
}

RP_SMALL_CODE void WideSelector::Widen() {
  std::vector<Weight> weights(size_);
  for (ItemIndex index = 0; index < size_; ++index) weights[index] = WeightAt(index);
  full_.Assign(weights);
  narrow_ = {};
  is_narrow_ = false;
}

RP_SMALL_CODE std::size_t WideSelector::MemoryBytes() const noexcept {
  return narrow_.MemoryBytes() + full_.MemoryBytes();
}

}  // namespace rewardpool::internal
