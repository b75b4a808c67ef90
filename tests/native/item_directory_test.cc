// Refs of items, which outlive the positions that they started from.
#include "actor/item_directory.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rewardpool::native::internal {
namespace {

class ItemDirectoryTest : public ::testing::Test {
 protected:
  ItemDirectoryTest() : items_(*ItemTable::Create(std::vector<Item>{{"a", 1}, {"b", 1}})) {
    directory_.emplace(items_);
  }

  ItemRef RefAt(ItemIndex position) const {
    std::uint32_t ref = position;
    directory_->ToRefs(std::span(&ref, 1));
    return ref;
  }
  // As the engine's owner does it.
  ItemIndex Add(const std::string& id, RequestId request_id) {
    const ItemIndex position = *items_.Add({id, 1});
    directory_->Add(position, items_.IdTextAt(position), request_id);
    return position;
  }

  ItemTable items_;
  std::optional<ItemDirectory> directory_;
};

TEST_F(ItemDirectoryTest, ItemsThereAtOpeningAreFoundByPosition) {
  EXPECT_EQ(directory_->Text(RefAt(0)), "a");
  EXPECT_EQ(directory_->Text(RefAt(1)), "b");
  EXPECT_EQ(directory_->Text(2), "");
  EXPECT_EQ(directory_->Text(~ItemRef{0}), "");
}

TEST_F(ItemDirectoryTest, ARefKeepsItsNameWhenItsPositionIsGivenAway) {
  const ItemRef before = RefAt(0);
  ASSERT_TRUE(items_.Remove("a").ok());
  ASSERT_EQ(Add("c", 1), 0U);
  EXPECT_EQ(directory_->Text(before), "a");
  EXPECT_EQ(directory_->Text(RefAt(0)), "c");
  EXPECT_EQ(directory_->Text(RefAt(1)), "b");
}

TEST_F(ItemDirectoryTest, UndoneAdditionsGiveThePositionBack) {
  ASSERT_TRUE(items_.Remove("a").ok());
  Add("c", 1);
  directory_->Commit(1);
  // Twice exchanged at the same position, then undone.
  for (const std::string id : {"d", "e"}) {
    ASSERT_TRUE(items_.Remove(items_.IdAt(0)).ok());
    ASSERT_EQ(Add(id, 2), 0U);
  }
  EXPECT_EQ(directory_->Text(RefAt(0)), "e");
  directory_->Undo();
  EXPECT_EQ(directory_->Text(RefAt(0)), "c");
  directory_->Undo();
  EXPECT_EQ(directory_->Text(RefAt(0)), "c") << "what is final is not undone";
}

TEST_F(ItemDirectoryTest, AnAdditionAtTheEndThatIsUndoneMayComeAgain) {
  EXPECT_EQ(Add("c", 1), 2U);
  directory_->Undo();
  ASSERT_TRUE(items_.Remove("c").ok());
  EXPECT_EQ(Add("d", 1), 2U);
  EXPECT_EQ(directory_->Text(RefAt(2)), "d");
  EXPECT_EQ(directory_->Text(RefAt(1)), "b");
}

TEST_F(ItemDirectoryTest, ManyAdditionsAllKeepTheirNames) {
  constexpr RequestId kAdditions = 10'000;
  std::vector<ItemRef> refs;
  for (RequestId number = 1; number <= kAdditions; ++number) {
    const ItemIndex position = Add("item-" + std::to_string(number), number);
    directory_->Commit(number);
    refs.push_back(RefAt(position));
    if (number % 3 == 0) {
      ASSERT_TRUE(items_.Remove("item-" + std::to_string(number)).ok());
    }
  }
  for (RequestId number = 1; number <= kAdditions; ++number) {
    ASSERT_EQ(directory_->Text(refs[number - 1]), "item-" + std::to_string(number));
  }
}

}  // namespace
}  // namespace rewardpool::native::internal
