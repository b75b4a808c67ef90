#include "selectors/auto_selector.h"

#include <vector>

#include "selectors/envelope.h"
#include "selectors/wide.h"

namespace rewardpool::internal {
namespace {

// Where the rule goes from one structure to the next.
bool IsFull(std::size_t size) { return size == kAutoFlatItemsMax || size == kAutoWideItemsMax; }

}  // namespace

void AutoSelector::Assign(std::span<const Weight> weights) {
  std::unique_ptr<Selector> larger;
  if (weights.size() > kAutoWideItemsMax) {
    larger = std::make_unique<EnvelopeSelector>();
  } else if (weights.size() > kAutoFlatItemsMax) {
    larger = std::make_unique<WideSelector>();
  }
  Selector* const chosen = larger == nullptr ? &flat_ : larger.get();
  chosen->Assign(weights);
  larger_ = std::move(larger);
  chosen_ = chosen;
}

void AutoSelector::ChangeWeight(ItemIndex index, Weight before, Weight after) {
  if (index < size() || !IsFull(index)) return chosen_->ChangeWeight(index, before, after);
  assert(index == size());
  std::vector<Weight> weights(size());
  for (ItemIndex i = 0; i < weights.size(); ++i) weights[i] = WeightAt(i);
  weights.push_back(after);
  Assign(weights);
}

}  // namespace rewardpool::internal
