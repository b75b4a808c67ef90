// flat.h - all running sums in a row, compared without a branch.
//
// Up to 16 items they are one node of 128 bytes: the quickest draw there is.
// Larger pools work, but cost O(n / 16) a draw and a change of weight.
#ifndef REWARDPOOL_SELECTORS_FLAT_H_
#define REWARDPOOL_SELECTORS_FLAT_H_

#include <vector>

#include "selectors/bulk_selector.h"
#include "selectors/prefix_node.h"

#ifdef __wasm_simd128__
#include "selectors/wide.h"
#endif

namespace rewardpool::internal {

#ifdef __wasm_simd128__

// A tree of one node places many words at once, and its picks are the same.
using FlatSelector = WideSelector;

#else

class FlatSelector final : public BulkSelector<FlatSelector> {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "flat"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return size_; }
  [[nodiscard]] Weight total() const noexcept override { return total_; }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override;
  void ChangeWeight(ItemIndex index, Weight before, Weight after) override;
  [[nodiscard]] std::size_t DrawMany(Random& random, Stock& stock,
                                     std::span<ItemIndex> picks) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override {
    return later_nodes_.capacity() * sizeof(PrefixNode);
  }

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) const noexcept {
    const std::uint64_t target = UniformBelow(words, total_);
    // The last node that starts at or before the target: a node that starts
    // with the total, or an item of weight 0, is passed over by itself.
    std::size_t node = 0;
    for (const PrefixNode& later : later_nodes_) node += std::size_t{later.before[0] <= target};
    return static_cast<ItemIndex>(node * PrefixNode::kChildren + NodeAt(node).ChildOf(target));
  }

 private:
  [[nodiscard]] const PrefixNode& NodeAt(std::size_t node) const noexcept {
    return node == 0 ? first_node_ : later_nodes_[node - 1];
  }
  [[nodiscard]] PrefixNode& NodeAt(std::size_t node) noexcept {
    return node == 0 ? first_node_ : later_nodes_[node - 1];
  }

  // Sets the weight of a child of the first node, the only one, to 0.
  // `total`: total(). Returns: total() from now on.
  Weight TakeOut(std::size_t child, Weight total) noexcept;
  std::size_t DrawFromOneNode(Random& random, Stock& stock, std::span<ItemIndex> picks);

  std::size_t size_ = 0;
  Weight total_ = 0;
  // Sums run over the whole row: before[c] of node n is the weight of all
  // positions before 16 n + c. The first node lies in here: of many small pools
  // none is in the cache when its turn comes, and then there is less to wait for.
  std::vector<PrefixNode> later_nodes_;
  PrefixNode first_node_;
};

#endif  // defined(__wasm_simd128__)

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_FLAT_H_
