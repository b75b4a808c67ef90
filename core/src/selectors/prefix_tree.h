// prefix_tree.h - a tree of running sums, 16 children a node.
//
// Invariants:
//   (1) levels_[0] holds the positions, 16 to a node; node k of one level is
//       child k % 16 of node k / 16 of the next. The last level is the root.
//   (2) Each node holds the running sums of its own children only, so a
//       change touches one node a level.
// Nodes are found by arithmetic: there are no pointers to chase, and a search
// has no branch that depends on the random word.
#ifndef REWARDPOOL_SELECTORS_PREFIX_TREE_H_
#define REWARDPOOL_SELECTORS_PREFIX_TREE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "rewardpool/item.h"
#include "selectors/prefix_node.h"
#include "small_code.h"

namespace rewardpool::internal {

// `Sum` can hold the sum of all weights.
template <typename Sum>
class PrefixTree {
 public:
  // Holds `weights`, position by position. Cost: O(n).
  RP_SMALL_CODE void Assign(std::span<const Weight> weights) {
    levels_.clear();
    std::vector<Weight> sums;
    std::span<const Weight> children = weights;
    do {
      std::vector<Node>& nodes = levels_.emplace_back(
          std::max<std::size_t>(1, (children.size() + kChildren - 1) / kChildren));
      std::vector<Weight> node_sums(nodes.size());
      for (std::size_t c = 0; c < nodes.size() * kChildren; ++c) {
        nodes[c / kChildren].before[c % kChildren] = static_cast<Sum>(node_sums[c / kChildren]);
        if (c < children.size()) node_sums[c / kChildren] += children[c];
      }
      sums = std::move(node_sums);
      children = sums;
    } while (children.size() > 1);
  }

  // Makes room for `size` positions, one more than before. `total`: of the others.
  RP_SMALL_CODE void Append(std::size_t size, Weight total) {
    std::size_t positions = size;
    for (std::size_t level = 0; positions > 1 || level == 0; ++level) {
      positions = (positions + kChildren - 1) / kChildren;
      if (level == levels_.size()) {
        // The old root becomes the first child of a new one.
        levels_.emplace_back(1)[0].Add(0, static_cast<Sum>(total));
      }
      if (levels_[level].size() < positions) levels_[level].emplace_back();
    }
  }

  // Adds `change` (modulo 2^64, so it may be negative) to a position's weight.
  void Add(std::size_t position, Weight change) noexcept {
    for (std::vector<Node>& nodes : levels_) {
      nodes[position / kChildren].Add(position % kChildren, static_cast<Sum>(change));
      position /= kChildren;
    }
  }

  // `total`: of all weights.
  [[nodiscard]] Weight WeightAt(std::size_t position, Weight total) const noexcept {
    // The next running sum minus one's own. A last child has no next one in its
    // node: its end is its parent's end, minus where the parent starts.
    Weight start = 0;
    for (const std::vector<Node>& nodes : levels_) {
      const Node& node = nodes[position / kChildren];
      const std::size_t child = position % kChildren;
      start += static_cast<Weight>(node.before[child]);
      if (child + 1 < kChildren) return static_cast<Weight>(node.before[child + 1]) - start;
      position /= kChildren;
    }
    return total - start;
  }

  // The sum of the weights of all positions before this one.
  [[nodiscard]] Weight BeginOf(std::size_t position) const noexcept {
    Weight begin = 0;
    for (const std::vector<Node>& nodes : levels_) {
      begin += static_cast<Weight>(nodes[position / kChildren].before[position % kChildren]);
      position /= kChildren;
    }
    return begin;
  }

  // The position that holds `target`. Requires target < the sum of all weights.
  [[nodiscard]] std::size_t PositionOf(std::uint64_t target) const noexcept {
    auto rest = static_cast<Sum>(target);
    std::size_t position = 0;
    // Not one loop: without knowing its length it takes a tenth longer.
    switch (levels_.size()) {
      default:
        for (std::size_t level = levels_.size(); level-- > 3;) Descend(level, position, rest);
        [[fallthrough]];
      case 3:
        Descend(2, position, rest);
        [[fallthrough]];
      case 2:
        Descend(1, position, rest);
        [[fallthrough]];
      case 1:
        Descend(0, position, rest);
    }
    return position;
  }

  [[nodiscard]] const PrefixNodeOf<Sum>& root() const noexcept { return levels_.back()[0]; }
  // Of `size` positions.
  [[nodiscard]] std::size_t RootChildren(std::size_t size) const noexcept {
    return levels_.size() == 1 ? size : levels_[levels_.size() - 2].size();
  }
  // PositionOf(target), which `child` of the root holds.
  [[nodiscard]] std::size_t PositionBelowRoot(std::size_t child, Sum target) const noexcept {
    target -= root().before[child];
    for (std::size_t level = levels_.size() - 1; level-- > 0;) Descend(level, child, target);
    return child;
  }

  [[nodiscard]] RP_SMALL_CODE std::size_t MemoryBytes() const noexcept {
    std::size_t bytes = levels_.capacity() * sizeof(levels_[0]);
    for (const std::vector<Node>& nodes : levels_) bytes += nodes.capacity() * sizeof(Node);
    return bytes;
  }

 private:
  using Node = PrefixNodeOf<Sum>;
  static constexpr std::size_t kChildren = Node::kChildren;

  // From a node of this level to its child that holds `rest`.
  void Descend(std::size_t level, std::size_t& position, Sum& rest) const noexcept {
    const Node& node = levels_[level][position];
    const std::size_t child = node.ChildOf(rest);
    rest -= node.before[child];
    position = position * kChildren + child;
  }

  std::vector<std::vector<Node>> levels_ = {std::vector<Node>(1)};
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_PREFIX_TREE_H_
