#include "odds/stock_tree.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "odds/discrete.h"

namespace rewardpool::internal {

StockTree::StockTree(std::vector<Leaf> leaves, double tail)
    : leaves_(std::move(leaves)), tail_(tail), leaf_nodes_(leaves_.size()) {
  assert(!leaves_.empty());
}

void StockTree::SetTime(double time) {
  pile_.Rewind(0);
  left_out_ = 0;
  set_time_work_ = 0;
  average_work_ = 0;
  levels_.resize(1);
  levels_[0].clear();
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    const Leaf& leaf = leaves_[i];
    LeafNodes& nodes = leaf_nodes_[i];
    nodes.item = ItemAt(leaf, time);
    nodes.others = Node();
    if (leaf.copies == 1) {
      levels_[0].push_back(nodes.item);
    } else {
      nodes.others = Power(nodes.item, leaf.copies - 1);
      levels_[0].push_back(Sum(nodes.item, nodes.others));
      average_work_ += Convolver::Work(nodes.item.size, nodes.others.size);
    }
  }
  while (levels_.back().size() > 1) {
    const std::vector<Node> below = levels_.back();
    std::vector<Node> level;
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(Sum(below[i], below[i + 1]));
      average_work_ += 2 * Convolver::Work(below[i].size, below[i + 1].size);
    }
    if (below.size() % 2 == 1) level.push_back(below.back());
    levels_.push_back(std::move(level));
  }
  averages_begin_ = pile_.size();
  left_out_max_ = std::max(left_out_max_, left_out_);
}

StockTree::View StockTree::total() const noexcept {
  const Node& root = levels_.back().front();
  return ViewOf(root, root.values);
}

StockTree::View StockTree::item(std::size_t leaf) const noexcept {
  const Node& node = leaf_nodes_[leaf].item;
  return ViewOf(node, node.values);
}

StockTree::View StockTree::average(std::size_t leaf) const noexcept {
  const Node& node = leaf_nodes_[leaf].item;
  return ViewOf(node, node.averages);
}

void StockTree::Average(std::span<const double> function) {
  pile_.Rewind(averages_begin_);
  Node& root = levels_.back().front();
  assert(function.size() == root.size);
  root.averages = pile_.Add(root.size);
  std::copy(function.begin(), function.end(), pile_.at(root.averages));
  for (std::size_t height = levels_.size() - 1; height > 0; --height) {
    std::vector<Node>& below = levels_[height - 1];
    for (std::size_t i = 0; i < levels_[height].size(); ++i) {
      const Node sum = levels_[height][i];
      if (2 * i + 1 == below.size()) {
        below[2 * i].averages = sum.averages;
        continue;
      }
      AverageOver(sum, below[2 * i + 1], below[2 * i]);
      AverageOver(sum, below[2 * i], below[2 * i + 1]);
    }
  }
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    LeafNodes& nodes = leaf_nodes_[i];
    if (nodes.others.size == 0) {
      nodes.item.averages = levels_[0][i].averages;
    } else {
      AverageOver(levels_[0][i], nodes.others, nodes.item);
    }
  }
}

StockTree::Node StockTree::ItemAt(const Leaf& leaf, double time) {
  const double mean = leaf.rate * time;
  PoissonRange range{leaf.quantity, leaf.quantity};
  const auto quantity = static_cast<double>(leaf.quantity);
  if (mean < quantity || PoissonTailBound(quantity, mean) >= tail_)
    range = PoissonBulk(mean, tail_);
  Node node;
  node.first = std::min(range.low, leaf.quantity);
  const std::uint64_t last = std::min(range.high, leaf.quantity);
  node.size = static_cast<std::size_t>(last - node.first + 1);
  node.values = pile_.Add(node.size);
  const std::span<double> values(pile_.at(node.values), node.size);
  PoissonTerms(node.first, mean, values);
  if (last == leaf.quantity) values.back() = PoissonAtLeast(leaf.quantity, mean);
  left_out_ += 2 * tail_ * static_cast<double>(leaf.copies);
  set_time_work_ += 20 + static_cast<double>(node.size);
  return node;
}

StockTree::Node StockTree::Sum(const Node& a, const Node& b) {
  Node node;
  node.first = a.first + b.first;
  node.size = a.size + b.size - 1;
  node.values = pile_.Add(node.size);
  convolver_.Convolve({pile_.at(a.values), a.size}, {pile_.at(b.values), b.size},
                      {pile_.at(node.values), node.size});
  set_time_work_ += Convolver::Work(a.size, b.size);
  Trim(node);
  return node;
}

StockTree::Node StockTree::Power(const Node& one, std::uint64_t copies) {
  Node power = one;
  Node product;
  bool has_product = false;
  for (;; copies /= 2) {
    if (copies % 2 == 1) {
      product = has_product ? Sum(product, power) : power;
      has_product = true;
    }
    if (copies <= 1) return product;
    // What this leaves out is missing in each of the copies it stands for.
    const double left_out_before = left_out_;
    power = Sum(power, power);
    const std::uint64_t stands_for = copies / 2;
    left_out_ += (left_out_ - left_out_before) * static_cast<double>(stands_for);
  }
}

void StockTree::AverageOver(const Node& sum, const Node& other, Node& one) {
  // What was left out of the sum counts as 0 here.
  const std::size_t size = one.size + other.size - 1;
  one.averages = pile_.Add(one.size);
  const double* function = pile_.at(sum.averages);
  if (sum.size != size) {
    scratch_.assign(size, 0.0);
    std::copy_n(function, sum.size, scratch_.data() + (sum.first - one.first - other.first));
    function = scratch_.data();
  }
  convolver_.Correlate({function, size}, {pile_.at(other.values), other.size},
                       {pile_.at(one.averages), one.size});
}

void StockTree::Trim(Node& node) {
  const double* const values = pile_.at(node.values);
  double sum = 0;
  std::size_t low = 0;
  while (low + 1 < node.size && sum + values[low] < tail_) sum += values[low++];
  left_out_ += sum;
  sum = 0;
  std::size_t high = node.size;
  while (high > low + 1 && sum + values[high - 1] < tail_) sum += values[--high];
  left_out_ += sum;
  node.first += low;
  node.values += low;
  node.size = high - low;
}

}  // namespace rewardpool::internal
