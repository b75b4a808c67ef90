// What selector.h promises, checked for every selector by name, and for the
// envelope with look-ahead also in pools that are too small for it to start.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <string>
#include <vector>

#include "rewardpool/selector.h"
#include "rewardpool/testing/scripted_random.h"
#include "selectors/envelope.h"
#include "support/pool_shapes.h"

namespace rewardpool {
namespace {

using testing::ScriptedRandom;
using tests::ShapeWeights;
using tests::SmallStock;
using tests::UnlimitedStock;

constexpr std::size_t kSizes[] = {1,   2,   3,   15,    16,    17,    31,    32,    33,
                                  255, 256, 257, 2'047, 2'048, 2'049, 4'095, 4'096, 4'097};

constexpr std::string_view kEnvelopeAhead = "envelope looking ahead";

std::unique_ptr<Selector> Make(std::string_view name) {
  if (name == kEnvelopeAhead) return std::make_unique<internal::EnvelopeSelector>(16, 0, 0);
  return std::move(MakeSelector(name)).value();
}

std::vector<Weight> WeightsOf(const Selector& selector) {
  std::vector<Weight> weights(selector.size());
  for (ItemIndex i = 0; i < weights.size(); ++i) weights[i] = selector.WeightAt(i);
  return weights;
}

Weight Sum(std::span<const Weight> weights) {
  return std::accumulate(weights.begin(), weights.end(), Weight{0});
}

class SelectorContractTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Selector> selector_ = Make(GetParam());
  std::unique_ptr<Random> random_ = MakeXoshiroRandom(20'240'607);
};

TEST_P(SelectorContractTest, ANewOneIsEmptyAndDrawsNothing) {
  EXPECT_EQ(selector_->size(), 0u);
  EXPECT_EQ(selector_->total(), 0u);
  Stock stock;
  ItemIndex pick;
  EXPECT_EQ(selector_->DrawMany(*random_, stock, {&pick, 1}), 0u);
}

TEST_P(SelectorContractTest, AssignHoldsTheWeightsAndForgetsTheOldOnes) {
  for (const std::size_t n : kSizes) {
    for (const std::string_view shape : {"zero-weights", "one-huge", "zipf"}) {
      const std::vector<Weight> weights = ShapeWeights(shape, n);
      selector_->Assign(weights);
      EXPECT_EQ(WeightsOf(*selector_), weights) << shape << ", " << n;
      EXPECT_EQ(selector_->total(), Sum(weights)) << shape << ", " << n;
    }
  }
  selector_->Assign(std::vector<Weight>{3});
  EXPECT_EQ(WeightsOf(*selector_), std::vector<Weight>{3});
  selector_->Assign({});
  EXPECT_EQ(selector_->size(), 0u);
  EXPECT_EQ(selector_->total(), 0u);
}

TEST_P(SelectorContractTest, AppendingOneByOneHoldsTheSameWeights) {
  const std::vector<Weight> weights = ShapeWeights("zero-weights", 4'097);
  Weight sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    selector_->SetWeight(static_cast<ItemIndex>(i), weights[i]);
    sum += weights[i];
    ASSERT_EQ(selector_->size(), i + 1);
    ASSERT_EQ(selector_->total(), sum);
    ASSERT_EQ(selector_->WeightAt(static_cast<ItemIndex>(i)), weights[i]);
  }
  EXPECT_EQ(WeightsOf(*selector_), weights);
}

TEST_P(SelectorContractTest, SetWeightChangesThatPositionAndNoOther) {
  for (const std::size_t n : kSizes) {
    std::vector<Weight> weights = ShapeWeights("zipf", n);
    selector_->Assign(weights);
    for (const std::size_t i : {std::size_t{0}, n / 2, n - 1}) {
      for (const Weight weight : {Weight{0}, Weight{1}, Weight{1} << 40, Weight{7}, Weight{7}}) {
        weights[i] = weight;
        selector_->SetWeight(static_cast<ItemIndex>(i), weight);
        ASSERT_EQ(selector_->total(), Sum(weights)) << n;
      }
    }
    ASSERT_EQ(WeightsOf(*selector_), weights) << n;
  }
}

TEST_P(SelectorContractTest, PicksOnlyPositionsThatHaveAWeight) {
  for (const std::size_t n : kSizes) {
    if (n < 2) continue;
    selector_->Assign(ShapeWeights("zero-weights", n));
    for (int draw = 0; draw < 200; ++draw) {
      const ItemIndex pick = selector_->Select(*random_);
      ASSERT_LT(pick, n);
      ASSERT_GT(selector_->WeightAt(pick), 0u) << "position " << pick << " of " << n;
    }
  }
}

TEST_P(SelectorContractTest, TheOnlyPositionWithAWeightIsAlwaysPicked) {
  for (const std::size_t n : kSizes) {
    for (const std::size_t only : {std::size_t{0}, n / 2, n - 1}) {
      std::vector<Weight> weights(n);
      weights[only] = kWeightMax;
      selector_->Assign(weights);
      for (int draw = 0; draw < 20; ++draw) ASSERT_EQ(selector_->Select(*random_), only) << n;
      selector_->SetWeight(static_cast<ItemIndex>(only), 1);
      for (int draw = 0; draw < 20; ++draw) ASSERT_EQ(selector_->Select(*random_), only) << n;
    }
  }
}

TEST_P(SelectorContractTest, WeightsUpToTheLargestSumKeepTheirShares) {
  // 2^62 and 2^62 - 1 make 2^63 - 1, the largest sum there may be. 5,000 draws
  // are 10 standard deviations away from 4,650.
  selector_->Assign(std::vector<Weight>{Weight{1} << 62, 0, (Weight{1} << 62) - 1});
  ASSERT_EQ(selector_->total(), kWeightMax);
  int first = 0;
  for (int draw = 0; draw < 10'000; ++draw) {
    const ItemIndex pick = selector_->Select(*random_);
    ASSERT_NE(pick, 1u);
    first += pick == 0;
  }
  EXPECT_NEAR(first, 5'000, 350);
}

TEST_P(SelectorContractTest, DrawManyTakesEveryUnitAndThenStops) {
  for (const std::size_t n : {1u, 2u, 16u, 17u, 257u, 2'049u}) {
    Stock stock = SmallStock(n);
    selector_->Assign(ShapeWeights("zipf", n));
    std::uint64_t units = 0;
    for (ItemIndex i = 0; i < n; ++i) units += stock[i].left.count();
    std::vector<std::uint64_t> counts(n);
    std::vector<ItemIndex> picks(units + 10);
    ASSERT_EQ(selector_->DrawMany(*random_, stock, picks), units) << n;
    for (std::size_t k = 0; k < units; ++k) ++counts[picks[k]];
    for (ItemIndex i = 0; i < n; ++i) {
      ASSERT_EQ(counts[i], 1 + i % 3) << "position " << i << " of " << n;
      ASSERT_EQ(stock[i].drawn, counts[i]);
      ASSERT_TRUE(stock[i].left.is_zero());
      ASSERT_EQ(selector_->WeightAt(i), 0u);
    }
    EXPECT_EQ(selector_->total(), 0u);
    EXPECT_EQ(selector_->DrawMany(*random_, stock, picks), 0u);
  }
}

TEST_P(SelectorContractTest, UnlimitedItemsNeverLeave) {
  Stock stock = UnlimitedStock(5);
  selector_->Assign(ShapeWeights("equal", 5));
  std::vector<ItemIndex> picks(1'000);
  EXPECT_EQ(selector_->DrawMany(*random_, stock, picks), picks.size());
  EXPECT_EQ(selector_->total(), 50u);
}

TEST_P(SelectorContractTest, DrawManyTakesAsManyUnitsAsItPicksOfEach) {
  for (const std::size_t n : {1u, 5u, 16u, 17u, 300u}) {
    Stock stock = UnlimitedStock(n);
    for (ItemIndex i = 0; i < n; i += 2) stock.Set(i, {.left = Quantity::Of(3'000), .drawn = 7});
    selector_->Assign(ShapeWeights("equal", n));
    std::vector<ItemIndex> picks(2'900);
    ASSERT_EQ(selector_->DrawMany(*random_, stock, picks), picks.size()) << n;
    for (ItemIndex i = 0; i < n; ++i) {
      const auto count = static_cast<std::uint64_t>(std::count(picks.begin(), picks.end(), i));
      const bool is_limited = i % 2 == 0;
      ASSERT_EQ(stock[i].drawn, count + (is_limited ? 7 : 0)) << "position " << i << " of " << n;
      ASSERT_EQ(stock[i].left, is_limited ? Quantity::Of(3'000 - count) : Quantity::Unlimited());
    }
  }
}

TEST_P(SelectorContractTest, DrawManyEqualsALoopOverSelectWhateverTheChunks) {
  for (const std::size_t n : {5u, 16u, 17u, 300u, 2'100u}) {
    const std::vector<Weight> weights = ShapeWeights("zipf", n);
    const std::size_t draws = n + n / 2;
    selector_->Assign(weights);
    Stock stock = SmallStock(n);
    const auto loop_random = MakeXoshiroRandom(7);
    std::vector<ItemIndex> expected;
    while (expected.size() < draws) {
      const ItemIndex pick = selector_->Select(*loop_random);
      expected.push_back(pick);
      if (stock.TakeOne(pick)) selector_->SetWeight(pick, 0);
    }
    const std::uint64_t word_after = loop_random->Next();
    for (const std::size_t chunk : {1u, 2u, 3u, 15u, 16u, 17u, 64u, 255u, 256u, 10'000u}) {
      const std::unique_ptr<Selector> selector = Make(GetParam());
      selector->Assign(weights);
      stock = SmallStock(n);
      const auto random = MakeXoshiroRandom(7);
      std::vector<ItemIndex> picks(draws);
      for (std::size_t done = 0; done < draws;) {
        const std::span<ItemIndex> part =
            std::span(picks).subspan(done, std::min(chunk, draws - done));
        ASSERT_EQ(selector->DrawMany(*random, stock, part), part.size());
        done += part.size();
      }
      ASSERT_EQ(picks, expected) << n << " positions by " << chunk;
      ASSERT_EQ(random->Next(), word_after) << n << " positions by " << chunk;
    }
  }
}

TEST_P(SelectorContractTest, ManyDrawsBetweenChangesEqualALoopOverSelect) {
  for (const std::size_t n : {5u, 17u, 300u, 2'100u}) {
    const std::vector<Weight> weights = ShapeWeights("zipf", n);
    // A few run out, long after the first draw and from each other.
    Stock stock = UnlimitedStock(n);
    for (std::size_t k = 1; k < 4; ++k) {
      stock.Set(static_cast<ItemIndex>(n * k / 5), {.left = Quantity::Of(3 * k), .drawn = 0});
    }
    const std::size_t draws = 9 * n + 20'000;
    selector_->Assign(weights);
    Stock loop_stock = stock;
    const auto loop_random = MakeXoshiroRandom(8);
    std::vector<ItemIndex> expected(draws);
    for (ItemIndex& pick : expected) {
      pick = selector_->Select(*loop_random);
      if (loop_stock.TakeOne(pick)) selector_->SetWeight(pick, 0);
    }
    for (const std::size_t chunk : {1u, 100u, 5'000u, 100'000u}) {
      const std::unique_ptr<Selector> selector = Make(GetParam());
      selector->Assign(weights);
      Stock own_stock = stock;
      const auto random = MakeXoshiroRandom(8);
      std::vector<ItemIndex> picks(draws);
      for (std::size_t done = 0; done < draws;) {
        const std::span<ItemIndex> part =
            std::span(picks).subspan(done, std::min(chunk, draws - done));
        ASSERT_EQ(selector->DrawMany(*random, own_stock, part), part.size());
        done += part.size();
      }
      ASSERT_EQ(picks, expected) << n << " positions by " << chunk;
    }
  }
}

TEST_P(SelectorContractTest, DrawManyPassesOverRefusedWordsAsSelectDoes) {
  // The word 0 is refused below an odd total, and 1 just not; each stands at all places
  // of the groups in which words may be looked at.
  for (const std::size_t n : {3u, 101u, 1'001u}) {
    SCOPED_TRACE(n);
    std::vector<Weight> weights(n);
    for (std::size_t i = 0; i < n; ++i) weights[i] = 3 + 2 * (i % 7);
    selector_->Assign(weights);
    const Weight total = selector_->total();
    ASSERT_EQ(total % 2, 1u);
    std::vector<std::uint64_t> words;
    for (std::uint64_t i = 0; i < 209; ++i) {
      const std::uint64_t target = i * 7'919 % total;
      words.push_back(i % 19 == 0 ? 0 : i % 11 == 0 ? 1 : ScriptedRandom::WordFor(target, total));
    }
    Stock stock = UnlimitedStock(n);
    ScriptedRandom loop_random(words);
    std::vector<ItemIndex> expected(2'000 + 5 * n);
    for (ItemIndex& pick : expected) pick = selector_->Select(loop_random);
    ASSERT_GT(loop_random.consumed(), expected.size());
    ScriptedRandom random(words);
    std::vector<ItemIndex> picks(expected.size());
    ASSERT_EQ(selector_->DrawMany(random, stock, picks), picks.size());
    EXPECT_EQ(picks, expected);
    EXPECT_EQ(random.consumed(), loop_random.consumed());
  }
}

TEST_P(SelectorContractTest, AnItemThatIsRestockedReturns) {
  for (const std::size_t n : {3u, 17u, 300u, 2'049u}) {
    const std::vector<Weight> weights = ShapeWeights("zipf", n);
    selector_->Assign(weights);
    Stock stock = SmallStock(n);
    std::vector<ItemIndex> picks(3 * n);
    (void)selector_->DrawMany(*random_, stock, picks);
    ASSERT_EQ(selector_->total(), 0u);
    const auto restocked = static_cast<ItemIndex>(n - 1);
    stock.Set(restocked, {.left = Quantity::Of(2), .drawn = 3});
    selector_->SetWeight(restocked, weights[restocked]);
    EXPECT_EQ(selector_->total(), weights[restocked]);
    ASSERT_EQ(selector_->DrawMany(*random_, stock, picks), 2u);
    EXPECT_EQ(picks[0], restocked);
    EXPECT_EQ(picks[1], restocked);
  }
}

TEST_P(SelectorContractTest, SelectChangesNothingButTheStream) {
  const std::vector<Weight> weights = ShapeWeights("zipf", 2'100);
  selector_->Assign(weights);
  const auto replay = MakeXoshiroRandom(9);
  const auto random = MakeXoshiroRandom(9);
  std::vector<ItemIndex> picks(500);
  for (ItemIndex& pick : picks) pick = selector_->Select(*random);
  EXPECT_EQ(WeightsOf(*selector_), weights);
  for (const ItemIndex pick : picks) ASSERT_EQ(selector_->Select(*replay), pick);
}

std::vector<std::string_view> AllSelectors() {
  std::vector<std::string_view> names(SelectorNames().begin(), SelectorNames().end());
  names.push_back(kEnvelopeAhead);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, SelectorContractTest, ::testing::ValuesIn(AllSelectors()),
                         [](const auto& info) {
                           std::string name(info.param);
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !std::isalpha(c); },
                               '_');
                           return name;
                         });

TEST(MakeSelectorTest, EachNameGivesTheSelectorOfThatName) {
  for (const std::string_view name : SelectorNames()) EXPECT_EQ(Make(name)->name(), name);
  EXPECT_EQ(SelectorNames().back(), "auto");
}

TEST(MakeSelectorTest, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const Status status = MakeSelector("Fenwick").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "unknown selector \"Fenwick\"; known: linear prefix-sum fenwick flat wide envelope "
            "auto");
}

}  // namespace
}  // namespace rewardpool
