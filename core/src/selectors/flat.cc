#include "selectors/flat.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>

#include "small_code.h"

namespace rewardpool::internal {

RP_SMALL_CODE void FlatSelector::Assign(std::span<const Weight> weights) {
  constexpr std::size_t kChildren = PrefixNode::kChildren;
  nodes_.resize(std::max<std::size_t>(1, (weights.size() + kChildren - 1) / kChildren));
  size_ = weights.size();
  total_ = 0;
  for (std::size_t i = 0; i < nodes_.size() * kChildren; ++i) {
    nodes_[i / kChildren].before[i % kChildren] = total_;
    if (i < weights.size()) total_ += weights[i];
  }
}

Weight FlatSelector::WeightAt(ItemIndex index) const noexcept {
  constexpr std::size_t kChildren = PrefixNode::kChildren;
  const std::size_t next = std::size_t{index} + 1;
  const Weight end = next == size_ ? total_ : nodes_[next / kChildren].before[next % kChildren];
  return end - nodes_[index / kChildren].before[index % kChildren];
}

RP_SMALL_CODE void FlatSelector::SetWeight(ItemIndex index, Weight weight) {
  constexpr std::size_t kChildren = PrefixNode::kChildren;
  assert(index <= size_);
  if (index == size_) {
    if (size_ == nodes_.size() * kChildren) {
      PrefixNode& node = nodes_.emplace_back();
      std::fill(std::begin(node.before), std::end(node.before), total_);
    }
    ++size_;
  }
  const Weight change = weight - WeightAt(index);
  std::size_t node = index / kChildren;
  nodes_[node].Add(index % kChildren, change);
  while (++node < nodes_.size()) {
    for (std::uint64_t& before : nodes_[node].before) before += change;
  }
  total_ += change;
}

#ifdef __wasm_simd128__
namespace {

// Words that are placed at once: two vectors of 32-bit lanes.
constexpr std::size_t kAtOnce = 8;

// UniformBelow(bound) of four words. Sets `may_refuse` to more than 0 if it may
// refuse one of them: only if the upper half of a product's low word is 0.
// Requires bound < 2^32.
v128_t UniformsBelow(const std::uint64_t* words, v128_t bounds, v128_t& may_refuse) noexcept {
  const v128_t first_two = wasm_v128_load(words);
  const v128_t last_two = wasm_v128_load(words + 2);
  const v128_t low = wasm_i32x4_shuffle(first_two, last_two, 0, 2, 4, 6);
  const v128_t high = wasm_i32x4_shuffle(first_two, last_two, 1, 3, 5, 7);
  // MultiplyBy32(): the upper 64 of 96 bits.
  const v128_t first_upper =
      wasm_i64x2_add(wasm_u64x2_extmul_low_u32x4(high, bounds),
                     wasm_u64x2_shr(wasm_u64x2_extmul_low_u32x4(low, bounds), 32));
  const v128_t last_upper =
      wasm_i64x2_add(wasm_u64x2_extmul_high_u32x4(high, bounds),
                     wasm_u64x2_shr(wasm_u64x2_extmul_high_u32x4(low, bounds), 32));
  const v128_t rests = wasm_i32x4_shuffle(first_upper, last_upper, 0, 2, 4, 6);
  may_refuse = wasm_v128_or(may_refuse, wasm_i32x4_eq(rests, wasm_i32x4_splat(0)));
  return wasm_i32x4_shuffle(first_upper, last_upper, 1, 3, 5, 7);
}

}  // namespace

// The same draws as one by one, in a third of the time: eight words are placed as
// if no item ran out. When one does, the picks behind it are dropped, and their
// words placed once more.
std::size_t FlatSelector::DrawMany(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  const bool can_place = nodes_.size() == 1 && total_ <= kNarrowSumMax;
  std::size_t drawn = 0;
  while (drawn < picks.size() && total_ > 0) {
    const std::span<ItemIndex> left = picks.subspan(drawn);
    const std::size_t at_once = can_place ? DrawAtOnce(random, stock, left) : 0;
    drawn += at_once;
    if (at_once > 0) continue;
    // The last words of a buffer, the last picks, or a word that may be refused.
    drawn += BulkSelector::DrawMany(random, stock, can_place ? left.first(1) : left);
  }
  return drawn;
}

// Returns: how many, a multiple of kAtOnce unless an item has run out.
std::size_t FlatSelector::DrawAtOnce(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  const std::span<const std::uint64_t> words = random.Upcoming();
  const std::size_t end = std::min(words.size(), picks.size()) / kAtOnce * kAtOnce;
  // The first target of each item but the first; targets are below 2^31.
  std::array<v128_t, PrefixNode::kChildren> begins;
  for (std::size_t item = 1; item < size_; ++item) {
    begins[item] = wasm_i32x4_splat(static_cast<std::int32_t>(nodes_[0].before[item]));
  }
  const v128_t bounds = wasm_i32x4_splat(static_cast<std::int32_t>(total_));
  const v128_t ones = wasm_i32x4_splat(1);

  std::size_t drawn = 0;
  while (drawn < end) {
    v128_t may_refuse = wasm_i32x4_splat(0);
    // One more than the targets: there is no quick comparison for "at least".
    const v128_t first = wasm_i32x4_add(UniformsBelow(&words[drawn], bounds, may_refuse), ones);
    const v128_t last = wasm_i32x4_add(UniformsBelow(&words[drawn + 4], bounds, may_refuse), ones);
    if (wasm_v128_any_true(may_refuse)) [[unlikely]] {
      break;
    }
    v128_t first_items = wasm_i32x4_splat(0);
    v128_t last_items = wasm_i32x4_splat(0);
    for (std::size_t item = 1; item < size_; ++item) {
      first_items = wasm_i32x4_sub(first_items, wasm_i32x4_gt(first, begins[item]));
      last_items = wasm_i32x4_sub(last_items, wasm_i32x4_gt(last, begins[item]));
    }
    std::array<ItemIndex, kAtOnce> items;
    wasm_v128_store(items.data(), first_items);
    wasm_v128_store(items.data() + 4, last_items);
    for (const ItemIndex index : items) {
      picks[drawn++] = index;
      if (!stock.TakeOne(index)) continue;
      random.Skip(drawn);
      SetWeight(index, 0);
      return drawn;
    }
  }
  random.Skip(drawn);
  return drawn;
}
#endif  // __wasm_simd128__

}  // namespace rewardpool::internal
