#include "rewardpool/engine.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "rewardpool/memory_storage.h"
#include "support/sync_pool.h"

namespace rewardpool::testing {
namespace {

const std::vector<Item> kCatalog = {
    {"gold", 1, Quantity::Of(10)}, {"silver", 9, Quantity::Of(100)}, {"mud", 90}};

class EngineTest : public ::testing::Test {
 protected:
  // As a new process would: with a storage of its own.
  SyncPool Open(const SyncPoolOptions& options = {}) {
    log_ = std::make_unique<MemoryStorage>(disk_);
    Result<SyncPool> pool = SyncPool::Open(*log_, snapshots_, catalog_, options);
    EXPECT_TRUE(pool.ok()) << pool.status().ToString();
    return std::move(pool).value();
  }

  std::vector<Item> catalog_ = kCatalog;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<MemoryStorage> log_ = std::make_unique<MemoryStorage>(disk_);
  MemorySnapshotStore snapshots_{disk_};
};

TEST_F(EngineTest, NothingIsAcknowledgedBeforeItIsDurable) {
  SyncPool pool = Open();
  EXPECT_EQ(pool.Draw(3).first_request_id, 1u);
  EXPECT_EQ(pool.engine().staged_through(), 3u);
  EXPECT_EQ(pool.told_through(), 0u);
  ASSERT_TRUE(pool.Write().ok());
  EXPECT_EQ(pool.engine().written_through(), 3u);
  EXPECT_EQ(pool.told_through(), 0u);
  ASSERT_TRUE(pool.Sync().ok());
  EXPECT_EQ(pool.engine().durable_through(), 3u);
  EXPECT_EQ(pool.told_through(), 3u);
}

TEST_F(EngineTest, TheWeakerRuleAcknowledgesWhatIsWrittenAndStillTellsWhatIsDurable) {
  SyncPool pool = Open({.acknowledge_when = AcknowledgeWhen::kWritten});
  pool.Draw(3);
  EXPECT_EQ(pool.told_through(), 0u);
  ASSERT_TRUE(pool.Write().ok());
  EXPECT_EQ(pool.told_through(), 3u);
  EXPECT_EQ(pool.engine().durable_through(), 0u);
  ASSERT_TRUE(pool.Sync().ok());
  EXPECT_EQ(pool.engine().durable_through(), 3u);
}

TEST_F(EngineTest, StartingASegmentMakesTheOnesBeforeDurable) {
  SyncPool pool = Open({.acknowledge_when = AcknowledgeWhen::kWritten});
  RequestId durable = 0;
  for (int i = 0; i < 100 && durable == 0; ++i) {
    pool.Draw(200);
    ASSERT_TRUE(pool.Write().ok());
    durable = pool.engine().durable_through();
  }
  EXPECT_GT(durable, 0u);
  EXPECT_LT(durable, pool.engine().written_through());
}

TEST_F(EngineTest, OneBatchCarriesAllThatCameInDuringTheSyncBefore) {
  SyncPool pool = Open();
  pool.Draw(1);
  const WalBatch first = pool.engine().SealBatch();
  EXPECT_EQ(first.last_request_id, 1u);
  pool.Draw(2);
  pool.Draw(3);
  ASSERT_TRUE(pool.Update("mud", {.weight = 50, .quantity = {}}).ok());
  ASSERT_TRUE(AppendBatch(*log_, first).ok());
  pool.engine().OnWritten();
  pool.engine().OnDurable(first.number);
  EXPECT_EQ(pool.told_through(), 1u);
  const WalBatch second = pool.engine().SealBatch();
  EXPECT_EQ(second.last_request_id, 7u);
}

TEST_F(EngineTest, IdsGoOnWithoutGapsAcrossRestarts) {
  {
    SyncPool pool = Open();
    pool.Draw(5);
    ASSERT_TRUE(pool.Close().ok());
  }
  SyncPool pool = Open();
  EXPECT_EQ(pool.Draw(1).first_request_id, 6u);
  ASSERT_TRUE(pool.Draw(DrawRequest{}).ok());
  EXPECT_EQ(pool.Draw(1).first_request_id, 8u);
}

TEST_F(EngineTest, AnExhaustedPoolRefusesWithIdsOfItsOwn) {
  catalog_ = {{"last", 1, Quantity::Of(2)}, {"zero", 0}};
  SyncPool pool = Open();
  const Engine::StagedDraws staged = pool.Draw(5);
  EXPECT_EQ(staged.drawn, 2u);
  EXPECT_EQ(staged.refused, 3u);
  ASSERT_TRUE(pool.Flush().ok());
  EXPECT_EQ(pool.told_through(), 5u);
  ASSERT_TRUE(pool.Update("last", {.weight = {}, .quantity = Quantity::Of(1)}).ok());
  const Engine::StagedDraws again = pool.Draw(2);
  EXPECT_EQ(again.first_request_id, 7u);
  EXPECT_EQ(again.drawn, 1u);
  EXPECT_EQ(again.refused, 1u);
  ASSERT_TRUE(pool.Close().ok());
  Result<RecoveredHistory> recovered = ReadHistory(*log_, snapshots_);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  EXPECT_EQ(recovered->entries, pool.history());
}

TEST_F(EngineTest, AMultiDrawIsAllOrNothing) {
  catalog_ = {{"a", 1, Quantity::Of(2)}, {"b", 1, Quantity::Of(2)}};
  SyncPool pool = Open();
  const std::vector<ItemState> before = StatesOf(pool.engine().items());
  Result<DrawOutcome> too_many = pool.Draw({.count = 5, .key = "", .user = ""});
  ASSERT_TRUE(too_many.ok());
  EXPECT_TRUE(too_many->item_ids.empty());
  EXPECT_EQ(StatesOf(pool.engine().items()), before);
  Result<DrawOutcome> all = pool.Draw({.count = 4, .key = "", .user = ""});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->item_ids.size(), 4u);
  EXPECT_EQ(pool.engine().selector().total(), 0u);
}

TEST_F(EngineTest, TheSameKeyReturnsTheRecordedOutcomeAlsoAfterARestart) {
  const DrawRequest request{.count = 3, .key = "order 7", .user = "ann"};
  DrawOutcome first;
  {
    SyncPool pool = Open();
    first = pool.Draw(request).value();
    EXPECT_EQ(first.item_ids.size(), 3u);
    pool.Draw(10);
    EXPECT_EQ(pool.Draw(request)->item_ids, first.item_ids);
    ASSERT_TRUE(pool.Snapshot().ok());
    ASSERT_TRUE(pool.Flush().ok());
  }
  for (const bool remove_items : {false, true}) {
    SyncPool pool = Open();
    Result<DrawOutcome> again = pool.Draw(request);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->request_id, first.request_id);
    EXPECT_EQ(again->item_ids, first.item_ids);
    EXPECT_FALSE(pool.engine().has_open_batch());
    // Positions get new owners; the recorded outcome stays.
    if (!remove_items) {
      for (const Item& item : kCatalog) ASSERT_TRUE(pool.Remove(item.id).ok());
      ASSERT_TRUE(pool.Add({"new", 1}).ok());
    }
    ASSERT_TRUE(pool.Snapshot().ok());
  }
}

