// prefix_guide.h - where to begin the search in a row of running sums, for each part
// of their range: O(1) a draw, expected, whatever the weights; O(n) a change.
//
// The range of the sums is cut into parts of one length, two to four for each
// position, and of each it is known which position its beginning falls on. From there
// on the search goes step by step, and as each part is as likely as any other, it takes
// half a step on average, even if nearly all positions lie in one part. (The indexed
// search of Chen and Asau, "On generating random variates from an empirical
// distribution", AIIE Transactions 6, 1974.)
#ifndef REWARDPOOL_SELECTORS_PREFIX_GUIDE_H_
#define REWARDPOOL_SELECTORS_PREFIX_GUIDE_H_

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rewardpool/item.h"
#include "small_code.h"

namespace rewardpool::internal {

// `Sum` can hold the sum of all weights.
template <typename Sum>
class PrefixGuide {
 public:
  // A position has 16 bits here: of a pool in the nearest cache, all of this stays there.
  static constexpr std::size_t kPositionsMax = std::size_t{1} << 16;

  // Makes room for so many positions, so that Assign() need not allocate.
  RP_SMALL_CODE void Reserve(std::size_t size) {
    if (begins_.capacity() >= size + kSteps) return;
    const std::size_t room = std::max(size, begins_.capacity() + begins_.capacity() / 2);
    begins_.reserve(room + kSteps);
    first_.reserve(std::size_t{1} << PartsBits(room));
  }

  // To `size` positions, whose sums begin at begin_of(position) and end at `total`.
  // Requires a total above 0 and a size from 1 to kPositionsMax. Cost: O(size);
  // allocates if `size` grows.
  template <typename BeginOf>
  RP_SMALL_CODE void Assign(std::size_t size, Weight total, const BeginOf& begin_of) {
    assert(total > 0 && size > 0 && size <= kPositionsMax);
    begins_.resize(size + kSteps);
    for (std::size_t position = 0; position < begins_.size(); ++position) {
      begins_[position] = static_cast<Sum>(position < size ? begin_of(position) : total);
    }

    const int parts_bits = PartsBits(size);
    const auto sum_bits = static_cast<int>(std::bit_width(total - 1));
    shift_ = sum_bits > parts_bits ? sum_bits - parts_bits : 0;
    first_.resize(static_cast<std::size_t>((total - 1) >> shift_) + 1);
    std::size_t position = 0;
    for (std::size_t part = 0; part < first_.size(); ++part) {
      while (begins_[position + 1] <= static_cast<Sum>(Weight{part} << shift_)) ++position;
      first_[part] = static_cast<std::uint16_t>(position);
    }
  }

  // The position that holds `target`. Requires target < the sum of all weights.
  [[nodiscard]] std::size_t PositionOf(Sum target) const noexcept {
    return PositionFrom(first_[static_cast<std::size_t>(target >> shift_)], target,
                        begins_.data() + 1);
  }
  // PositionOf() of each. Requires as many positions as targets.
  void PositionsOf(std::span<const Sum> targets, std::span<ItemIndex> positions) const noexcept {
    assert(targets.size() == positions.size());
    // In registers: for all that a compiler knows, a position is written over these.
    const std::uint16_t* const first = first_.data();
    const Sum* const ends = begins_.data() + 1;
    const int shift = shift_;
    for (std::size_t k = 0; k < targets.size(); ++k) {
      positions[k] = static_cast<ItemIndex>(
          PositionFrom(first[static_cast<std::size_t>(targets[k] >> shift)], targets[k], ends));
    }
  }
  // The sum of the weights of all positions before this one.
  [[nodiscard]] Sum BeginOf(std::size_t position) const noexcept { return begins_[position]; }

  [[nodiscard]] RP_SMALL_CODE std::size_t MemoryBytes() const noexcept {
    return begins_.capacity() * sizeof(Sum) + first_.capacity() * sizeof(std::uint16_t);
  }

 private:
  static constexpr std::size_t kSteps = 4;

  // Two to four parts a position, if the sum of all weights is as large as that.
  [[nodiscard]] static int PartsBits(std::size_t size) noexcept {
    return static_cast<int>(std::bit_width(size)) + 1;
  }

  // The position that holds `target`, at `position` or after it.
  [[nodiscard]] static std::size_t PositionFrom(std::size_t position, Sum target,
                                                const Sum* ends) noexcept {
    // Some steps at once are quicker than to guess how many are needed.
    const std::size_t steps = StepsTo(target, ends + position);
    position += steps;
    if (steps == kSteps) [[unlikely]] {
      while (ends[position] <= target) ++position;
    }
    return position;
  }

  // How many of the next kSteps positions end before `target`, or at it.
  [[nodiscard]] static std::size_t StepsTo(Sum target, const Sum* ends) noexcept {
    std::size_t steps = 0;
    for (std::size_t i = 0; i < kSteps; ++i) steps += std::size_t{ends[i] <= target};
    return steps;
  }

  // Where each position begins, and kSteps times the sum of all: an end of the last, and
  // more for those who take kSteps at once from there.
  std::vector<Sum> begins_;
  // first_[i]: the position that holds i << shift_.
  std::vector<std::uint16_t> first_;
  int shift_ = 0;
};

#ifdef __wasm_simd128__
// Signed, which is quicker and makes no difference below 2^31.
template <>
[[nodiscard]] inline std::size_t PrefixGuide<std::uint32_t>::StepsTo(
    std::uint32_t target, const std::uint32_t* ends) noexcept {
  const v128_t targets = wasm_i32x4_splat(static_cast<std::int32_t>(target));
  const auto after =
      static_cast<std::uint32_t>(wasm_i32x4_bitmask(wasm_i32x4_gt(wasm_v128_load(ends), targets)));
  return static_cast<std::size_t>(std::countr_zero(after | 1U << kSteps));
}
#endif

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_PREFIX_GUIDE_H_
