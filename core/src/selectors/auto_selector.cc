#include "selectors/auto_selector.h"

#include <vector>

#include "selectors/envelope.h"
#include "selectors/flat.h"
#include "selectors/wide.h"

namespace rewardpool::internal {
namespace {

struct Choice {
  std::size_t size_max;
  std::unique_ptr<Selector> selector;
};

Choice ChooseFor(std::size_t size) {
  if (size <= kAutoFlatItemsMax) return {kAutoFlatItemsMax, std::make_unique<FlatSelector>()};
  if (size <= kAutoWideItemsMax) return {kAutoWideItemsMax, std::make_unique<WideSelector>()};
  return {kItemsMax, std::make_unique<EnvelopeSelector>()};
}

}  // namespace

AutoSelector::AutoSelector()
    : size_max_(kAutoFlatItemsMax), chosen_(std::make_unique<FlatSelector>()) {}

void AutoSelector::Assign(std::span<const Weight> weights) {
  Choice choice = ChooseFor(weights.size());
  choice.selector->Assign(weights);
  size_max_ = choice.size_max;
  chosen_ = std::move(choice.selector);
}

void AutoSelector::SetWeight(ItemIndex index, Weight weight) {
  if (index < size_max_) return chosen_->SetWeight(index, weight);
  assert(index == size());
  std::vector<Weight> weights(size());
  for (ItemIndex i = 0; i < weights.size(); ++i) weights[i] = WeightAt(i);
  weights.push_back(weight);
  Assign(weights);
}

}  // namespace rewardpool::internal
