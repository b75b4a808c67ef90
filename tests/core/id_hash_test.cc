#include "rewardpool/id_hash.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace rewardpool {
namespace {

// An IdHash with an owner that knows each position's value. A value is found by the
// position that has it, so equal values are different ids.
class OwnedHash {
 public:
  explicit OwnedHash(std::size_t positions) : values_(positions) {}

  void Insert(ItemIndex position, IdHash::Value value) {
    values_[position] = value;
    ++count_;
    if (hash_.HasRoomFor(count_)) return hash_.Insert(value, position);
    hash_.Reset(count_);
    for (ItemIndex other = 0; other < values_.size(); ++other) {
      if (values_[other]) hash_.Insert(*values_[other], other);
    }
  }
  void Erase(ItemIndex position) {
    hash_.Erase(*values_[position], position, [this](ItemIndex other) { return *values_[other]; });
    values_[position].reset();
    --count_;
  }

  void ExpectFindsAllAndNothingElse() const {
    for (ItemIndex position = 0; position < values_.size(); ++position) {
      if (!values_[position]) continue;
      const std::optional<ItemIndex> found = hash_.Find(
          *values_[position], [&](ItemIndex candidate) { return candidate == position; });
      ASSERT_EQ(found, position);
    }
    for (IdHash::Value value = 0; value < 200; ++value) {
      (void)hash_.Find(value, [&](ItemIndex candidate) {
        EXPECT_TRUE(values_[candidate].has_value()) << "position " << candidate << " was taken out";
        return false;
      });
    }
  }
  [[nodiscard]] bool Has(ItemIndex position) const { return values_[position].has_value(); }

 private:
  IdHash hash_;
  std::vector<std::optional<IdHash::Value>> values_;
  std::size_t count_ = 0;
};

TEST(IdHashTest, FindsWhatIsInItOverAnyChanges) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    constexpr ItemIndex kPositions = 200;
    OwnedHash hash(kPositions);
    // From values that all collide, at the end of the table too, to random ones.
    const int shift = static_cast<int>(random() % 60);
    for (int step = 0; step < 3'000; ++step) {
      const auto position = static_cast<ItemIndex>(random() % kPositions);
      if (hash.Has(position)) {
        hash.Erase(position);
      } else {
        hash.Insert(position, ~(random() >> shift));
      }
      if (step % 50 == 0) {
        ASSERT_NO_FATAL_FAILURE(hash.ExpectFindsAllAndNothingElse());
      }
    }
  }
}

TEST(IdHashTest, TheLastPositionAndTheLastValueAreNotTakenForAnEmptyEntry) {
  constexpr ItemIndex kLast = kItemsMax - 1;
  IdHash hash;
  hash.Insert(~IdHash::Value{0}, kLast);
  const auto is_last = [](ItemIndex position) { return position == kLast; };
  EXPECT_EQ(hash.Find(~IdHash::Value{0}, is_last), kLast);
  hash.Erase(~IdHash::Value{0}, kLast, [](ItemIndex) { return IdHash::Value{0}; });
  EXPECT_EQ(hash.Find(~IdHash::Value{0}, is_last), std::nullopt);
}

TEST(IdHashTest, MostIdsThatAreNotInItAreRefusedWithoutAQuestion) {
  constexpr ItemIndex kPositions = 10'000;
  IdHash hash;
  hash.Reset(kPositions);
  for (ItemIndex position = 0; position < kPositions; ++position) {
    hash.Insert(IdHash::ValueOf("id " + std::to_string(position)), position);
  }
  int asked = 0;
  for (int i = 0; i < 10'000; ++i) {
    (void)hash.Find(IdHash::ValueOf("other " + std::to_string(i)), [&](ItemIndex) {
      ++asked;
      return false;
    });
  }
  // At five sixths full some 18 entries are passed over, 1 in 63 of the same tag.
  EXPECT_GT(asked, 0);
  EXPECT_LT(asked, 6'000);
}

TEST(IdHashTest, RoomIsForAsManyAsWereAskedForAndFewMore) {
  for (const std::size_t count : {14u, 100u, 1'000u, 77'777u}) {
    IdHash hash;
    hash.Reset(count);
    EXPECT_TRUE(hash.HasRoomFor(count));
    EXPECT_FALSE(hash.HasRoomFor(count + count / 10 + 2));
  }
}

}  // namespace
}  // namespace rewardpool
