#include "rewardpool/item_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/replay_agreement.h"

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

TEST(ItemTable, ABadByteIsFoundWhereverItIs) {
  constexpr std::size_t kLength = 20;
  for (std::size_t i = 0; i < kLength; ++i) {
    std::string id(kLength, '~');
    id[i] = '\x7F';
    EXPECT_TRUE(ValidateItemId(id).ok()) << i;
    for (const char bad : {'\0', '\x80', '\xFF'}) {
      id[i] = bad;
      EXPECT_NE(ValidateItemId(id).message().find("at byte " + std::to_string(i)),
                std::string::npos);
    }
  }
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

TEST(ItemTable, TellsIdsOfAnyLengthApart) {
  ItemTable table;
  table.Reserve(3'000);
  std::vector<std::string> ids;
  for (std::size_t length = 1; length <= kItemIdBytesMax; ++length) {
    ids.emplace_back(length, 'x');
    for (const std::size_t at : {std::size_t{0}, length / 2, length - 1}) {
      std::string id(length, 'x');
      id[at] = 'y';
      if (id != ids.back()) ids.push_back(std::move(id));
    }
  }
  for (const std::string& id : ids) {
    EXPECT_EQ(table.Find(id), std::nullopt) << id;
    ASSERT_TRUE(table.Add({id, 1}).ok()) << id;
  }
  for (ItemIndex index = 0; index < ids.size(); ++index) EXPECT_EQ(table.Find(ids[index]), index);
}

TEST(ItemTable, IdsStayWhereTheyAreReadWhileTextsFillBlockAfterBlock) {
  ItemTable table;
  std::vector<IdTexts::Ref> refs;
  std::vector<std::string> ids;
  std::vector<ItemTable> copies;
  for (std::size_t i = 0; i < 3'000; ++i) {
    // Up to the longest, so that blocks end before, at and after a text.
    ids.push_back(std::to_string(i) + std::string(i % 250, 'x'));
    ASSERT_TRUE(table.Add({ids.back(), 1}).ok());
    refs.push_back(table.IdTextAt(static_cast<ItemIndex>(i)));
    if (i % 400 == 0) copies.push_back(table);
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_EQ(table.IdAt(static_cast<ItemIndex>(i)), ids[i]);
    ASSERT_EQ(table.IdTextAt(static_cast<ItemIndex>(i)), refs[i]);
  }
  for (const ItemTable& copy : copies) {
    for (ItemIndex i = 0; i < copy.slot_count(); ++i) ASSERT_EQ(copy.IdAt(i), ids[i]);
  }
}

TEST(ItemTable, AddsManyItemsAsIfOneByOne) {
  for (const std::size_t count : {0, 1, 16, 17, 1'000}) {
    std::vector<Item> items;
    for (std::size_t i = 0; i < count; ++i) items.push_back({"item " + std::to_string(i), i});
    ItemTable table = MakeTable({{"first", 3}});
    ItemTable one_by_one = table;
    std::vector<NewItem> views;
    for (const Item& item : items) {
      views.push_back({item.id, item.weight, item.quantity});
      ASSERT_TRUE(one_by_one.Add(item).ok());
    }
    ItemTable by_workers = table;
    testing::BackwardWorkers workers;
    ASSERT_TRUE(by_workers.AddAll(views, &workers));
    ASSERT_TRUE(table.AddAll(views));
    EXPECT_EQ(by_workers.schema_hash(), table.schema_hash());
    EXPECT_EQ(by_workers.weight_sum(), table.weight_sum());
    for (const Item& item : items) EXPECT_EQ(by_workers.Find(item.id), table.Find(item.id));
    ASSERT_EQ(table.slot_count(), count + 1);
    EXPECT_EQ(table.schema_hash(), one_by_one.schema_hash());
    EXPECT_EQ(table.weight_sum(), one_by_one.weight_sum());
    for (ItemIndex i = 0; i < count; ++i) {
      EXPECT_EQ(table.Find(items[i].id), i + 1);
      EXPECT_EQ(table.IdAt(i + 1), items[i].id);
      EXPECT_EQ(table.WeightAt(i + 1), items[i].weight);
      EXPECT_TRUE(table.stock()[i + 1].left.is_unlimited());
    }
  }
}

TEST(ItemTable, AddsAllOfManyItemsOrNone) {
  ItemTable before = MakeTable({{"first", 3}, {"second", 4}, {"third", 5}});
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(before.Add({"more " + std::to_string(i), 0}).ok());
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back("item " + std::to_string(i));
  const std::string bad_ids[] = {"", "\x80", std::string(256, 'x'), "second", "item 7"};
  for (std::size_t at = 8; at < ids.size(); ++at) {
    for (const std::string& bad_id : bad_ids) {
      std::vector<NewItem> items;
      for (const std::string& id : ids) items.push_back({id, 1});
      testing::BackwardWorkers backward;
      for (Workers* const workers :
           {static_cast<Workers*>(nullptr), static_cast<Workers*>(&backward)}) {
        items[at].id = bad_id;
        ItemTable table = before;
        ASSERT_FALSE(table.AddAll(items, workers)) << at << " " << bad_id;
        ASSERT_EQ(table.slot_count(), before.slot_count());
        ASSERT_EQ(table.item_count(), before.item_count());
        EXPECT_EQ(table.schema_hash(), before.schema_hash());
        EXPECT_EQ(table.weight_sum(), before.weight_sum());
        for (const std::string& id : ids) EXPECT_EQ(table.Find(id), std::nullopt);
        for (ItemIndex i = 0; i < before.slot_count(); ++i) {
          EXPECT_EQ(table.Find(before.IdAt(i)), i);
        }
        items[at].id = ids[at];
        EXPECT_TRUE(table.AddAll(items, workers));
      }
    }
  }
  ItemTable heavy = before;
  EXPECT_FALSE(heavy.AddAll(std::vector<NewItem>{{"a", kWeightMax - 13}, {"b", 2}}));
  EXPECT_EQ(heavy.slot_count(), before.slot_count());
  EXPECT_TRUE(heavy.AddAll(std::vector<NewItem>{{"a", kWeightMax - 13}, {"b", 1}}));
  ItemTable with_room = before;
  ASSERT_TRUE(with_room.Remove("first").ok());
  EXPECT_FALSE(with_room.AddAll(std::vector<NewItem>{{"a", 1}}));
}

TEST(ItemTable, ManyTimesTheSameIdIsRefusedAtOnce) {
  ItemTable table = MakeTable({{"first", 3}});
  EXPECT_FALSE(table.AddAll(std::vector<NewItem>(1'000'000, {"again", 1})));
  EXPECT_EQ(table.slot_count(), 1u);
  EXPECT_EQ(table.Find("again"), std::nullopt);
  EXPECT_EQ(table.Find("first"), 0u);
}

TEST(ItemTable, FindsManyIdsAsIfOneByOne) {
  ItemTable table;
  std::vector<std::string> ids;
  for (int i = 0; i < 5'000; ++i) ids.push_back("item " + std::to_string(i));
  for (const std::string& id : ids) ASSERT_TRUE(table.Add({id, 1}).ok());
  std::mt19937_64 random(1);
  for (const std::size_t count : {0, 1, 15, 16, 17, 5'000}) {
    std::vector<std::string_view> wanted;
    for (std::size_t i = 0; i < count; ++i) wanted.push_back(ids[random() % ids.size()]);
    std::vector<ItemIndex> positions(count);
    ASSERT_TRUE(table.FindAll(wanted, positions));
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(table.IdAt(positions[i]), wanted[i]);
  }
  for (std::size_t at = 0; at < 20; ++at) {
    for (int i = 0; i < 200; ++i) {
      const std::string absent = "absent " + std::to_string(i);
      std::vector<std::string_view> wanted(ids.begin(), ids.begin() + 20);
      wanted[at] = absent;
      std::vector<ItemIndex> positions(wanted.size());
      EXPECT_FALSE(table.FindAll(wanted, positions)) << absent << " at " << at;
    }
  }
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
