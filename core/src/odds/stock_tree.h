// stock_tree.h - how many units of the finite items their clocks have rung by a
// moment: in all, and in all but one item, for every item at once.
//
// Each item's clock rings as a Poisson process of its rate, and stops at its
// quantity. The numbers of rings are independent, so the distribution of their
// sum is a product, made pair by pair up a binary tree. A function of the sum is
// then averaged down the same tree: at each branch over the other side, so that
// at a leaf what remains is a function of that item's number alone. Only sums of
// products of positive numbers: nothing cancels, and no item's distribution has
// to be divided out again.
//
// Threads: one owner.
#ifndef REWARDPOOL_CORE_SRC_ODDS_STOCK_TREE_H_
#define REWARDPOOL_CORE_SRC_ODDS_STOCK_TREE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "odds/convolution.h"

namespace rewardpool::internal {

// A pile of numbers that all go at once, so that making one is adding to an end.
class NumberPile {
 public:
  // Drops all from `offset` on.
  void Rewind(std::size_t offset) noexcept { size_ = offset; }
  // Returns: where `count` numbers begin. Views of others are then invalid.
  [[nodiscard]] std::size_t Add(std::size_t count) {
    const std::size_t offset = size_;
    size_ += count;
    if (size_ > numbers_.size()) numbers_.resize(size_ + size_ / 2);
    return offset;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] double* at(std::size_t offset) noexcept { return numbers_.data() + offset; }
  [[nodiscard]] const double* at(std::size_t offset) const noexcept {
    return numbers_.data() + offset;
  }

 private:
  std::vector<double> numbers_;
  std::size_t size_ = 0;
};

class StockTree {
 public:
  struct Leaf {
    double rate = 0;
    std::uint64_t quantity = 0;
    std::uint64_t copies = 1;  // equal items
  };

  // `tail`: what may be left out at an edge of any distribution.
  // Requires: leaves are not empty.
  StockTree(std::vector<Leaf> leaves, double tail);

  // Works out the distribution of the sum at this moment > 0.
  void SetTime(double time);

  // A function or a distribution on first, first + 1, ...; until the next call.
  struct View {
    std::uint64_t first = 0;
    std::span<const double> values;
  };
  // P(sum = n).
  [[nodiscard]] View total() const noexcept;
  // P(number of one item of the leaf = n); the last is "that many or more" if it
  // is the quantity.
  [[nodiscard]] View item(std::size_t leaf) const noexcept;

  // Averages `function`, one value for each of total(), over all items but one.
  void Average(std::span<const double> function);
  // E function(n + the sum of all others) for each n of item(leaf).
  [[nodiscard]] View average(std::size_t leaf) const noexcept;

  // Probability that was left out so far, at most, at any one moment.
  [[nodiscard]] double left_out() const noexcept { return left_out_max_; }
  // About how many multiplications SetTime() and Average() take at this moment.
  [[nodiscard]] double set_time_work() const noexcept { return set_time_work_; }
  [[nodiscard]] double average_work() const noexcept { return average_work_; }

 private:
  struct Node {
    std::uint64_t first = 0;
    std::size_t size = 0;
    std::size_t values = 0;    // offset of the distribution
    std::size_t averages = 0;  // offset of the averages
  };
  struct LeafNodes {
    Node item;
    Node others;  // the sum of the other copies; size 0: there is none
  };

  [[nodiscard]] Node ItemAt(const Leaf& leaf, double time);
  [[nodiscard]] Node Sum(const Node& a, const Node& b);
  // The sum of so many independent copies, at least one.
  [[nodiscard]] Node Power(const Node& one, std::uint64_t copies);
  // Averages over `other` what `sum` = one + other holds, for one side of it.
  void AverageOver(const Node& sum, const Node& other, Node& one);
  // Leaves out what is negligible at both edges.
  void Trim(Node& node);
  [[nodiscard]] View ViewOf(const Node& node, std::size_t offset) const noexcept {
    return {node.first, {pile_.at(offset), node.size}};
  }

  std::vector<Leaf> leaves_;
  const double tail_;
  NumberPile pile_;
  Convolver convolver_;
  std::vector<LeafNodes> leaf_nodes_;
  std::vector<std::vector<Node>> levels_;  // the leaves first, the root last
  std::vector<double> scratch_;
  std::size_t averages_begin_ = 0;
  double left_out_ = 0;
  double left_out_max_ = 0;
  double set_time_work_ = 0;
  double average_work_ = 0;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_ODDS_STOCK_TREE_H_
