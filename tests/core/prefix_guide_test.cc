#include "selectors/prefix_guide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/random.h"
#include "rewardpool/stock.h"
#include "selectors/linear.h"
#include "selectors/prefix_node.h"
#include "selectors/prefix_tree.h"
#include "selectors/wide.h"

namespace rewardpool::internal {
namespace {

Weight SumOf(const std::vector<Weight>& weights) {
  return std::accumulate(weights.begin(), weights.end(), Weight{0});
}

template <typename Sum>
PrefixGuide<Sum> GuideTo(const std::vector<Weight>& weights) {
  PrefixTree<Sum> tree;
  tree.Assign(weights);
  PrefixGuide<Sum> guide;
  guide.Assign(weights.size(), SumOf(weights),
               [&tree](std::size_t position) { return tree.BeginOf(position); });
  return guide;
}

// The first and the last number of each position, which are its own.
template <typename Sum>
void ExpectEdgesToBeRight(const std::vector<Weight>& weights) {
  const PrefixGuide<Sum> guide = GuideTo<Sum>(weights);
  Weight begin = 0;
  for (std::size_t position = 0; position < weights.size(); ++position) {
    if (weights[position] == 0) continue;
    const Weight end = begin + weights[position];
    ASSERT_EQ(guide.PositionOf(static_cast<Sum>(begin)), position);
    ASSERT_EQ(guide.PositionOf(static_cast<Sum>(end - 1)), position);
    begin = end;
  }
}

std::vector<std::pair<std::string, std::vector<Weight>>> SmallShapes() {
  std::vector<Weight> ramp(100);
  std::iota(ramp.begin(), ramp.end(), Weight{0});
  std::vector<Weight> crowd(1000, 1);
  crowd[500] = 50'000;
  std::vector<Weight> gaps(1000, 0);
  gaps[3] = gaps[400] = gaps[998] = 7;
  return {{"one item", {5}},
          {"all alike", std::vector<Weight>(257, 1)},
          {"a ramp", ramp},
          {"the same, down", {ramp.rbegin(), ramp.rend()}},
          // Of the small ones hundreds lie in one part.
          {"a crowd around a heavy item", crowd},
          {"nearly all without a weight", gaps},
          {"zeros at the end", {1, 1, 0, 0, 0, 0, 0, 0, 0}}};
}

TEST(PrefixGuideTest, EveryNumberOnceGivesEveryWeightExactly) {
  for (const auto& [name, weights] : SmallShapes()) {
    SCOPED_TRACE(name);
    const PrefixGuide<std::uint32_t> narrow = GuideTo<std::uint32_t>(weights);
    const PrefixGuide<std::uint64_t> full = GuideTo<std::uint64_t>(weights);
    std::uint32_t target = 0;
    for (std::size_t position = 0; position < weights.size(); ++position) {
      for (Weight unit = 0; unit < weights[position]; ++unit, ++target) {
        ASSERT_EQ(narrow.PositionOf(target), position) << "number " << target;
        ASSERT_EQ(full.PositionOf(target), position) << "number " << target;
      }
    }
  }
}

TEST(PrefixGuideTest, ManyAtOnceAreFoundAsEachAlone) {
  for (const auto& [name, weights] : SmallShapes()) {
    SCOPED_TRACE(name);
    const PrefixGuide<std::uint32_t> guide = GuideTo<std::uint32_t>(weights);
    std::vector<std::uint32_t> targets(SumOf(weights));
    std::iota(targets.begin(), targets.end(), 0U);
    std::vector<ItemIndex> positions(targets.size());
    guide.PositionsOf(targets, positions);
    for (const std::uint32_t target : targets) {
      ASSERT_EQ(positions[target], guide.PositionOf(target)) << "number " << target;
    }
  }
}

TEST(PrefixGuideTest, TheLargestSumsAndSizesAreHeld) {
  std::vector<Weight> narrow(2048, kNarrowSumMax / 2048);
  narrow.back() += kNarrowSumMax - SumOf(narrow);
  ExpectEdgesToBeRight<std::uint32_t>(narrow);
  std::vector<Weight> full(2048, kWeightMax / 2048);
  full.front() += kWeightMax - SumOf(full);
  ExpectEdgesToBeRight<std::uint64_t>(full);
  ExpectEdgesToBeRight<std::uint64_t>({kWeightMax - 2, 1, 1});
  ExpectEdgesToBeRight<std::uint32_t>(
      std::vector<Weight>(PrefixGuide<std::uint32_t>::kPositionsMax, 3));
}

TEST(PrefixGuideTest, AssignedAnewItForgetsTheOldWeights) {
  PrefixTree<std::uint32_t> tree;
  PrefixGuide<std::uint32_t> guide;
  for (const std::size_t size : {1000u, 20u, 300u}) {
    const std::vector<Weight> weights(size, 3);
    tree.Assign(weights);
    guide.Assign(size, SumOf(weights),
                 [&tree](std::size_t position) { return tree.BeginOf(position); });
    for (std::uint32_t target = 0; target < 3 * size; ++target) {
      ASSERT_EQ(guide.PositionOf(target), target / 3) << "of " << size;
    }
  }
}

// A wide selector and the linear one beside it, on equal streams.
class GuidedDuel {
 public:
  explicit GuidedDuel(std::vector<Weight> weights) : weights_(std::move(weights)) {
    stock_.Resize(weights_.size());
    for (ItemIndex i = 0; i < weights_.size(); ++i) {
      stock_.Set(i, {.left = Quantity::Unlimited(), .drawn = 0});
    }
    stock_of_judge_ = stock_;
    wide_.Assign(weights_);
    judge_.Assign(weights_);
  }

