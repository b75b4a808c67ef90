// auto_selector.h - flat, wide or envelope, by the number of positions.
//
// The rule is part of the stream of draws, so it is fixed (kAutoRuleVersion in
// selector.h): Assign() chooses afresh; appending may move up. Positions never
// go away but by Assign(), so nothing ever moves down in between.
#ifndef REWARDPOOL_SELECTORS_AUTO_SELECTOR_H_
#define REWARDPOOL_SELECTORS_AUTO_SELECTOR_H_

#include <memory>

#include "rewardpool/selector.h"
#include "selectors/flat.h"

namespace rewardpool::internal {

class AutoSelector final : public Selector {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "auto"; }
  void Assign(std::span<const Weight> weights) override;
  [[nodiscard]] std::size_t size() const noexcept override { return chosen_->size(); }
  [[nodiscard]] Weight total() const noexcept override { return chosen_->total(); }
  [[nodiscard]] Weight WeightAt(ItemIndex index) const noexcept override {
    return chosen_->WeightAt(index);
  }
  void ChangeWeight(ItemIndex index, Weight before, Weight after) override;
  [[nodiscard]] ItemIndex Select(Random& random) override { return chosen_->Select(random); }
  [[nodiscard]] std::size_t DrawMany(Random& random, Stock& stock,
                                     std::span<ItemIndex> picks) override {
    return chosen_->DrawMany(random, stock, picks);
  }
  [[nodiscard]] std::size_t MemoryBytes() const noexcept override { return chosen_->MemoryBytes(); }

 private:
  FlatSelector flat_;  // in here for the same reason as its first node in it
  std::unique_ptr<Selector> larger_;
  Selector* chosen_ = &flat_;  // or larger_
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SELECTORS_AUTO_SELECTOR_H_
