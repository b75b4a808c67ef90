#include "selectors/wide.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>
#include <vector>

#include "small_code.h"

namespace rewardpool::internal {

RP_SMALL_CODE void WideSelector::Assign(std::span<const Weight> weights) {
  size_ = weights.size();
  total_ = std::accumulate(weights.begin(), weights.end(), Weight{0});
  is_narrow_ = total_ <= kNarrowSumMax;
  narrow_ = {};
  full_ = {};
  if (is_narrow_) {
    narrow_.Assign(weights);
  } else {
    full_.Assign(weights);
  }
  LeaveGuide();
}

Weight WideSelector::WeightAt(ItemIndex index) const noexcept {
  return is_narrow_ ? narrow_.WeightAt(index, total_) : full_.WeightAt(index, total_);
}

RP_SMALL_CODE void WideSelector::ChangeWeight(ItemIndex index, Weight before, Weight after) {
  assert(index <= size_ && before == (index == size_ ? 0 : WeightAt(index)));
  const Weight change = after - before;
  if (is_narrow_ && total_ + change > kNarrowSumMax) Widen();
  const auto set = [&](auto& tree) {
    if (index == size_) tree.Append(++size_, total_);
    tree.Add(index, change);
  };
  is_narrow_ ? set(narrow_) : set(full_);
  total_ += change;
  LeaveGuide();
}

RP_SMALL_CODE void WideSelector::Widen() {
  std::vector<Weight> weights(size_);
  for (ItemIndex index = 0; index < size_; ++index) weights[index] = WeightAt(index);
  full_.Assign(weights);
  narrow_ = {};
  is_narrow_ = false;
}

RP_SMALL_CODE std::size_t WideSelector::MemoryBytes() const noexcept {
  return narrow_.MemoryBytes() + full_.MemoryBytes() + narrow_guide_.MemoryBytes() +
         full_guide_.MemoryBytes();
}

RP_SMALL_CODE void WideSelector::LeaveGuide() {
  // A guide takes about half as long to make as a draw a position by the tree takes, so
  // that changes at the worst time cost an eighth more.
  constexpr std::size_t kDrawsPerPosition = 4;
  const bool can_gain =
      size_ > NarrowPrefixNode::kChildren && size_ <= PrefixGuide<std::uint32_t>::kPositionsMax;
  is_guided_ = false;
  draws_until_guided_ = can_gain ? kDrawsPerPosition * size_ : kNeverGuided;
  if (!can_gain) return;
  // Now, for a draw should not have to.
  is_narrow_ ? narrow_guide_.Reserve(size_) : full_guide_.Reserve(size_);
}

RP_SMALL_CODE void WideSelector::MakeGuide() {
  const auto make = [this](const auto& tree, auto& guide) {
    guide.Assign(size_, total_, [&tree](std::size_t position) { return tree.BeginOf(position); });
  };
  is_narrow_ ? make(narrow_, narrow_guide_) : make(full_, full_guide_);
  is_guided_ = true;
}

std::size_t WideSelector::DrawMany(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  std::size_t drawn = 0;
  while (drawn < picks.size() && total_ > 0) {
    const std::span<ItemIndex> left = picks.subspan(drawn);
    if (is_guided_) {
      drawn += DrawSome(random, stock, left);
      continue;
    }
    const Weight total = total_;
    const std::size_t count =
        DrawSome(random, stock, left.first(std::min(left.size(), draws_until_guided_)));
    drawn += count;
    // Draws change the weights only if an item runs out, and that is taken off the total.
    if (total_ == total) draws_until_guided_ -= count;
    if (draws_until_guided_ == 0) MakeGuide();
  }
  return drawn;
}

// By the guide if there is one. Returns: how many; fewer than asked if an item ran out,
// or for reasons of its own.
std::size_t WideSelector::DrawSome(Random& random, Stock& stock, std::span<ItemIndex> picks) {
#ifdef __wasm_simd128__
  if (is_narrow_) {
    const std::size_t at_once =
        is_guided_ ? DrawGuidedAtOnce(random, stock, picks) : DrawAtOnce(random, stock, picks);
    if (at_once > 0) return at_once;
    // The last words of a buffer, the last picks, or a word that may be refused.
    picks = picks.first(1);
  }
#endif
  if (!is_guided_) return BulkSelector::DrawMany(random, stock, picks);
  return is_narrow_ ? DrawGuided(narrow_guide_, random, stock, picks)
                    : DrawGuided(full_guide_, random, stock, picks);
}

// Up to the first item that runs out. Returns: how many.
template <typename Sum>
std::size_t WideSelector::DrawGuided(const PrefixGuide<Sum>& guide, Random& random, Stock& stock,
                                     std::span<ItemIndex> picks) {
  WordReader words(random);
  const Weight total = total_;
  std::size_t drawn = 0;
  while (drawn < picks.size()) {
    const auto target = static_cast<Sum>(UniformBelow(words, total));
    const auto index = static_cast<ItemIndex>(guide.PositionOf(target));
    picks[drawn++] = index;
    if (stock.TakeOne(index)) [[unlikely]] {
      ChangeWeight(index, WeightAt(index), 0);
      break;
    }
  }
  return drawn;
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
  // Clang would widen them before the loop, and multiply 64 bits with 64, which takes
  // an x86 three multiplications.
  asm volatile("" : "+r"(bounds));
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

// Takes a unit of each, unless an item would run out. Requires positions of one node.
bool TakeCounts(Stock& stock, std::span<const ItemIndex> picks) {
  // Neighbours count in different rows: an addition to a number waits for the one before.
  constexpr std::size_t kRows = 4;
  std::array<std::array<std::uint32_t, NarrowPrefixNode::kChildren>, kRows> counts{};
  for (std::size_t k = 0; k < picks.size(); k += kRows) {
    for (std::size_t row = 0; row < kRows; ++row) ++counts[row][picks[k + row]];
  }
  // Stock may have fewer positions than a selector: those that are gone were the last.
  const auto items = static_cast<ItemIndex>(std::min(stock.size(), counts[0].size()));
  for (ItemIndex item = 0; item < items; ++item) {
    std::uint32_t& count = counts[0][item];
    for (std::size_t row = 1; row < kRows; ++row) count += counts[row][item];
    if (count != 0 && !stock[item].left.Covers(count + std::uint64_t{1})) return false;
  }
  for (ItemIndex item = 0; item < items; ++item) stock.Take(item, counts[0][item]);
  return true;
}

}  // namespace

// The same draws as one by one, in a third of the time: words are placed as if no
// item ran out. When one does, the picks behind it are dropped, and their words
// placed once more.
//
// Returns: how many, a multiple of kAtOnce unless an item has run out.
std::size_t WideSelector::DrawAtOnce(Random& random, Stock& stock, std::span<ItemIndex> picks) {
  const std::span<const std::uint64_t> words = random.Upcoming();
  const std::size_t end = std::min(words.size(), picks.size()) / kAtOnce * kAtOnce;
  const v128_t bounds = wasm_i32x4_splat(static_cast<std::int32_t>(total_));
  const v128_t ones = wasm_i32x4_splat(1);
  const NarrowPrefixNode& root = narrow_.root();
  const std::size_t children = narrow_.RootChildren(size_);
  const bool is_deep = children != size_;

  // An item that runs out takes its weight out of it.
  const Weight total = total_;
  std::size_t drawn = 0;
  while (drawn < end && total_ == total) {
    v128_t may_refuse = wasm_i32x4_splat(0);
    const v128_t first_targets = UniformsBelow(&words[drawn], bounds, may_refuse);
    const v128_t last_targets = UniformsBelow(&words[drawn + 4], bounds, may_refuse);
    if (wasm_v128_any_true(may_refuse)) [[unlikely]] {
      break;
    }
    const std::span<ItemIndex> placed = picks.subspan(drawn, kAtOnce);
    // One more, for there is no quick comparison for "at least"; all is below 2^31.
    const v128_t first_ends = wasm_i32x4_add(first_targets, ones);
    const v128_t last_ends = wasm_i32x4_add(last_targets, ones);
    v128_t first = wasm_i32x4_splat(0);
    v128_t last = wasm_i32x4_splat(0);
    for (std::size_t child = 1; child < children; ++child) {
      const v128_t begins = wasm_v128_load32_splat(&root.before[child]);
      first = wasm_i32x4_sub(first, wasm_i32x4_gt(first_ends, begins));
      last = wasm_i32x4_sub(last, wasm_i32x4_gt(last_ends, begins));
    }
    wasm_v128_store(placed.data(), first);
    wasm_v128_store(placed.data() + 4, last);
    if (!is_deep) {
      drawn += kAtOnce;
      continue;
    }
    std::array<std::uint32_t, kAtOnce> targets;
    wasm_v128_store(targets.data(), first_targets);
    wasm_v128_store(targets.data() + 4, last_targets);
    for (std::size_t k = 0; k < kAtOnce; ++k) {
      placed[k] = static_cast<ItemIndex>(narrow_.PositionBelowRoot(placed[k], targets[k]));
    }
    drawn += TakeEach(stock, placed);
  }
  if (!is_deep && !TakeCounts(stock, picks.first(drawn))) {
    drawn = TakeEach(stock, picks.first(drawn));
  }
  random.Skip(drawn);
  return drawn;
}

// The same by the guide, whose loop has registers for all that it needs if it does
// nothing else.
std::size_t WideSelector::DrawGuidedAtOnce(Random& random, Stock& stock,
                                           std::span<ItemIndex> picks) {
  // If an item runs out, the others were placed in vain.
  constexpr std::size_t kPlacedMax = 64;
  static_assert(Random::kBufferWords % kPlacedMax == 0, "a whole buffer leaves no remainder");
  const std::span<const std::uint64_t> words = random.Upcoming();
  const std::size_t end = std::min({words.size(), picks.size(), kPlacedMax}) / kAtOnce * kAtOnce;
  const v128_t bounds = wasm_i32x4_splat(static_cast<std::int32_t>(total_));
  std::array<std::uint32_t, kPlacedMax> targets;
  std::size_t count = 0;
  for (; count < end; count += kAtOnce) {
    v128_t may_refuse = wasm_i32x4_splat(0);
    wasm_v128_store(&targets[count], UniformsBelow(&words[count], bounds, may_refuse));
    wasm_v128_store(&targets[count + 4], UniformsBelow(&words[count + 4], bounds, may_refuse));
    if (wasm_v128_any_true(may_refuse)) [[unlikely]] {
      break;
    }
  }
  picks = picks.first(count);
  narrow_guide_.PositionsOf(std::span(targets).first(count), picks);
  const std::size_t drawn = TakeEach(stock, picks);
  random.Skip(drawn);
  return drawn;
}

// Takes a unit of each, up to the first item that runs out. Returns: of how many.
std::size_t WideSelector::TakeEach(Stock& stock, std::span<const ItemIndex> picks) {
  for (std::size_t k = 0; k < picks.size(); ++k) {
    if (!stock.TakeOne(picks[k])) continue;
    ChangeWeight(picks[k], WeightAt(picks[k]), 0);
    return k + 1;
  }
  return picks.size();
}
#endif  // __wasm_simd128__

}  // namespace rewardpool::internal
