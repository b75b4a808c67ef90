#include "item_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rewardpool::wasm {
namespace {

using Names = std::vector<ItemName>;

class ItemNamesTest : public ::testing::Test {
 protected:
  // Adds to the table and to the names, as request `request_id`.
  void Add(const std::string& id, RequestId request_id) {
    const Result<ItemIndex> position = items_.Add({id, 1, Quantity::Unlimited()});
    ASSERT_TRUE(position.ok());
    names_.Add(*position, id, request_id);
  }
  void Remove(const std::string& id) { ASSERT_TRUE(items_.Remove(id).ok()); }

  // The names of these positions, and of each its item.
  Names NamesOf(std::vector<std::uint32_t> positions) {
    names_.FromPositions(positions);
    return positions;
  }
  std::vector<std::string> ItemIds() {
    return {names_.item_ids().begin(), names_.item_ids().end()};
  }

  ItemTable items_ = *ItemTable::Create(std::vector<Item>{{"a", 1}, {"b", 1}, {"c", 1}});
  ItemNames names_{items_};
};

TEST_F(ItemNamesTest, NamesAreThePositionsAtFirst) {
  EXPECT_EQ(NamesOf({2, 0, 0, 1}), (Names{2, 0, 0, 1}));
  EXPECT_EQ(ItemIds(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ItemNamesTest, AFreeSlotAtTheOpeningHasAnEmptyItemId) {
  Remove("b");
  const ItemNames names(items_);
  ASSERT_EQ(names.item_ids().size(), 3U);
  EXPECT_EQ(names.item_ids()[1], "");
}

TEST_F(ItemNamesTest, AnItemInTheSlotOfAnotherGetsANameOfItsOwn) {
  const Names before = NamesOf({1, 2});
  Remove("b");
  Add("d", 1);
  ASSERT_EQ(items_.Find("d"), 1U);
  EXPECT_EQ(before, (Names{1, 2}));
  EXPECT_EQ(NamesOf({1, 2}), (Names{3, 2}));
  EXPECT_EQ(ItemIds(), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(ItemNamesTest, AnItemBehindAllOthersIsNamedByItsPosition) {
  Add("d", 1);
  EXPECT_EQ(NamesOf({3, 0}), (Names{3, 0}));
  Remove("a");
  Add("e", 2);
  EXPECT_EQ(NamesOf({3, 0}), (Names{3, 4}));
}

TEST_F(ItemNamesTest, WhatIsUndoneGivesThePositionsBackAndItsNamesStayUnused) {
  Remove("b");
  Add("d", 1);
  names_.Commit(1);
  // Two that come to the same place, and one behind all.
  Remove("d");
  Add("e", 3);
  Remove("e");
  Add("f", 5);
  Add("g", 6);
  EXPECT_EQ(NamesOf({0, 1, 2, 3}), (Names{0, 5, 2, 6}));
  names_.Undo();
  EXPECT_EQ(NamesOf({0, 1, 2}), (Names{0, 3, 2}));
  EXPECT_EQ(ItemIds(), (std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g"}));
  names_.Undo();
  EXPECT_EQ(NamesOf({1}), Names{3}) << "what is final is not undone";
}

TEST_F(ItemNamesTest, AnUndoneNameIsNotGivenToTheNextItem) {
  Add("d", 1);
  names_.Undo();
  ASSERT_TRUE(items_.Remove("d").ok());
  Add("e", 1);
  ASSERT_EQ(items_.Find("e"), 3U);
  EXPECT_EQ(NamesOf({3}), Names{4});
}

TEST_F(ItemNamesTest, OnlyAdditionsUpToTheCommitAreFinal) {
  Add("d", 1);
  Add("e", 2);
  Remove("a");
  Add("f", 4);
  names_.Commit(3);
  names_.Undo();
  EXPECT_EQ(NamesOf({0, 3, 4}), (Names{0, 3, 4}));
}

}  // namespace
}  // namespace rewardpool::wasm
