// selector.h - INTERFACE: which item does a draw pick?
//
// A selector holds one weight per position. Select() picks position i with
// probability exactly weight[i] / total(): integers only, unbiased bounded
// random numbers, no floating point. Weight 0 is never picked; an item that is
// removed or out of stock is a position of weight 0.
//
// Implementations (names for MakeSelector):
//   linear      scan; the oracle that judges the others in tests
//   prefix-sum  sorted sums, binary search; O(n) change
//   fenwick     binary indexed tree
//   flat        one row of prefix sums, compared without a branch; small pools
//   wide        16-wide tree of prefix blocks, and a table of where to begin while
//               weights stand still; medium pools
//   envelope    bucketed rejection, tombstones, look-ahead; large pools
//   auto        flat, wide or envelope by number of positions
//
// Determinism: the picked positions are a function of the calls made and of
// the random words, the same on every platform and instruction set. linear,
// prefix-sum, fenwick, flat and wide pick the same position for the same word
// (position order, r = UniformBelow(total), first i with r < w[0] + ... + w[i]);
// envelope uses words in its own way, pinned by its own golden vectors. In
// WebAssembly one structure answers to the five names: the quickest.
//
// auto, rule version 1: flat up to 16 positions, wide up to 2,048, above that
// envelope. Assign() chooses afresh, appending may move up. Positions of weight
// 0 count, so depletion moves nothing: the rule needs no randomness, no timing
// and no history but the calls since Assign().
//
// Invariant: the sum of all weights is at most kWeightMax. The caller keeps it
// (ItemTable checks it before anything changes).
//
// Threads: one owner.
#ifndef REWARDPOOL_SELECTOR_H_
#define REWARDPOOL_SELECTOR_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "rewardpool/item.h"
#include "rewardpool/random.h"
#include "rewardpool/status.h"
#include "rewardpool/stock.h"

namespace rewardpool {

// The rule of auto. A change to it changes draws, so it gets another version.
inline constexpr int kAutoRuleVersion = 1;
inline constexpr std::size_t kAutoFlatItemsMax = 16;
inline constexpr std::size_t kAutoWideItemsMax = 2'048;

class Selector {
 public:
  Selector() = default;
  virtual ~Selector() = default;
  Selector(const Selector&) = delete;
  Selector& operator=(const Selector&) = delete;

  // The name it is chosen by; for auto "auto", whatever it runs on now.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  // Forgets everything and holds `weights`, position by position.
  // Cost: O(n).
  virtual void Assign(std::span<const Weight> weights) = 0;

  // Number of positions, those of weight 0 included.
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;

  // Sum of all weights; 0 means that nothing can be picked.
  [[nodiscard]] virtual Weight total() const noexcept = 0;

  // The weight of a position. Requires index < size().
  [[nodiscard]] virtual Weight WeightAt(ItemIndex index) const noexcept = 0;

  // Gives a position, whose weight is `before`, the weight `after` (0 takes it
  // out). index == size() appends; before is 0 then. Who changes a weight knows
  // the old one, and to look it up would be a cache miss more in a large pool.
  // Requires index <= size(), before == WeightAt(index), and that total() stays
  // at most kWeightMax.
  virtual void ChangeWeight(ItemIndex index, Weight before, Weight after) = 0;

  // ChangeWeight() from whatever the weight is now.
  void SetWeight(ItemIndex index, Weight weight) {
    ChangeWeight(index, index < size() ? WeightAt(index) : 0, weight);
  }

  // Picks one position and changes nothing but the random stream.
  // Requires total() > 0.
  [[nodiscard]] virtual ItemIndex Select(Random& random) = 0;

  // Draws up to picks.size() units one after the other: picks a position,
  // takes one unit of it from `stock`, and sets its weight to 0 when that was
  // the last. The same picks from the same words as a loop over Select(),
  // whatever the sizes of the calls.
  //
  // Requires: each position with weight > 0 has stock.
  // Returns:  how many were drawn; fewer than asked only if total() became 0.
  // Cost:     no allocation (but for an O(n) reorganisation that depletion may
  //           bring about, amortised over the items that left).
  [[nodiscard]] virtual std::size_t DrawMany(Random& random, Stock& stock,
                                             std::span<ItemIndex> picks) = 0;

  // Bytes of heap memory held (the object's own excepted), for benchmarks.
  [[nodiscard]] virtual std::size_t MemoryBytes() const noexcept = 0;
};

// The selector of that name, empty. Unknown names give kInvalidArgument with
// the list of known ones.
[[nodiscard]] Result<std::unique_ptr<Selector>> MakeSelector(std::string_view name);

// All names that MakeSelector knows, "auto" last.
[[nodiscard]] std::span<const std::string_view> SelectorNames() noexcept;

}  // namespace rewardpool

#endif  // REWARDPOOL_SELECTOR_H_
