// wide.h - a tree of 16 children a node: O(log16 n) a draw and a change.
//
// Invariants:
//   (1) levels_[0] holds the positions, 16 to a node; node k of one level is
//       child k % 16 of node k / 16 of the next. The last level is the root.
//   (2) Each node holds the running sums of its own children only, so a
//       change touches one node a level.
// Nodes are found by arithmetic: there are no pointers to chase, and a search
// has no branch that depends on the random word.
#ifndef REWARDPOOL_SELECTORS_WIDE_H_
#define REWARDPOOL_SELECTORS_WIDE_H_

#include <vector>

#include "selectors/bulk_selector.h"
#include "selectors/prefix_node.h"

namespace rewardpool::internal {

class WideSelector final : public BulkSelector<WideSelector> {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "wide"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return size_; }
  [[nodiscard]] Weight total() const noexcept override { return total_; }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override;
  void SetWeight(ItemIndex index, Weight weight) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override;

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) const noexcept {
    std::uint64_t target = UniformBelow(words, total_);
    std::size_t index = 0;
    for (std::size_t level = levels_.size(); level-- > 0;) {
      const PrefixNode& node = levels_[level][index];
      const std::size_t child = node.ChildOf(target);
      target -= node.before[child];
      index = index * PrefixNode::kChildren + child;
    }
    return static_cast<ItemIndex>(index);
  }

 private:
  std::vector<std::vector<PrefixNode>> levels_ = {std::vector<PrefixNode>(1)};
  std::size_t size_ = 0;
  Weight total_ = 0;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_WIDE_H_
