// prefix_node.h - 16 running sums in a row: the building block of the flat and
// the wide selector.
#ifndef REWARDPOOL_SELECTORS_PREFIX_NODE_H_
#define REWARDPOOL_SELECTORS_PREFIX_NODE_H_

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rewardpool::internal {

template <typename Sum>
struct alignas(16 * sizeof(Sum)) PrefixNodeOf {
  static constexpr std::size_t kChildren = 16;

  // before[c] is the weight of the children 0 to c - 1. Children that do not
  // exist weigh 0, so their entries equal the weight of the whole node.
  Sum before[kChildren] = {};

  // The child that holds `target`: the last one with before[child] <= target,
  // which always has a weight. Requires target < the weight of the node.
  //
  // Two rounds of three comparisons, without a branch. Comparing all 16 with
  // AVX2 takes no less time from word to child, so there is one path for all
  // native platforms (docs/adr/0001-selectors.md).
  [[nodiscard]] std::size_t ChildOf(Sum target) const noexcept {
    const std::size_t quarter = std::size_t{before[4] <= target} +
                                std::size_t{before[8] <= target} +
                                std::size_t{before[12] <= target};
    const Sum* const group = before + 4 * quarter;
    return 4 * quarter + std::size_t{group[1] <= target} + std::size_t{group[2] <= target} +
           std::size_t{group[3] <= target};
  }

  // Adds `change` (modulo the range of Sum, so it may be negative) to a child's
  // weight.
  void Add(std::size_t child, Sum change) noexcept {
    const Sum* const is_later = kStep.data() + (kChildren - 1 - child);
    for (std::size_t c = 0; c < kChildren; ++c) before[c] += change & is_later[c];
  }

 private:
  // 16 times no bits, then 16 times all: seen from 15 - child, the mask of the
  // entries after that child.
  static constexpr std::array<Sum, 2 * kChildren> kStep = [] {
    std::array<Sum, 2 * kChildren> step{};
    for (std::size_t i = kChildren; i < 2 * kChildren; ++i) step[i] = static_cast<Sum>(~Sum{0});
    return step;
  }();
};

using PrefixNode = PrefixNodeOf<std::uint64_t>;
static_assert(sizeof(PrefixNode) == 128);

// For weights whose sum is below 2^31: one cache line.
using NarrowPrefixNode = PrefixNodeOf<std::uint32_t>;
inline constexpr std::uint64_t kNarrowSumMax = 0x7FFF'FFFF;
static_assert(sizeof(NarrowPrefixNode) == 64);

#ifdef __wasm_simd128__
// In WebAssembly a comparison takes so many instructions that comparing all 16
// is quicker: it gives the mask of the children after the target.
template <>
[[nodiscard]] inline std::size_t NarrowPrefixNode::ChildOf(std::uint32_t target) const noexcept {
  // Signed, which is quicker and makes no difference below 2^31.
  const v128_t targets = wasm_i32x4_splat(static_cast<std::int32_t>(target));
  const auto is_after = [&](std::size_t first) {
    return wasm_i32x4_gt(wasm_v128_load(before + first), targets);
  };
  const v128_t after = wasm_i8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(is_after(0), is_after(4)),
                                               wasm_i16x8_narrow_i32x4(is_after(8), is_after(12)));
  const auto mask = static_cast<std::uint32_t>(wasm_i8x16_bitmask(after));
  return static_cast<std::size_t>(std::countr_zero(mask | 1U << kChildren)) - 1;
}
#endif

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_PREFIX_NODE_H_