  // There was a guide at the end of some Draw().
  [[nodiscard]] bool HasBeenGuided() const { return has_been_guided_; }

  void SetLeft(ItemIndex index, std::uint64_t units) {
    stock_.Set(index, {.left = Quantity::Of(units), .drawn = 0});
    stock_of_judge_.Set(index, {.left = Quantity::Of(units), .drawn = 0});
  }

  void SetWeight(ItemIndex index, Weight weight) {
    if (index == stock_.size()) {
      stock_.Resize(index + 1);
      stock_of_judge_.Resize(index + 1);
      SetLeft(index, 1'000'000);
    }
    wide_.SetWeight(index, weight);
    judge_.SetWeight(index, weight);
  }

  void Draw(std::size_t count) {
    std::vector<ItemIndex> picks(count);
    std::vector<ItemIndex> expected(count);
    const std::size_t bytes = wide_.MemoryBytes();
    const std::size_t drawn = wide_.DrawMany(*random_, stock_, picks);
    ASSERT_EQ(wide_.MemoryBytes(), bytes) << "a draw has allocated";
    has_been_guided_ = has_been_guided_ || wide_.is_guided();
    ASSERT_EQ(drawn, judge_.DrawMany(*random_of_judge_, stock_of_judge_, expected));
    // What lies behind them was left there by chance.
    picks.resize(drawn);
    expected.resize(drawn);
    ASSERT_EQ(picks, expected);
    ASSERT_EQ(wide_.total(), judge_.total());
    for (ItemIndex i = 0; i < stock_.size(); ++i) {
      ASSERT_EQ(stock_[i].drawn, stock_of_judge_[i].drawn);
    }
  }

 private:
  std::vector<Weight> weights_;
  WideSelector wide_;
  LinearSelector judge_;
  Stock stock_;
  Stock stock_of_judge_;
  std::unique_ptr<Random> random_ = MakeXoshiroRandom(3);
  std::unique_ptr<Random> random_of_judge_ = MakeXoshiroRandom(3);
  bool has_been_guided_ = false;
};

class GuidedWideTest : public ::testing::TestWithParam<Weight> {
 protected:
  static constexpr std::size_t kItems = 200;

  // Up to 200 times the parameter, a zero here and there.
  static std::vector<Weight> Weights() {
    std::vector<Weight> weights(kItems);
    for (std::size_t i = 0; i < kItems; ++i) weights[i] = GetParam() * (i * 7 % 50);
    return weights;
  }
};

INSTANTIATE_TEST_SUITE_P(Sums, GuidedWideTest,
                         ::testing::Values(Weight{1}, Weight{1'000}, Weight{1} << 40));

TEST_P(GuidedWideTest, ItPicksWhatTheLinearOnePicksWhateverTheChunks) {
  GuidedDuel duel(Weights());
  for (const std::size_t chunk : {700u, 1u, 1u, 90u, 7u, 5'000u, 1u, 8u, 250u}) {
    ASSERT_NO_FATAL_FAILURE(duel.Draw(chunk)) << "chunk of " << chunk;
  }
  EXPECT_TRUE(duel.HasBeenGuided());
}

TEST_P(GuidedWideTest, AnItemThatRunsOutAmongGuidedDrawsIsNotPickedAgain) {
  GuidedDuel duel(Weights());
  duel.SetLeft(1, 40);
  duel.SetLeft(kItems - 2, 45);
  ASSERT_NO_FATAL_FAILURE(duel.Draw(20'000));
  EXPECT_TRUE(duel.HasBeenGuided());
}

TEST_P(GuidedWideTest, AChangeOfWeightsCountsFromTheNextDrawOn) {
  GuidedDuel duel(Weights());
  for (const ItemIndex index : {5u, 0u, 199u, 200u, 201u}) {
    ASSERT_NO_FATAL_FAILURE(duel.Draw(2'000));
    duel.SetWeight(index, 1'000 * GetParam());
    ASSERT_NO_FATAL_FAILURE(duel.Draw(50));
    duel.SetWeight(index, 0);
    ASSERT_NO_FATAL_FAILURE(duel.Draw(50));
  }
  EXPECT_TRUE(duel.HasBeenGuided());
}

TEST_P(GuidedWideTest, ThoseWithALimitAreAllDrawnAndThenNothing) {
  std::vector<Weight> weights(20, GetParam());
  GuidedDuel duel(weights);
  for (ItemIndex i = 0; i < weights.size(); ++i) duel.SetLeft(i, 100);
  ASSERT_NO_FATAL_FAILURE(duel.Draw(100));
  ASSERT_NO_FATAL_FAILURE(duel.Draw(3'000));
  EXPECT_TRUE(duel.HasBeenGuided());
}

}  // namespace
}  // namespace rewardpool::internal
