#include "rewardpool/pool_state.h"

#include <gtest/gtest.h>

#include <memory>
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

// The same as StatesOf(), of a copy.
std::vector<ItemState> StatesOfCopy(const ItemsCopy& copy) {
  std::vector<ItemState> states;
  for (ItemIndex index = 0; index < copy.slot_count(); ++index) {
    const ItemRow& row = copy[index];
    if (row.id == nullptr) continue;
    states.push_back(
        {std::string(IdTexts::View(row.id)), row.weight, row.stock.left, row.stock.drawn});
  }
  return states;
}

TEST(PoolState, ACopyMadeBitByBitIsOfTheMomentAtWhichItBegan) {
  struct Expected {
    std::shared_ptr<ItemsCopy> copy;
    std::vector<ItemState> items;
    std::size_t item_count;
    std::uint64_t drawn_of_removed;
    std::uint32_t schema_hash;
  };
  std::uint64_t checked = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::unique_ptr<Random> draws = MakeXoshiroRandom(seed);
    std::vector<Item> catalog;
    for (int i = 0; i < 60; ++i) {
      catalog.push_back(
          {"item " + std::to_string(i), 1 + random() % 50, Quantity::Of(random() % 9)});
    }
    PoolState state = MakeState(catalog, "wide");
    std::vector<Expected> copies;
    for (int step = 0; step < 600; ++step) {
      const std::string id = "item " + std::to_string(random() % 80);
      std::vector<ItemIndex> picks(1 + random() % 5);
      switch (random() % 12) {
        case 0:
          copies.push_back({state.BeginCopy(), StatesOf(state.items()), state.items().item_count(),
                            state.items().drawn_of_removed(), state.items().schema_hash()});
          break;
        case 1:
        case 2:
          for (const Expected& expected : copies) {
            (void)state.ContinueCopy(*expected.copy, random() % 20);
          }
          break;
        case 3:
          // A copy that nobody wants any more.
          if (!copies.empty() && random() % 4 == 0) copies.pop_back();
          break;
        case 4:
          (void)state.StageAdd({id, 1 + random() % 50, Quantity::Of(random() % 9)});
          break;
        case 5:
          (void)state.StageUpdate(
              id, {.weight = random() % 50, .quantity = Quantity::Of(random() % 9)});
          break;
        case 6:
        case 7:
          (void)state.StageRemove(id);
          break;
        case 8:
          (void)state.StageAllDraws(*draws, picks);
          break;
        case 9:
          state.Commit(state.mark());
          break;
        case 10:
          if (random() % 8 == 0) state.Revert();
          break;
        default:
          (void)state.StageDraws(*draws, picks);
      }
      std::erase_if(copies, [&](const Expected& expected) {
        if (!expected.copy->complete()) return false;
        expected.copy->Settle();
        EXPECT_EQ(StatesOfCopy(*expected.copy), expected.items) << "step " << step;
        EXPECT_EQ(expected.copy->item_count(), expected.item_count);
        EXPECT_EQ(expected.copy->drawn_of_removed(), expected.drawn_of_removed);
        EXPECT_EQ(expected.copy->schema_hash(), expected.schema_hash);
        ++checked;
        return true;
      });
    }
  }
  EXPECT_GT(checked, 1000u);
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
