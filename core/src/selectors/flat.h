// flat.h - all running sums in a row, compared without a branch.
//
// Up to 16 items they are one node of 128 bytes: the quickest draw there is.
// Larger pools work, but cost O(n / 16) a draw and a change of weight.
#ifndef REWARDPOOL_SELECTORS_FLAT_H_
#define REWARDPOOL_SELECTORS_FLAT_H_

#include <vector>

#include "selectors/bulk_selector.h"
#include "selectors/prefix_node.h"

namespace rewardpool::internal {

class FlatSelector final : public BulkSelector<FlatSelector> {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "flat"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return size_; }
  [[nodiscard]] Weight total() const noexcept override { return total_; }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override;
  void SetWeight(ItemIndex index, Weight weight) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override {
    return nodes_.capacity() * sizeof(PrefixNode);
  }

#ifdef __wasm_simd128__
  [[nodiscard]] std::size_t DrawMany(Random& random, Stock& stock,
                                     std::span<ItemIndex> picks) override;
#endif

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) const noexcept {
    const std::uint64_t target = UniformBelow(words, total_);
    // The last node that starts at or before the target: a node that starts
    // with the total, or an item of weight 0, is passed over by itself.
    std::size_t node = 0;
    for (std::size_t n = 1; n < nodes_.size(); ++n) {
      node += std::size_t{nodes_[n].before[0] <= target};
    }
    return static_cast<ItemIndex>(node * PrefixNode::kChildren + nodes_[node].ChildOf(target));
  }

 private:
#ifdef __wasm_simd128__
  std::size_t DrawAtOnce(Random& random, Stock& stock, std::span<ItemIndex> picks);
#endif

  // Sums run over the whole row: nodes_[n].before[c] is the weight of all
  // positions before 16 n + c. Never empty.
  std::vector<PrefixNode> nodes_ = std::vector<PrefixNode>(1);
  std::size_t size_ = 0;
  Weight total_ = 0;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_FLAT_H_
