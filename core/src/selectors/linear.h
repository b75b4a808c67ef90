// linear.h - the weights in a row, scanned from the start: O(n) a draw.
//
// Too simple to be wrong, so it judges the other selectors in tests.
#ifndef REWARDPOOL_SELECTORS_LINEAR_H_
#define REWARDPOOL_SELECTORS_LINEAR_H_

#include <vector>

#include "selectors/bulk_selector.h"

namespace rewardpool::internal {

class LinearSelector final : public BulkSelector<LinearSelector> {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "linear"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return weights_.size(); }
  [[nodiscard]] Weight total() const noexcept override { return total_; }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override { return weights_[index]; }
  void ChangeWeight(ItemIndex index, Weight before, Weight after) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override {
    return weights_.capacity() * sizeof(Weight);
  }

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) const noexcept {
    std::uint64_t remainder = UniformBelow(words, total_);
    ItemIndex index = 0;
    while (remainder >= weights_[index]) remainder -= weights_[index++];
    return index;
  }

 private:
  std::vector<Weight> weights_;
  Weight total_ = 0;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_LINEAR_H_
