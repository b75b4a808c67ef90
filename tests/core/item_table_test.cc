#include "rewardpool/item_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace rewardpool {
namespace {

ItemTable MakeTable(const std::vector<Item>& items) {
  Result<ItemTable> table = ItemTable::Create(items);
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  return std::move(table).value();
}

TEST(ItemTable, KeepsTheOrderOfTheCatalog) {
  const ItemTable table = MakeTable({{"gold", 1, Quantity::Of(3)}, {"mud", 9}});
  ASSERT_EQ(table.slot_count(), 2u);
  EXPECT_EQ(table.IdAt(0), "gold");
  EXPECT_EQ(table.IdAt(1), "mud");
  EXPECT_EQ(table.weight_sum(), 10u);
  EXPECT_EQ(table.stock()[0].left, Quantity::Of(3));
  EXPECT_TRUE(table.stock()[1].left.is_unlimited());
  EXPECT_EQ(table.Find("mud"), ItemIndex{1});
  EXPECT_EQ(table.Find("silver"), std::nullopt);
}

TEST(ItemTable, RefusesWhatNoCatalogMayHold) {
  const auto code = [](const std::vector<Item>& items) {
    return ItemTable::Create(items).status().code();
  };
  EXPECT_EQ(code({{"a", 1}, {"a", 2}}), StatusCode::kAlreadyExists);
  EXPECT_EQ(code({{"", 1}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{std::string(256, 'x'), 1}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{std::string("a\0b", 3), 1}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"\xC0\x80", 1}}), StatusCode::kInvalidArgument);      // overlong
  EXPECT_EQ(code({{"\xED\xA0\x80", 1}}), StatusCode::kInvalidArgument);  // a surrogate
  EXPECT_EQ(code({{"\xF4\x90\x80\x80", 1}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"a", kWeightMax + 1}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"a", kWeightMax}, {"b", 1}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"a", kWeightMax}, {"b", 0}}), StatusCode::kOk);
  EXPECT_EQ(code({{std::string(255, 'x'), 1}, {"a,\"b\"\n\xF0\x9F\x8E\x81", 1}}), StatusCode::kOk);
}

