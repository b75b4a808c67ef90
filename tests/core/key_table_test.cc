#include "rewardpool/key_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace rewardpool {
namespace {

SnapshotKey Entry(RequestId request_id, const std::string& key) {
  return {.request_id = request_id, .key = key, .user = "", .count = 1, .item_ids = {"x"}};
}

std::vector<RequestId> Ids(const std::vector<KeyTable::Entry>& entries) {
  std::vector<RequestId> ids;
  for (const KeyTable::Entry& entry : entries) ids.push_back(entry->request_id);
  return ids;
}

std::vector<RequestId> Ids(KeyTable& keys) {
  std::vector<KeyTable::Entry> entries;
  keys.BeginCopy();
  EXPECT_TRUE(keys.ContinueCopy(1'000'000, entries));
  KeyTable::DropReplaced(entries);
  return Ids(entries);
}

TEST(KeyTable, UndoingBringsBackWhatTheRetentionHid) {
  KeyTable keys(2);
  keys.Insert(Entry(1, "a"));
  keys.Insert(Entry(2, "b"));
  keys.Commit(2);
  keys.Insert(Entry(3, "c"));
  keys.Insert(Entry(4, "a"));  // "a" is hidden by now, so it may be used again
  EXPECT_EQ(keys.Find("b"), nullptr);
  EXPECT_EQ(keys.Find("a")->request_id, 4u);
  EXPECT_EQ(Ids(keys), (std::vector<RequestId>{3, 4}));
  keys.UndoAfter(2);
  EXPECT_EQ(keys.Find("a")->request_id, 1u);
  EXPECT_EQ(keys.Find("b")->request_id, 2u);
  EXPECT_EQ(keys.Find("c"), nullptr);
  EXPECT_EQ(Ids(keys), (std::vector<RequestId>{1, 2}));
}

TEST(KeyTable, KeepsTheLatestWhateverIsCommittedWhen) {
  KeyTable keys(10);
  for (RequestId id = 1; id <= 1000; ++id) {
    keys.Insert(Entry(id, "key " + std::to_string(id)));
    if (id % 7 == 0) keys.Commit(id - 3);
  }
  EXPECT_EQ(Ids(keys).size(), 10u);
  EXPECT_EQ(Ids(keys).front(), 991u);
  EXPECT_EQ(keys.Find("key 990"), nullptr);
  EXPECT_NE(keys.Find("key 991"), nullptr);
}

TEST(KeyTable, ACopyMadeBitByBitIsOfTheMomentAtWhichItBegan) {
  KeyTable keys(10);
  RequestId last = 0;
  const auto insert = [&](int count) {
    // Each key is used again as soon as it is forgotten.
    for (int i = 0; i < count; ++i, ++last) {
      keys.Insert(Entry(last + 1, "key " + std::to_string(last % 11)));
    }
  };
  insert(15);
  keys.Commit(12);
  const std::vector<RequestId> expected = Ids(keys);
  ASSERT_EQ(expected.size(), 10u);
  std::vector<KeyTable::Entry> entries;
  keys.BeginCopy();
  EXPECT_FALSE(keys.ContinueCopy(3, entries));
  insert(30);
  keys.Commit(last);
  EXPECT_FALSE(keys.ContinueCopy(3, entries));
  insert(5);
  keys.UndoAfter(last - 5);
  EXPECT_TRUE(keys.ContinueCopy(4, entries));
  KeyTable::DropReplaced(entries);
  EXPECT_EQ(Ids(entries), expected);
}

TEST(KeyTable, ALaterOutcomeTakesTheOlderOnesPlace) {
  KeyTable keys(10);
  keys.Insert(Entry(1, "a"));
  keys.Insert(Entry(2, "a"));
  EXPECT_EQ(keys.Find("a")->request_id, 2u);
  EXPECT_EQ(Ids(keys), (std::vector<RequestId>{2}));
}

// What the header says, in a list.
class PlainKeyTable {
 public:
  explicit PlainKeyTable(std::size_t retention) : retention_(retention) {}

  void Insert(const SnapshotKey& entry) { entries_.push_back(entry); }
  void UndoAfter(RequestId request_id) {
    while (!entries_.empty() && entries_.back().request_id > request_id) entries_.pop_back();
  }
  // The request that is found under the key; 0 if there is none.
  RequestId Find(const std::string& key) const {
    for (std::size_t age = 0; age < std::min(retention_, entries_.size()); ++age) {
      const SnapshotKey& entry = entries_[entries_.size() - 1 - age];
      if (entry.key == key) return entry.request_id;
    }
    return 0;
  }

 private:
  std::size_t retention_;
  std::vector<SnapshotKey> entries_;
};

TEST(KeyTable, FindsWhatAPlainListFindsWhateverIsUsedAgainAndUndone) {
  constexpr int kKeys = 60;
  for (const std::size_t retention : {1u, 16u, 17u, 40u, 1000u}) {
    KeyTable keys(retention);
    PlainKeyTable expected(retention);
    std::mt19937 random(static_cast<std::mt19937::result_type>(retention));
    RequestId last = 0;
    RequestId committed = 0;
    for (int step = 0; step < 3000; ++step) {
      switch (random() % 8) {
        case 0:
          committed += random() % (last - committed + 1);
          keys.Commit(committed);
          break;
        case 1:
          last -= random() % (last - committed + 1) / 2;
          keys.UndoAfter(last);
          expected.UndoAfter(last);
          break;
        default: {
          const SnapshotKey entry = Entry(++last, "key " + std::to_string(random() % kKeys));
          keys.Insert(entry);
          expected.Insert(entry);
        }
      }
      const std::string key = "key " + std::to_string(random() % kKeys);
      const KeyTable::Entry found = keys.Find(key);
      ASSERT_EQ(found == nullptr ? 0 : found->request_id, expected.Find(key))
          << "retention " << retention << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace rewardpool
