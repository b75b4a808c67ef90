// prefix_sum.h - running sums and a binary search: O(log n) a draw, O(n) a
// change of weight. The textbook structure for pools that seldom change.
#ifndef REWARDPOOL_SELECTORS_PREFIX_SUM_H_
#define REWARDPOOL_SELECTORS_PREFIX_SUM_H_

#include <algorithm>
#include <vector>

#include "selectors/bulk_selector.h"

namespace rewardpool::internal {

class PrefixSumSelector final : public BulkSelector<PrefixSumSelector> {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "prefix-sum"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return sums_.size(); }
  [[nodiscard]] Weight total() const noexcept override { return sums_.empty() ? 0 : sums_.back(); }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override {
    return sums_[index] - (index == 0 ? 0 : sums_[index - 1]);
  }
  void ChangeWeight(ItemIndex index, Weight before, Weight after) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override {
    return sums_.capacity() * sizeof(Weight);
  }

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) const noexcept {
    const std::uint64_t target = UniformBelow(words, sums_.back());
    return static_cast<ItemIndex>(std::upper_bound(sums_.begin(), sums_.end(), target) -
                                  sums_.begin());
  }

 private:
  std::vector<Weight> sums_;  // sums_[i] = weight[0] + ... + weight[i]
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_PREFIX_SUM_H_