TEST(ItemTable, ARefusedChangeChangesNothing) {
  ItemTable table = MakeTable({{"a", kWeightMax - 5, Quantity::Of(1)}, {"b", 5}});
  EXPECT_EQ(table.Update("b", {.weight = 6, .quantity = Quantity::Of(3)}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(table.Update("c", {}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(table.Remove("c").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(table.Add({"c", 1}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(table.WeightAt(1), 5u);
  EXPECT_TRUE(table.stock()[1].left.is_unlimited());
  EXPECT_EQ(table.slot_count(), 2u);
  EXPECT_EQ(table.weight_sum(), kWeightMax);
}

TEST(ItemTable, ANewItemTakesTheLowestFreeSlot) {
  ItemTable table = MakeTable({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}});
  ASSERT_TRUE(table.Remove("c").ok());
  ASSERT_TRUE(table.Remove("a").ok());
  EXPECT_EQ(table.slot_count(), 4u);
  EXPECT_EQ(table.Add({"e", 1}).value(), 0u);
  EXPECT_EQ(table.Add({"f", 1}).value(), 2u);
  EXPECT_EQ(table.Add({"g", 1}).value(), 4u);
}

TEST(ItemTable, FreeSlotsAtTheEndDisappear) {
  ItemTable table = MakeTable({{"a", 1}, {"b", 1}, {"c", 1}});
  ASSERT_TRUE(table.Remove("b").ok());
  EXPECT_EQ(table.slot_count(), 3u);
  ASSERT_TRUE(table.Remove("c").ok());
  EXPECT_EQ(table.slot_count(), 1u);
  EXPECT_EQ(table.Add({"d", 1}).value(), 1u);
}

TEST(ItemTable, ARemovedItemsDrawsStayCounted) {
  ItemTable table = MakeTable({{"a", 1, Quantity::Of(5)}, {"b", 1}});
  table.stock().TakeOne(0);
  table.stock().TakeOne(0);
  ASSERT_TRUE(table.Remove("a").ok());
  EXPECT_EQ(table.drawn_of_removed(), 2u);
  EXPECT_EQ(table.Add({"a", 1, Quantity::Of(5)}).value(), 0u);
  EXPECT_EQ(table.stock()[0].drawn, 0u);
}

TEST(ItemTable, ALoggedDrawOfWhatCannotBeDrawnIsCorrupt) {
  ItemTable table = MakeTable({{"a", 1, Quantity::Of(1)}, {"zero", 0}, {"c", 1}, {"d", 1}});
  ASSERT_TRUE(table.Remove("c").ok());
  const auto apply = [&](ItemIndex index) {
    ItemTable copy = table;
    const std::vector<ItemIndex> draws = {0, index};
    return copy.ApplyDraws(draws);
  };
  EXPECT_TRUE(apply(3).ok());
  EXPECT_EQ(apply(0).code(), StatusCode::kCorrupt);  // out of stock
  EXPECT_EQ(apply(1).code(), StatusCode::kCorrupt);  // weight 0
  EXPECT_EQ(apply(2).code(), StatusCode::kCorrupt);  // a free slot
  EXPECT_EQ(apply(4).code(), StatusCode::kCorrupt);  // beyond the last
  EXPECT_NE(apply(0).message().find("\"a\""), std::string::npos);
}

TEST(ItemTable, TheSchemaHashFollowsFromTheItemsAlone) {
  ItemTable table = MakeTable({{"a", 1}, {"b", 2}, {"c", 3}});
  const std::uint32_t hash = table.schema_hash();
  ASSERT_TRUE(table.Update("b", {.weight = 7, .quantity = {}}).ok());
  EXPECT_EQ(table.schema_hash(), hash);  // weights are not schema
  ASSERT_TRUE(table.Remove("b").ok());
  EXPECT_NE(table.schema_hash(), hash);
  ASSERT_TRUE(table.Add({"b", 1}).ok());
  EXPECT_EQ(table.schema_hash(), hash);
  EXPECT_NE(MakeTable({{"b", 1}, {"a", 1}, {"c", 1}}).schema_hash(), hash);  // other order
}

TEST(ItemTable, ACopyIsIndependent) {
  ItemTable table = MakeTable({{"a", 1}});
  const ItemTable copy = table;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(table.Add({"item " + std::to_string(i), 1}).ok());
  }
  ItemTable second = copy;
  ASSERT_TRUE(second.Add({"other", 1}).ok());
  EXPECT_EQ(copy.slot_count(), 1u);
  EXPECT_EQ(table.IdAt(1), "item 0");
  EXPECT_EQ(second.IdAt(1), "other");
}

TEST(ItemTable, AgreesWithAMapOverAnyChanges) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    ItemTable table;
    std::map<std::string, Weight> model;
    for (int step = 0; step < 3000; ++step) {
      const std::string id = "item " + std::to_string(random() % 300);
      switch (random() % 3) {
        case 0: {
          const Weight weight = random() % 100;
          EXPECT_EQ(table.Add({id, weight}).ok(), model.emplace(id, weight).second);
          break;
        }
        case 1:
          EXPECT_EQ(table.Remove(id).ok(), model.erase(id) == 1);
          break;
        case 2: {
          const Weight weight = random() % 100;
          const bool known = model.contains(id);
          if (known) model[id] = weight;
          EXPECT_EQ(table.Update(id, {.weight = weight, .quantity = {}}).ok(), known);
          break;
        }
      }
    }
    ASSERT_EQ(table.item_count(), model.size());
    Weight sum = 0;
    for (const auto& [id, weight] : model) {
      const std::optional<ItemIndex> index = table.Find(id);
      ASSERT_TRUE(index.has_value()) << id;
      EXPECT_EQ(table.IdAt(*index), id);
      EXPECT_EQ(table.WeightAt(*index), weight);
      sum += weight;
    }
    EXPECT_EQ(table.weight_sum(), sum);
    EXPECT_TRUE(table.slot_count() == 0 ||
                table.Has(static_cast<ItemIndex>(table.slot_count() - 1)));
  }
}

}  // namespace
}  // namespace rewardpool
