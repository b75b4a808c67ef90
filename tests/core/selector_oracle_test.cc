// The linear selector, too simple to be wrong, judges the others on the same
// stream of random operations.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "rewardpool/selector.h"
#include "selectors/envelope.h"
#include "selectors/linear.h"
#include "selectors/prefix_node.h"
#include "support/pool_shapes.h"

namespace rewardpool {
namespace {

constexpr std::uint64_t kSeeds = 6;
constexpr int kOperations = 3'000;

// A weight of any magnitude, often 0, small enough for kOperations of them.
Weight RandomWeight(Random& random) {
  if (UniformBelow(random, 4) == 0) return 0;
  return random.Next() >> (14 + UniformBelow(random, 50));
}

// Plays random operations on `subject` and on a linear selector beside it.
// Where both must pick alike, they draw from equal streams; otherwise the judge
// checks each pick and takes the same units out.
class Duel {
 public:
  Duel(Selector& subject, bool picks_alike, std::uint64_t seed)
      : subject_(subject), picks_alike_(picks_alike), operations_(MakeXoshiroRandom(seed)) {}

  void Run() {
    for (int operation = 0; operation < kOperations && !::testing::Test::HasFailure();
         ++operation) {
      SCOPED_TRACE("operation " + std::to_string(operation));
      switch (UniformBelow(*operations_, 100)) {
        case 0:
          Assign();
          break;
        case 1:
          CompareAllWeights();
          break;
        default:
          UniformBelow(*operations_, 2) == 0 ? Change() : Draw();
      }
      ASSERT_EQ(subject_.size(), judge_.size());
      ASSERT_EQ(subject_.total(), judge_.total());
    }
    CompareAllWeights();
  }

 private:
  void Assign() {
    std::vector<Weight> weights(UniformBelow(*operations_, 600));
    for (Weight& weight : weights) weight = RandomWeight(*operations_);
    stock_ = Stock();
    stock_.Resize(weights.size());
    for (ItemIndex i = 0; i < weights.size(); ++i) Restock(i);
    subject_.Assign(weights);
    judge_.Assign(weights);
  }

  // Another weight for some position, or a new position.
  void Change() {
    const auto index = static_cast<ItemIndex>(UniformBelow(*operations_, judge_.size() + 1));
    if (index == judge_.size()) stock_.Resize(index + 1);
    Restock(index);
    const Weight weight = RandomWeight(*operations_);
    subject_.SetWeight(index, weight);
    judge_.SetWeight(index, weight);
    ASSERT_EQ(subject_.WeightAt(index), weight);
  }

  void Restock(ItemIndex index) {
    stock_.Set(index, {.left = Quantity::Of(1 + UniformBelow(*operations_, 3)), .drawn = 0});
  }

  void Draw() {
    const std::size_t count = UniformBelow(*operations_, 10);
    std::vector<ItemIndex> picks(count);
    std::vector<ItemIndex> expected(count);
    Stock stock_of_subject = stock_;
    const std::size_t drawn = subject_.DrawMany(*subject_random_, stock_of_subject, picks);
    if (picks_alike_) {
      ASSERT_EQ(judge_.DrawMany(*judge_random_, stock_, expected), drawn);
      ASSERT_EQ(picks, expected);
      return;
    }
    for (std::size_t k = 0; k < drawn; ++k) {
      ASSERT_GT(judge_.WeightAt(picks[k]), 0u);
      if (stock_.TakeOne(picks[k])) judge_.SetWeight(picks[k], 0);
    }
    ASSERT_TRUE(drawn == count || judge_.total() == 0);
  }

  void CompareAllWeights() {
    for (ItemIndex i = 0; i < judge_.size(); ++i) {
      ASSERT_EQ(subject_.WeightAt(i), judge_.WeightAt(i)) << "position " << i;
    }
  }

  Selector& subject_;
  bool picks_alike_;
  internal::LinearSelector judge_;
  Stock stock_;
  std::unique_ptr<Random> operations_;
  std::unique_ptr<Random> subject_random_ = MakeXoshiroRandom(11);
  std::unique_ptr<Random> judge_random_ = MakeXoshiroRandom(11);
};

TEST(SelectorOracleTest, SelectorsInPositionOrderPickWhatTheLinearOnePicks) {
  for (const std::string_view name : {"prefix-sum", "fenwick", "flat", "wide", "auto"}) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(std::string(name) + ", seed " + std::to_string(seed));
      const auto selector = std::move(MakeSelector(name)).value();
      Duel(*selector, /*picks_alike=*/true, seed).Run();
    }
  }
}

TEST(SelectorOracleTest, TheWideTreePicksAlikeWhileItsSumOutgrows31BitsAndShrinksAgain) {
  constexpr ItemIndex kItems = 300;
  constexpr Weight kHeavy = Weight{1} << 26;
  const auto random = MakeXoshiroRandom(5);
  const auto random_of_judge = MakeXoshiroRandom(5);
  const auto wide = std::move(MakeSelector("wide")).value();
  internal::LinearSelector judge;
  const auto set = [&](ItemIndex index, Weight weight) {
    wide->SetWeight(index, weight);
    judge.SetWeight(index, weight);
    for (ItemIndex i = 0; i < judge.size(); ++i) ASSERT_EQ(wide->WeightAt(i), judge.WeightAt(i));
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(wide->Select(*random), judge.Select(*random_of_judge)) << "sum " << judge.total();
    }
  };
  for (ItemIndex i = 0; i < kItems && !HasFatalFailure(); ++i) set(i, i + 1);
  ASSERT_LT(judge.total(), internal::kNarrowSumMax);
  for (ItemIndex i = 0; i < kItems && !HasFatalFailure(); ++i) set(i, kHeavy + i);
  ASSERT_GT(judge.total(), Weight{1} << 33);
  for (ItemIndex i = 0; i < kItems && !HasFatalFailure(); ++i) set(i, i + 1);
}

TEST(SelectorOracleTest, TheEnvelopeHoldsWhatTheLinearOneHolds) {
  for (const std::size_t look_ahead : {0u, 16u, 128u}) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE("look-ahead " + std::to_string(look_ahead) + ", seed " + std::to_string(seed));
      internal::EnvelopeSelector selector(look_ahead, 0, /*pipeline_items_min=*/seed % 2 * 1'000);
      Duel(selector, /*picks_alike=*/false, seed).Run();
    }
  }
}

}  // namespace
}  // namespace rewardpool
