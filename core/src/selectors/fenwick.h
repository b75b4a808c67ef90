// fenwick.h - a binary indexed tree: O(log n) a draw and a change of weight.
//
// Source: P. Fenwick, "A New Data Structure for Cumulative Frequency Tables",
// Software: Practice and Experience 24(3), 1994. Kept as the classic that the
// faster selectors are measured against.
#ifndef REWARDPOOL_SELECTORS_FENWICK_H_
#define REWARDPOOL_SELECTORS_FENWICK_H_

#include <bit>
#include <vector>

#include "selectors/bulk_selector.h"

namespace rewardpool::internal {

class FenwickSelector final : public BulkSelector<FenwickSelector> {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "fenwick"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return tree_.size() - 1; }
  [[nodiscard]] Weight total() const noexcept override { return total_; }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override;
  // Sum of the weights of all positions before this one. Requires index <= size().
  [[nodiscard]] Weight WeightBefore(ItemIndex index) const noexcept;
  void ChangeWeight(ItemIndex index, Weight before, Weight after) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override {
    return tree_.capacity() * sizeof(Weight);
  }

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) const noexcept {
    std::uint64_t remainder = UniformBelow(words, total_);
    std::size_t node = 0;
    for (std::size_t step = std::bit_floor(size()); step != 0; step /= 2) {
      const std::size_t next = node + step;
      if (next < tree_.size() && tree_[next] <= remainder) {
        node = next;
        remainder -= tree_[next];
      }
    }
    return static_cast<ItemIndex>(node);
  }

 private:
  // tree_[k] sums the LowestBit(k) weights that end with weight[k - 1];
  // tree_[0] is unused.
  std::vector<Weight> tree_ = {0};
  Weight total_ = 0;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_FENWICK_H_