TEST_F(EngineTest, TheSameKeyWithOtherParametersIsRefused) {
  SyncPool pool = Open();
  ASSERT_TRUE(pool.Draw({.count = 1, .key = "k", .user = "ann"}).ok());
  EXPECT_EQ(pool.Draw({.count = 2, .key = "k", .user = "ann"}).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(pool.Draw({.count = 1, .key = "k", .user = "bob"}).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(pool.engine().staged_through(), 1u);
}

TEST_F(EngineTest, KeysAreForgottenBeyondTheRetention) {
  SyncPool pool = Open({.key_retention = 3});
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(pool.Draw({.count = 1, .key = std::to_string(i), .user = ""}).ok());
  }
  EXPECT_EQ(pool.Draw({.count = 1, .key = "2", .user = ""})->request_id, 2u);
  EXPECT_EQ(pool.Draw({.count = 1, .key = "1", .user = ""})->request_id, 5u);
  ASSERT_TRUE(pool.Flush().ok());
  EXPECT_EQ(pool.Draw({.count = 1, .key = "2", .user = ""})->request_id, 6u);
}

TEST_F(EngineTest, ARefusedKeyedDrawIsKeptLikeAnyOther) {
  catalog_ = {{"one", 1, Quantity::Of(1)}};
  SyncPool pool = Open();
  EXPECT_TRUE(pool.Draw({.count = 2, .key = "k", .user = ""})->item_ids.empty());
  ASSERT_TRUE(pool.Update("one", {.weight = {}, .quantity = Quantity::Of(5)}).ok());
  Result<DrawOutcome> again = pool.Draw({.count = 2, .key = "k", .user = ""});
  EXPECT_EQ(again->request_id, 1u);
  EXPECT_TRUE(again->item_ids.empty());
}

TEST_F(EngineTest, BadRequestsLeaveNoTrace) {
  SyncPool pool = Open();
  EXPECT_EQ(pool.Draw({.count = 0, .key = "", .user = ""}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(pool.Draw({.count = kDrawsPerRecordMax + 1, .key = "", .user = ""}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(pool.Draw({.count = 1, .key = std::string(256, 'k'), .user = ""}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(pool.Draw({.count = 1, .key = "\xFF", .user = ""}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(pool.Draw({.count = 1, .key = "", .user = std::string(1, '\0')}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(pool.Update("lead", {.weight = 1, .quantity = {}}).code(), StatusCode::kNotFound);
  EXPECT_EQ(pool.Remove("lead").code(), StatusCode::kNotFound);
  EXPECT_EQ(pool.Add({"gold", 1}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(pool.engine().staged_through(), 0u);
  EXPECT_FALSE(pool.engine().has_open_batch());
}

TEST_F(EngineTest, AFullQueueIsAStatusAndNotABlock) {
  SyncPool pool = Open({.pending_requests_max = 10});
  const Engine::StagedDraws staged = pool.Draw(25);
  EXPECT_EQ(staged.drawn, 10u);
  EXPECT_EQ(staged.refused, 0u);
  EXPECT_EQ(pool.Draw(1).drawn, 0u);
  EXPECT_EQ(pool.Draw(DrawRequest{}).status().code(), StatusCode::kOverloaded);
  EXPECT_EQ(pool.Add({"new", 1}).code(), StatusCode::kOverloaded);
  ASSERT_TRUE(pool.Write().ok());
  EXPECT_EQ(pool.Draw(1).drawn, 0u);
  ASSERT_TRUE(pool.Sync().ok());
  EXPECT_EQ(pool.Draw(1).first_request_id, 11u);
}

TEST_F(EngineTest, CatalogChangesTakeEffectWithTheNextDraw) {
  catalog_ = {{"a", 1}};
  SyncPool pool = Open();
  ASSERT_TRUE(pool.Add({"b", 1}).ok());
  ASSERT_TRUE(pool.Update("a", {.weight = 0, .quantity = {}}).ok());
  pool.Draw(20);
  ASSERT_TRUE(pool.Remove("b").ok());
  EXPECT_EQ(pool.Draw(1).refused, 1u);
  ASSERT_TRUE(pool.Update("a", {.weight = 3, .quantity = Quantity::Of(1)}).ok());
  EXPECT_EQ(pool.Draw(2).drawn, 1u);
  ASSERT_TRUE(pool.Close().ok());
  const std::vector<ItemState> expected = {{"a", 3, Quantity::Of(0), 1}};
  EXPECT_EQ(StatesOf(pool.engine().items()), expected);
  EXPECT_EQ(pool.engine().items().drawn_of_removed(), 20u);
  Result<RecoveredHistory> recovered = ReadHistory(*log_, snapshots_);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  EXPECT_EQ(recovered->entries, pool.history());
  EXPECT_EQ(StatesOf(recovered->inspection.items), expected);
}

TEST_F(EngineTest, TheSameSeedGivesTheSameDraws) {
  SyncPool first = Open({.random_seed = 42});
  first.Draw(500);
  auto other_disk = std::make_shared<MemoryDisk>();
  MemoryStorage other_log(other_disk);
  MemorySnapshotStore other_snapshots(other_disk);
  Result<SyncPool> second =
      SyncPool::Open(other_log, other_snapshots, catalog_, {.random_seed = 42});
  ASSERT_TRUE(second.ok());
  for (int i = 0; i < 100; ++i) second->Draw(5);  // whatever the sizes of the calls
  EXPECT_EQ(first.history(), second->history());
}

TEST_F(EngineTest, SnapshotsDropTheLogBelowTheOneBefore) {
  SyncPool pool = Open();
  for (int i = 0; i < 4; ++i) {
    pool.Draw(100);
    ASSERT_TRUE(pool.Snapshot().ok());
  }
  EXPECT_EQ(snapshots_.List().value(), (std::vector<RequestId>{300, 400}));
  Result<RecoveredHistory> recovered = ReadHistory(*log_, snapshots_);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  EXPECT_EQ(recovered->log_starts_after, 300u);
  EXPECT_EQ(recovered->inspection.log_starts_after, 300u);
  EXPECT_EQ(recovered->entries.size(), 100u);
  EXPECT_EQ(StatesOf(recovered->inspection.items), StatesOf(pool.engine().items()));
}

TEST_F(EngineTest, ADrawTakesAFractionOfAByteOfLog) {
  catalog_ = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"f", 1}};
  SyncPool pool = Open({.segment_bytes_max = 1 << 20});
  ASSERT_TRUE(pool.Flush().ok());
  pool.Draw(1024);
  const WalBatch batch = pool.engine().SealBatch();
  // Three bits a draw, and at most a tenth more for everything around it.
  EXPECT_LE(static_cast<double>(batch.frames.size()), 1.1 * 1024 * 3 / 8);
}

TEST_F(EngineTest, BatchesBeyondOneRecordOrFrameStayWhole) {
  SyncPool pool = Open({.codec = "jsonl", .segment_bytes_max = 1 << 20});
  pool.Draw(3 * kDrawsPerRecordMax + 1);
  pool.Draw(200'000);
  ASSERT_TRUE(pool.Flush().ok());
  Result<RecoveredHistory> recovered = ReadHistory(*log_, snapshots_);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  EXPECT_EQ(recovered->entries.size(), 3 * kDrawsPerRecordMax + 200'001);
  EXPECT_EQ(recovered->entries, pool.history());
}

}  // namespace
}  // namespace rewardpool::testing
