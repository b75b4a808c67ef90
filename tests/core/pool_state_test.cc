#include "rewardpool/pool_state.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/sync_pool.h"

namespace rewardpool::testing {
namespace {

PoolState MakeState(const std::vector<Item>& items, std::string_view selector) {
  return PoolState(ItemTable::Create(items).value(), MakeSelector(selector).value());
}

class PoolStateTest : public ::testing::TestWithParam<std::string_view> {};

TEST_P(PoolStateTest, RevertingRestoresEverything) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::unique_ptr<Random> draws = MakeXoshiroRandom(seed);
    std::vector<Item> catalog;
    for (int i = 0; i < 40; ++i) {
      catalog.push_back({"item " + std::to_string(i), random() % 50, Quantity::Of(random() % 9)});
    }
    PoolState state = MakeState(catalog, GetParam());
    for (int round = 0; round < 30; ++round) {
      const std::vector<ItemState> before = StatesOf(state.items());
      const std::uint64_t removed_before = state.items().drawn_of_removed();
      const std::uint32_t schema_before = state.items().schema_hash();
      const Weight total_before = state.selector().total();
      const auto change = [&] {
        const std::string id = "item " + std::to_string(random() % 60);
        std::vector<ItemIndex> picks(1 + random() % 5);
        switch (random() % 5) {
          case 0:
            (void)state.StageAdd({id, random() % 50, Quantity::Of(random() % 9)});
            break;
          case 1:
            (void)state.StageUpdate(
                id, {.weight = random() % 50, .quantity = Quantity::Of(random() % 9)});
            break;
          case 2:
            (void)state.StageRemove(id);
            break;
          case 3:
            (void)state.StageAllDraws(*draws, picks);
            break;
          default:
            (void)state.StageDraws(*draws, picks);
        }
      };
      for (int i = 0; i < 25; ++i) change();
      if (round % 3 == 0) {
        state.Commit(state.mark());
        continue;
      }
      state.Revert();
      ASSERT_EQ(StatesOf(state.items()), before);
      ASSERT_EQ(state.items().drawn_of_removed(), removed_before);
      ASSERT_EQ(state.items().schema_hash(), schema_before);
      ASSERT_EQ(state.selector().total(), total_before);
      for (ItemIndex index = 0; index < state.items().slot_count(); ++index) {
        ASSERT_EQ(state.selector().WeightAt(index), state.items().DrawableWeightAt(index));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Selectors, PoolStateTest, ::testing::ValuesIn(SelectorNames()),
                         [](const auto& tested) {
                           std::string name(tested.param);
                           std::erase(name, '-');
                           return name;
                         });

TEST(PoolState, CommittedChangesSurviveARevert) {
  PoolState state = MakeState({{"a", 1, Quantity::Of(10)}}, "linear");
  std::unique_ptr<Random> random = MakeXoshiroRandom(1);
  std::vector<ItemIndex> picks(3);
  ASSERT_EQ(state.StageDraws(*random, picks), 3u);
  const PoolState::Mark mark = state.mark();
  ASSERT_TRUE(state.StageAdd({"b", 1}).ok());
  ASSERT_EQ(state.StageDraws(*random, picks), 3u);
  state.Commit(mark);
  state.Revert();
  const std::vector<ItemState> expected = {{"a", 1, Quantity::Of(7), 3}};
  EXPECT_EQ(StatesOf(state.items()), expected);
}

TEST(PoolState, AMultiDrawThatCannotBeServedChangesNothing) {
  PoolState state = MakeState({{"a", 1, Quantity::Of(2)}, {"b", 5, Quantity::Of(2)}}, "linear");
  std::unique_ptr<Random> random = MakeXoshiroRandom(1);
  const std::vector<ItemState> before = StatesOf(state.items());
  std::vector<ItemIndex> picks(5);
  EXPECT_EQ(state.StageAllDraws(*random, picks).code(), StatusCode::kExhausted);
  EXPECT_EQ(StatesOf(state.items()), before);
  EXPECT_EQ(state.selector().total(), 6u);
}

}  // namespace
}  // namespace rewardpool::testing
