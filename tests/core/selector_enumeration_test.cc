// Exact odds without sampling: every number that a draw can get is fed to it
// once, and each position must be picked exactly as often as its weight says.
#include <gtest/gtest.h>

#include <vector>

#include "rewardpool/selector.h"
#include "rewardpool/testing/scripted_random.h"
#include "selectors/envelope.h"
#include "support/pool_shapes.h"

namespace rewardpool {
namespace {

using internal::EnvelopeSelector;
using testing::ScriptedRandom;
using tests::UnlimitedStock;

// How often each position is picked when a draw gets each of the numbers below
// `bound` once. A number that is rejected leads to another try, with the next.
std::vector<Weight> PicksOverAllNumbers(Selector& selector, std::uint64_t bound) {
  std::vector<Weight> picks(selector.size());
  ScriptedRandom random = ScriptedRandom::AllBelow(bound);
  for (;;) {
    const ItemIndex pick = selector.Select(random);
    if (random.consumed() > bound) return picks;
    ++picks[pick];
  }
}

// The same through one DrawMany() of as many draws as numbers are accepted.
std::vector<Weight> PicksOverAllNumbersInBulk(Selector& selector, std::uint64_t bound) {
  Stock stock = UnlimitedStock(selector.size());
  ScriptedRandom random = ScriptedRandom::AllBelow(bound);
  std::vector<ItemIndex> drawn(selector.total());
  EXPECT_EQ(selector.DrawMany(random, stock, drawn), drawn.size());
  EXPECT_LE(random.consumed(), bound);
  std::vector<Weight> picks(selector.size());
  for (const ItemIndex pick : drawn) ++picks[pick];
  return picks;
}

void ExpectExactOdds(Selector& selector, std::uint64_t bound, const std::vector<Weight>& weights) {
  ASSERT_EQ(PicksOverAllNumbers(selector, bound), weights);
  ASSERT_EQ(PicksOverAllNumbersInBulk(selector, bound), weights);
}

// The number that a draw takes its random integer below.
std::uint64_t BoundOf(const Selector& selector) {
  const auto* const envelope = dynamic_cast<const EnvelopeSelector*>(&selector);
  return envelope != nullptr ? envelope->envelope() : selector.total();
}

// Changes of weight at random, and exact odds after every few.
void ExpectExactOddsWhileWeightsChange(Selector& selector, std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto random = MakeXoshiroRandom(seed);
  std::vector<Weight> weights(40);
  for (Weight& weight : weights) weight = UniformBelow(*random, 70);
  selector.Assign(weights);
  for (int round = 0; round < 40; ++round) {
    ExpectExactOdds(selector, BoundOf(selector), weights);
    if (::testing::Test::HasFatalFailure()) return;
    const std::uint64_t changes = 1 + UniformBelow(*random, 4);
    for (std::uint64_t change = 0; change < changes; ++change) {
      const auto index = static_cast<ItemIndex>(UniformBelow(*random, weights.size()));
      weights[index] = UniformBelow(*random, 3) == 0 ? 0 : UniformBelow(*random, 70);
      selector.SetWeight(index, weights[index]);
    }
  }
}

TEST(SelectorEnumerationTest, EveryNumberOnceGivesEveryWeightExactly) {
  for (const std::string_view name : SelectorNames()) {
    SCOPED_TRACE(name);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      ExpectExactOddsWhileWeightsChange(*MakeSelector(name).value(), seed);
    }
  }
}

TEST(SelectorEnumerationTest, LookingAheadKeepsTheOddsExact) {
  for (const std::size_t look_ahead :
       {std::size_t{1}, std::size_t{5}, EnvelopeSelector::kLookAheadMax}) {
    SCOPED_TRACE(look_ahead);
    for (const std::size_t pipeline_items_min : {0u, 1'000'000u}) {
      EnvelopeSelector selector(look_ahead, 0, pipeline_items_min);
      ExpectExactOddsWhileWeightsChange(selector, 4);
    }
  }
}

// All weights of a range at once: every height of the low octaves, and both
// ends of every bucket.
TEST(SelectorEnumerationTest, EveryHeightOfTheEnvelopeIsExact) {
  std::vector<Weight> weights(130);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = i;
  EnvelopeSelector selector;
  selector.Assign(weights);
  ExpectExactOdds(selector, selector.envelope(), weights);
}

TEST(SelectorEnumerationTest, TombstonesAreNeverPickedBeforeOrAfterTheSweep) {
  std::vector<Weight> weights(200, 11);
  EnvelopeSelector selector;
  selector.Assign(weights);
  const std::uint64_t envelope_of_all = selector.envelope();
  int sweeps = 0;
  for (ItemIndex index = 0; index < 60; ++index) {
    const std::uint64_t envelope_before = selector.envelope();
    selector.SetWeight(index * 3, 0);
    weights[index * 3] = 0;
    ExpectExactOdds(selector, selector.envelope(), weights);
    sweeps += selector.envelope() < envelope_before;
  }
  // Swept in groups: more than an eighth of 200 equal items makes one.
  EXPECT_EQ(sweeps, 2);
  EXPECT_LT(selector.envelope(), envelope_of_all);
}

}  // namespace
}  // namespace rewardpool
