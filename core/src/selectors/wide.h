// wide.h - a tree of 16 children a node: O(log16 n) a draw and a change.
//
// As long as all weights sum up to less than 2^31 the sums have 32 bits: half
// the memory, and in WebAssembly eight words can be placed at once. The picks are the
// same.
//
// While nothing changes, a guide to the same sums finds the same picks in O(1)
// (prefix_guide.h). It is made after as many draws without a change as pay for it.
#ifndef REWARDPOOL_SELECTORS_WIDE_H_
#define REWARDPOOL_SELECTORS_WIDE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "selectors/bulk_selector.h"
#include "selectors/prefix_guide.h"
#include "selectors/prefix_tree.h"

namespace rewardpool::internal {

class WideSelector final : public BulkSelector<WideSelector> {
 public:
  explicit WideSelector(std::string_view name = "wide") noexcept : name_(name) {}

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return size_; }
  [[nodiscard]] Weight total() const noexcept override { return total_; }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override;
  void ChangeWeight(ItemIndex index, Weight before, Weight after) override;
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override;

  // Is there a guide to the weights as they are?
  [[nodiscard]] bool is_guided() const noexcept { return is_guided_; }

  [[nodiscard]] std::size_t DrawMany(Random& random, Stock& stock,
                                     std::span<ItemIndex> picks) override;

  template <typename Words>
  [[nodiscard]] ItemIndex Pick(Words& words) const noexcept {
    const std::uint64_t target = UniformBelow(words, total_);
    return static_cast<ItemIndex>(is_narrow_ ? narrow_.PositionOf(target)
                                             : full_.PositionOf(target));
  }

 private:
  void Widen();
  void LeaveGuide();
  void MakeGuide();
  std::size_t DrawSome(Random& random, Stock& stock, std::span<ItemIndex> picks);
  template <typename Sum>
  std::size_t DrawGuided(const PrefixGuide<Sum>& guide, Random& random, Stock& stock,
                         std::span<ItemIndex> picks);

#ifdef __wasm_simd128__
  std::size_t DrawAtOnce(Random& random, Stock& stock, std::span<ItemIndex> picks);
  std::size_t DrawGuidedAtOnce(Random& random, Stock& stock, std::span<ItemIndex> picks);
  std::size_t TakeEach(Stock& stock, std::span<const ItemIndex> picks);
#endif

  static constexpr std::size_t kNeverGuided = std::numeric_limits<std::size_t>::max();

  std::string_view name_;
  // One of the two is in use. Widened once, it stays so until Assign().
  bool is_narrow_ = true;
  PrefixTree<std::uint32_t> narrow_;
  PrefixTree<std::uint64_t> full_;
  // The guides are of use only while it is set; they keep their memory.
  bool is_guided_ = false;
  PrefixGuide<std::uint32_t> narrow_guide_;
  PrefixGuide<std::uint64_t> full_guide_;
  std::size_t draws_until_guided_ = kNeverGuided;
  std::size_t size_ = 0;
  Weight total_ = 0;
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_WIDE_H_
