// The rule of "auto": it draws what the selector draws that it should be using.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rewardpool/selector.h"
#include "support/pool_shapes.h"

namespace rewardpool {
namespace {

std::vector<ItemIndex> Draws(Selector& selector) {
  const auto random = MakeXoshiroRandom(12);
  std::vector<ItemIndex> picks(500);
  for (ItemIndex& pick : picks) pick = selector.Select(*random);
  return picks;
}

std::unique_ptr<Selector> Make(std::string_view name, const std::vector<Weight>& weights) {
  auto selector = std::move(MakeSelector(name)).value();
  selector->Assign(weights);
  return selector;
}

TEST(AutoSelectorTest, DrawsAsTheChosenSelectorForEachSize) {
  const struct {
    std::size_t size;
    std::string_view expected;
  } cases[] = {{1, "flat"}, {16, "flat"}, {17, "wide"}, {2'048, "wide"}, {2'049, "envelope"}};
  for (const auto& [size, expected] : cases) {
    const std::vector<Weight> weights = tests::ShapeWeights("zipf", size);
    const auto chosen = Make("auto", weights);
    const auto named = Make(expected, weights);
    EXPECT_EQ(Draws(*chosen), Draws(*named)) << size;
    EXPECT_EQ(chosen->MemoryBytes(), named->MemoryBytes()) << size;
  }
}

TEST(AutoSelectorTest, AppendingMovesUpAsIfAssigned) {
  for (const std::size_t size : {17u, 2'049u}) {
    std::vector<Weight> weights = tests::ShapeWeights("zero-weights", size);
    const auto assigned = Make("auto", weights);
    const Weight last = weights.back();
    weights.pop_back();
    const auto appended = Make("auto", weights);
    appended->SetWeight(static_cast<ItemIndex>(weights.size()), last);
    EXPECT_EQ(Draws(*appended), Draws(*assigned)) << size;
    EXPECT_EQ(appended->MemoryBytes(), assigned->MemoryBytes()) << size;
  }
}

TEST(AutoSelectorTest, DepletionDoesNotChangeTheSelector) {
  // 2,049 positions of which 3 have a weight: still the envelope.
  std::vector<Weight> weights(2'049);
  weights[0] = weights[700] = weights[2'048] = 5;
  EXPECT_EQ(Draws(*Make("auto", weights)), Draws(*Make("envelope", weights)));
}

TEST(AutoSelectorTest, AssignChoosesAfresh) {
  const auto selector = Make("auto", tests::ShapeWeights("zipf", 2'049));
  const std::vector<Weight> fewer = tests::ShapeWeights("zipf", 2'048);
  selector->Assign(fewer);
  EXPECT_EQ(Draws(*selector), Draws(*Make("wide", fewer)));
}

}  // namespace
}  // namespace rewardpool
