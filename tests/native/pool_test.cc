// The facade: options to storage, the folder and its lock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "rewardpool/rewardpool.h"
#include "rewardpool/testing/temporary_folder.h"

namespace rewardpool::tests {
namespace {

using testing::TemporaryFolder;

using ::testing::HasSubstr;

class PoolTest : public ::testing::TestWithParam<StorageKind> {
 protected:
  PoolOptions Options() const {
    PoolOptions options;
    options.storage = GetParam();
    options.dir = folder_.path() + "/deep/pool";
    options.catalog = {{"gold", 1, Quantity::Of(50)}, {"silver", 9}};
    return options;
  }

  TemporaryFolder folder_;
};

class StoredPoolTest : public PoolTest {};

INSTANTIATE_TEST_SUITE_P(Storages, PoolTest,
                         ::testing::Values(StorageKind::kFile, StorageKind::kMmap,
                                           StorageKind::kMemory));
INSTANTIATE_TEST_SUITE_P(Storages, StoredPoolTest,
                         ::testing::Values(StorageKind::kFile, StorageKind::kMmap));

TEST_P(PoolTest, EveryWayToDrawWorks) {
  auto pool = Pool::Open(Options());
  ASSERT_TRUE(pool.ok()) << pool.status().ToString();
  EXPECT_TRUE(pool->opening().created);
  EXPECT_EQ(pool->Draw().request_id, 1U);
  EXPECT_EQ(pool->Draw({.count = 2, .key = "k", .user = "u"})->request_id, 2U);
  auto producer = pool->NewProducer(16);
  ASSERT_TRUE(producer.ok());
  ASSERT_EQ(producer->Submit(16), 16U);
  std::vector<DrawResult> answers(16);
  std::size_t taken = 0;
  while (taken < 16) taken += producer->Wait(std::span(answers).subspan(taken));
  EXPECT_EQ(answers.back().request_id, 18U);
  std::vector<ItemRef> picks(10'000);
  EXPECT_EQ(producer->DrawMany(picks).drawn, 10'000U);
  EXPECT_EQ(pool->State()->last_request_id, 10'018U);
  EXPECT_EQ(*pool->Snapshot(), 10'018U);
  EXPECT_EQ(pool->Stats().draws, 10'019U);
  EXPECT_TRUE(pool->Flush().ok());
  EXPECT_TRUE(pool->Close().ok());
  EXPECT_EQ(pool->Draw().code, StatusCode::kClosed);
}

TEST_P(StoredPoolTest, ReopeningGivesTheSameState) {
  PoolView before;
  {
    auto pool = Pool::Open(Options());
    ASSERT_TRUE(pool.ok());
    auto producer = pool->NewProducer(1);
    std::vector<ItemRef> picks(100'000);
    EXPECT_EQ(producer->DrawMany(picks).drawn, 100'000U);
    ASSERT_TRUE(pool->AddItem({"bronze", 4}).ok());
    before = *pool->State();
  }
  PoolOptions options = Options();
  options.catalog.reset();
  auto pool = Pool::Open(options);
  ASSERT_TRUE(pool.ok()) << pool.status().ToString();
  const auto after = pool->State();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->items, before.items);
  EXPECT_EQ(after->last_request_id, 100'001U);
  EXPECT_EQ(pool->Draw().request_id, 100'002U);
}

TEST_P(StoredPoolTest, ASecondOwnerIsRefusedUntilTheFirstHasClosed) {
  auto first = Pool::Open(Options());
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Pool::Open(Options()).status().code(), StatusCode::kBusy);
  EXPECT_TRUE(first->Draw().ok()) << "the refused opening has changed nothing";
  EXPECT_TRUE(first->Close().ok());
  auto second = Pool::Open(Options());
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->Draw().request_id, 2U);
}

TEST_P(StoredPoolTest, WithoutACatalogNothingIsMade) {
  PoolOptions options = Options();
  options.catalog.reset();
  EXPECT_EQ(Pool::Open(options).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(options.dir));
}

TEST_P(StoredPoolTest, ABadCatalogIsRefusedAndAGoodOneThenTaken) {
  PoolOptions options = Options();
  options.catalog = {{"gold", 1}, {"gold", 2}};
  const Status refused = Pool::Open(options).status();
  EXPECT_EQ(refused.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(refused.message(), HasSubstr("gold"));
  EXPECT_TRUE(Pool::Open(Options()).ok());
}

TEST_P(StoredPoolTest, SnapshotsDropOldSegmentsFromTheFolder) {
  PoolOptions options = Options();
  options.segment_bytes_max = kSegmentBytesMin;
  options.durability = Durability::Async();
  auto pool = Pool::Open(options);
  ASSERT_TRUE(pool.ok());
  auto producer = pool->NewProducer(1);
  std::vector<ItemRef> picks(500'000);
  for (int round = 1; round <= 3; ++round) {
    EXPECT_EQ(producer->DrawMany(picks).drawn, picks.size());
    ASSERT_TRUE(pool->Snapshot().ok());
  }
  EXPECT_EQ(pool->State()->log_starts_after, 1'000'000U);
  ASSERT_TRUE(pool->Close().ok());
  auto reopened = Pool::Open(options);
  ASSERT_TRUE(reopened.ok()) << reopened.status().ToString();
  EXPECT_EQ(reopened->State()->last_request_id, 1'500'000U);
  EXPECT_EQ(reopened->State()->log_starts_after, 1'000'000U);
}

TEST(PoolOptionsTest, AStoredPoolNeedsAFolder) {
  PoolOptions options;
  options.catalog = {{"gold", 1}};
  EXPECT_EQ(Pool::Open(options).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace rewardpool::tests
