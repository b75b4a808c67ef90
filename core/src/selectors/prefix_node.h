// prefix_node.h - 16 running sums in 128 bytes: the building block of the flat
// and the wide selector, and of the envelope's list of buckets.
#ifndef REWARDPOOL_SELECTORS_PREFIX_NODE_H_
#define REWARDPOOL_SELECTORS_PREFIX_NODE_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace rewardpool::internal {

struct alignas(128) PrefixNode {
  static constexpr std::size_t kChildren = 16;

  // before[c] is the weight of the children 0 to c - 1. Children that do not
  // exist weigh 0, so their entries equal the weight of the whole node.
  std::uint64_t before[kChildren] = {};

  // The child that holds `target`: the last one with before[child] <= target,
  // which always has a weight. Requires target < the weight of the node.
  //
  // Two rounds of three comparisons, without a branch. Comparing all 16 with
  // AVX2 takes no less time from word to child, so there is one path for all
  // platforms (docs/adr/0001-selectors.md).
  [[nodiscard]] std::size_t ChildOf(std::uint64_t target) const noexcept {
    const std::size_t quarter = std::size_t{before[4] <= target} +
                                std::size_t{before[8] <= target} +
                                std::size_t{before[12] <= target};
    const std::uint64_t* const group = before + 4 * quarter;
    return 4 * quarter + std::size_t{group[1] <= target} + std::size_t{group[2] <= target} +
           std::size_t{group[3] <= target};
  }

  // Adds `change` (modulo 2^64, so it may be negative) to a child's weight.
  void Add(std::size_t child, std::uint64_t change) noexcept {
    const std::uint64_t* const is_later = kStep.data() + (kChildren - 1 - child);
    for (std::size_t c = 0; c < kChildren; ++c) before[c] += change & is_later[c];
  }

 private:
  // 16 times no bits, then 16 times all: seen from 15 - child, the mask of the
  // entries after that child.
  static constexpr std::array<std::uint64_t, 2 * kChildren> kStep = [] {
    std::array<std::uint64_t, 2 * kChildren> step{};
    for (std::size_t i = kChildren; i < 2 * kChildren; ++i) step[i] = ~std::uint64_t{0};
    return step;
  }();
};

static_assert(sizeof(PrefixNode) == 128);

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_PREFIX_NODE_H_
