// What is special about the envelope: its heights, tombstones, look-ahead and
// memory. What it shares with the others is in selector_contract_test.cc.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "selectors/envelope.h"
#include "support/pool_shapes.h"

namespace rewardpool::internal {
namespace {

using tests::ShapeWeights;
using tests::SmallStock;

// Draws in calls of changing size until nothing is left, and then the word
// that comes next.
std::vector<std::uint64_t> DrawAll(EnvelopeSelector& selector, std::size_t n,
                                   Weight weight_factor = 1) {
  std::vector<Weight> weights = ShapeWeights("zipf", n);
  for (Weight& weight : weights) weight *= weight_factor;
  selector.Assign(weights);
  Stock stock = SmallStock(n);
  const auto random = MakeXoshiroRandom(77);
  std::vector<std::uint64_t> picks;
  for (std::size_t call = 0; selector.total() > 0; ++call) {
    std::vector<ItemIndex> part(call * call % 900 + 1);
    part.resize(selector.DrawMany(*random, stock, part));
    picks.insert(picks.end(), part.begin(), part.end());
  }
  picks.push_back(random->Next());
  return picks;
}

TEST(EnvelopeSelectorTest, EveryDepthOfLookAheadDrawsTheSame) {
  for (const std::size_t n : {3u, 100u, 2'000u}) {
    EnvelopeSelector without(0, 0);
    const std::vector<std::uint64_t> expected = DrawAll(without, n);
    for (const std::size_t depth : {1u, 2u, 7u, 16u, 33u, 64u, 128u}) {
      EnvelopeSelector with(depth, 0);
      EXPECT_EQ(DrawAll(with, n), expected) << n << " items, " << depth << " ahead";
      EnvelopeSelector in_turns(depth, 0, 0);
      EXPECT_EQ(DrawAll(in_turns, n), expected) << n << " items, " << depth << " in turns";
    }
  }
}

// The same layout at another scale, so the same draws, but for one word in 2^20, which is
// refused.
TEST(EnvelopeSelectorTest, WeightsOfMoreThan32BitsRunOutInTheSameOrder) {
  constexpr Weight kFactor = Weight{1} << 20;
  for (const std::size_t n : {3u, 100u, 2'000u}) {
    EnvelopeSelector narrow(0, 0);
    const std::vector<std::uint64_t> expected = DrawAll(narrow, n);
    for (const std::size_t depth : {0u, 7u, 128u}) {
      EnvelopeSelector wide(depth, 0);
      EXPECT_EQ(DrawAll(wide, n, kFactor), expected) << n << " items, " << depth << " ahead";
      EnvelopeSelector in_turns(depth, 0, 0);
      EXPECT_EQ(DrawAll(in_turns, n, kFactor), expected) << n << " items, " << depth << " in turns";
    }
  }
}

// From here on a native pool is drawn from in a pipeline.
constexpr std::size_t kLarge = 65'536;

TEST(EnvelopeSelectorTest, LargePoolsLookAheadAndDrawTheSame) {
  for (const std::size_t items : {std::size_t{EnvelopeSelector::kLookAheadItemsMin}, kLarge}) {
    EnvelopeSelector without(0);
    EnvelopeSelector with;
    EXPECT_EQ(DrawAll(without, items), DrawAll(with, items)) << items;
  }
}

TEST(EnvelopeSelectorTest, ManyAtOnceAreThoseOneByOneWhileWeightsChange) {
  constexpr std::size_t kItems = 3'000;
  for (const std::size_t look_ahead : {0u, 16u, 128u}) {
    for (const std::size_t pipeline_items_min : {0u, 1'000'000u}) {
      for (const std::size_t draws : {10u, 300u, 5'000u}) {
        EnvelopeSelector many(look_ahead, 0, pipeline_items_min);
        EnvelopeSelector one(0, 0);
        const std::vector<Weight> weights = ShapeWeights("zipf", kItems);
        many.Assign(weights);
        one.Assign(weights);
        const std::size_t changes = 30'000 / draws / 3;
        Stock stock = tests::UnlimitedStock(kItems + changes);
        const auto random = MakeXoshiroRandom(6);
        const auto other_random = MakeXoshiroRandom(6);
        for (std::size_t change = 0; change < changes; ++change) {
          std::vector<ItemIndex> picks(draws);
          ASSERT_EQ(many.DrawMany(*random, stock, picks), draws);
          for (const ItemIndex pick : picks) ASSERT_EQ(one.Select(*other_random), pick);
          // An item more, one of a weight nearby, which often has the same height, one of
          // another weight, one that leaves; mostly of those that are drawn often.
          const auto index = static_cast<ItemIndex>(change % 4 == 0 ? many.size() : change % 40);
          const Weight old_weight = index == many.size() ? 0 : many.WeightAt(index);
          const std::array<Weight, 4> new_weights = {weights[change % kItems],
                                                     old_weight - old_weight / 12,
                                                     weights[change * 7 % kItems], 0};
          const Weight weight = new_weights[change % 4];
          many.SetWeight(index, weight);
          one.SetWeight(index, weight);
        }
      }
    }
  }
}

TEST(EnvelopeSelectorTest, AWeightThatKeepsItsHeightCountsFromTheNextDrawOn) {
  constexpr Weight kLow = 7'169;  // both have the height 8 * 2^10
  constexpr Weight kHigh = 8'192;
  for (const std::size_t pipeline_items_min : {0u, 1'000u}) {
    EnvelopeSelector many(128, 0, pipeline_items_min);
    EnvelopeSelector one(0, 0);
    const std::vector<Weight> weights(5, kHigh);
    many.Assign(weights);
    one.Assign(weights);
    Stock stock = tests::UnlimitedStock(weights.size());
    const auto random = MakeXoshiroRandom(9);
    const auto other_random = MakeXoshiroRandom(9);
    for (std::size_t change = 0; change < 1'000; ++change) {
      const auto index = static_cast<ItemIndex>(change / 2 % weights.size());
      many.SetWeight(index, change % 2 == 0 ? kLow : kHigh);
      one.SetWeight(index, change % 2 == 0 ? kLow : kHigh);
      ASSERT_EQ(many.envelope(), 5 * kHigh);
      std::vector<ItemIndex> picks(10);
      ASSERT_EQ(many.DrawMany(*random, stock, picks), picks.size());
      for (const ItemIndex pick : picks) ASSERT_EQ(one.Select(*other_random), pick);
    }
  }
}

TEST(EnvelopeSelectorTest, HugeWeightsDrawTheSameAtEveryDepth) {
  // E is above 2^62 here, so many words are refused.
  std::vector<Weight> weights(9, (Weight{1} << 59) + (Weight{1} << 57) + 1);
  std::vector<std::vector<ItemIndex>> picks;
  for (const auto& [depth, pipeline_items_min] :
       {std::pair{0u, 0u}, std::pair{5u, 100u}, std::pair{128u, 0u}}) {
    EnvelopeSelector selector(depth, 0, pipeline_items_min);
    selector.Assign(weights);
    ASSERT_GT(selector.envelope(), Weight{1} << 62);
    Stock stock = tests::UnlimitedStock(weights.size());
    const auto random = MakeXoshiroRandom(5);
    ASSERT_EQ(selector.DrawMany(*random, stock, picks.emplace_back(3'000)), 3'000u);
  }
  EXPECT_EQ(picks[0], picks[1]);
  EXPECT_EQ(picks[0], picks[2]);
}

// 5, 6, 7 or 8 times a power of two, which at most 3 leading bits can spell.
bool IsHeight(Weight weight) {
  return (weight >> (std::bit_width(weight) - 3) << (std::bit_width(weight) - 3)) == weight;
}

TEST(EnvelopeSelectorTest, AHeightIsAtMostAQuarterAboveItsWeights) {
  EnvelopeSelector selector;
  const auto check = [&](Weight weight) {
    selector.Assign({&weight, 1});
    EXPECT_GE(selector.envelope(), weight);
    EXPECT_LE(selector.envelope() - weight, weight / 4) << weight;
    EXPECT_EQ(selector.envelope() == weight, weight <= 8 || IsHeight(weight)) << weight;
  };
  for (Weight weight = 1; weight <= 1'000; ++weight) check(weight);
  for (int shift = 10; shift < 63; ++shift) {
    for (const Weight multiple : {4u, 5u, 6u, 7u}) {
      const Weight edge = multiple << (shift - 2);
      for (const Weight weight : {edge - 1, edge, edge + 1}) check(weight);
    }
  }
  check(kWeightMax);
}

TEST(EnvelopeSelectorTest, AnEnvelopeThatPasses2To64ForAMomentComesBack) {
  constexpr Weight kEighth = Weight{1} << 60;
  EnvelopeSelector selector;
  selector.Assign(std::vector<Weight>{7 * kEighth + 1, kEighth - 2});
  selector.SetWeight(1, 0);            // a tombstone that stays
  selector.SetWeight(2, kEighth - 2);  // in its place
  ASSERT_GT(selector.envelope(), 10 * kEighth - 10);
  selector.SetWeight(0, 7 * kEighth);  // a bucket lower: 7/8 of 2^63 more
  EXPECT_EQ(selector.total(), 8 * kEighth - 2);
  EXPECT_EQ(selector.envelope(), 8 * kEighth);
  const auto random = MakeXoshiroRandom(13);
  int last = 0;
  for (int draw = 0; draw < 8'000; ++draw) last += selector.Select(*random) == 2;
  EXPECT_NEAR(last, 1'000, 200);
}

TEST(EnvelopeSelectorTest, TombstonesTakeAtMostAnEighthOfTheEnvelope) {
  // So the chance of a try, total / E, stays at least 0.8 x 7/8 = 0.7.
  const auto random = MakeXoshiroRandom(6);
  EnvelopeSelector selector;
  selector.Assign(ShapeWeights("zipf", 3'000));
  for (int change = 0; change < 20'000; ++change) {
    const auto index = static_cast<ItemIndex>(UniformBelow(*random, selector.size()));
    const bool leaves = UniformBelow(*random, 3) > 0;
    selector.SetWeight(index, leaves ? 0 : random->Next() >> UniformBelow(*random, 40) >> 24);
    ASSERT_GE(selector.total(), selector.envelope() / 10 * 7) << "change " << change;
  }
}

TEST(EnvelopeSelectorTest, ManySmallPoolsWorthOfTombstonesAreSweptByCount) {
  // Far below an eighth of the envelope: only their number makes them go.
  EnvelopeSelector selector;
  const std::vector<Weight> weights(10'000, 8);
  selector.Assign(weights);
  for (ItemIndex index = 0; index < EnvelopeSelector::kTombstonesMax; ++index) {
    ASSERT_EQ(selector.envelope(), 80'000u) << "tombstone " << index;
    selector.SetWeight(index, 0);
  }
  EXPECT_EQ(selector.envelope(), selector.total());
}

TEST(EnvelopeSelectorTest, AnItemCosts11BytesAndLittleMoreAfterManyChanges) {
  constexpr std::size_t kItems = 70'000;  // a slot's number takes 3 bytes
  EnvelopeSelector selector;
  selector.Assign(ShapeWeights("zipf", kItems));
  EXPECT_LE(selector.MemoryBytes(), 11 * kItems + 64);
  const auto random = MakeXoshiroRandom(8);
  for (std::size_t change = 0; change < 4 * kItems; ++change) {
    selector.SetWeight(static_cast<ItemIndex>(UniformBelow(*random, kItems)),
                       1 + UniformBelow(*random, 1'000'000));
  }
  EXPECT_LE(selector.MemoryBytes(), 16 * kItems);
}

}  // namespace
}  // namespace rewardpool::internal
