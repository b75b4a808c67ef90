// What recovery does with logs that are whole, half begun, foreign or odd. The
// damage and crash tests (tests/fault) cover every byte and step.
#include "rewardpool/recovery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/memory_storage.h"
#include "rewardpool/snapshot.h"
#include "support/replay_agreement.h"
#include "support/sync_pool.h"

namespace rewardpool::testing {
namespace {

const std::vector<Item> kGoldAndMud = {{"gold", 1, Quantity::Of(10)}, {"mud", 9}};

class RecoveryTest : public ::testing::Test {
 protected:
  // As a new process would: with a storage of its own.
  SyncPool Open(const SyncPoolOptions& options = {}) {
    log_ = std::make_unique<MemoryStorage>(disk_);
    Result<SyncPool> pool = SyncPool::Open(*log_, snapshots_, kGoldAndMud, options);
    EXPECT_TRUE(pool.ok()) << pool.status().ToString();
    return std::move(pool).value();
  }
  Result<Inspection> Inspect() { return InspectPool(*log_, snapshots_, {}); }

  // Writes a log of these records by hand.
  void WriteLog(const std::vector<std::vector<Record>>& batches) {
    WalBatcher batcher(LogEnd{}, {.codec = FindRecordCodec("binary"), .salt_seed = 1});
    ItemTable items;
    for (const std::vector<Record>& batch : batches) {
      const std::uint32_t schema_hash = items.schema_hash();
      for (const Record& record : batch) {
        if (const auto* item = std::get_if<CatalogItem>(&record)) {
          (void)items.Add(item->item);
        }
        batcher.Add(record, items);
      }
      ASSERT_TRUE(AppendBatch(*log_, batcher.Seal(true, schema_hash)).ok());
      batcher.Accept();
    }
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<MemoryStorage> log_ = std::make_unique<MemoryStorage>(disk_);
  MemorySnapshotStore snapshots_{disk_};
};

TEST_F(RecoveryTest, AnEmptyFolderHoldsNoPool) {
  Result<Inspection> inspection = Inspect();
  ASSERT_TRUE(inspection.ok());
  EXPECT_FALSE(inspection->exists);
  EXPECT_TRUE(inspection->repairs.empty());
  EXPECT_EQ(OpenPool(*log_, snapshots_, std::nullopt, {.codec = FindRecordCodec("binary")})
                .status()
                .code(),
            StatusCode::kNotFound);
  EXPECT_EQ(VerifyPool(*log_, snapshots_).status().code(), StatusCode::kNotFound);
}

// A log whose last segment is said to have `bytes` bytes more than it has.
class LogWithMoreBytes final : public WalSource {
 public:
  LogWithMoreBytes(WalSource& log, std::uint64_t bytes) : log_(log), bytes_(bytes) {}

  Result<std::vector<SegmentInfo>> ListSegments() override {
    Result<std::vector<SegmentInfo>> segments = log_.ListSegments();
    segments->back().bytes += bytes_;
    return segments;
  }
  Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                           std::span<std::byte> out) override {
    return log_.Read(segment, offset, out);
  }
  std::string SegmentName(std::uint64_t segment) const override {
    return log_.SegmentName(segment);
  }

 private:
  WalSource& log_;
  std::uint64_t bytes_;
};

TEST_F(RecoveryTest, ASegmentThatDoesNotFitTheMemoryIsRefusedAndNotTakenForItsBeginning) {
  SyncPool pool = Open();
  pool.Draw(5);
  ASSERT_TRUE(pool.Flush().ok());
  // Cut to 32 bits, the size would be that of the segment as it is.
  LogWithMoreBytes log(*log_, std::uint64_t{1} << (sizeof(std::size_t) == 4 ? 32 : 63));
  const Result<Inspection> inspection = InspectPool(log, snapshots_, {});
  ASSERT_EQ(inspection.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(inspection.status().message().find("more than can be read here"), std::string::npos)
      << inspection.status().ToString();
}

#ifndef __EMSCRIPTEN__  // where a segment is in memory as a whole before it is opened

// A log that knows how much of it was read at once.
class MeasuredLog final : public WalSource {
 public:
  explicit MeasuredLog(WalSource& log) : log_(log) {}

  Result<std::vector<SegmentInfo>> ListSegments() override { return log_.ListSegments(); }
  Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                           std::span<std::byte> out) override {
    most_at_once_ = std::max(most_at_once_, out.size());
    return log_.Read(segment, offset, out);
  }
  std::string SegmentName(std::uint64_t segment) const override {
    return log_.SegmentName(segment);
  }

  std::size_t most_at_once() const { return most_at_once_; }

 private:
  WalSource& log_;
  std::size_t most_at_once_ = 0;
};

TEST_F(RecoveryTest, OfALongSegmentAPartIsInMemoryAtATime) {
  constexpr std::size_t kBatches = 1000;
  SyncPool pool = Open({.segment_bytes_max = kSegmentBytesDefault});
  for (std::size_t i = 0; i < kBatches; ++i) {
    pool.Draw(1);
    ASSERT_TRUE(pool.Flush().ok());
  }
  ASSERT_TRUE(pool.Close().ok());
  BackwardWorkers workers;
  MeasuredLog log(*log_);
  const Result<Inspection> inspection = InspectPool(log, snapshots_, {.workers = &workers});
  ASSERT_TRUE(inspection.ok()) << inspection.status().ToString();
  EXPECT_EQ(inspection->log_end.last_request_id, kBatches);
  EXPECT_LT(log.most_at_once(), inspection->log_end.length / 50);
}

#endif

TEST_F(RecoveryTest, DrawsPackedForMoreItemsThanThereAreAreRefused) {
  const ItemTable two = *ItemTable::Create(kGoldAndMud);
  const ItemTable three = *ItemTable::Create(std::vector<Item>{{"a", 1}, {"b", 1}, {"c", 1}});
  WalBatcher batcher(LogEnd{}, {.codec = FindRecordCodec("binary"), .salt_seed = 1});
  const auto write = [&](std::uint32_t schema_hash) {
    ASSERT_TRUE(AppendBatch(*log_, batcher.Seal(true, schema_hash)).ok());
    batcher.Accept();
  };
  for (const Item& item : kGoldAndMud) batcher.Add(CatalogItem{item}, two);
  batcher.Add(PoolCreated{.item_count = 2}, two);
  write(ItemTable().schema_hash());
  // Enough for counting, and each of them possible.
  batcher.Add(DrawRun{std::vector<ItemIndex>(100, 1)}, three);
  write(two.schema_hash());
  const Result<Inspection> inspection = Inspect();
  ASSERT_EQ(inspection.status().code(), StatusCode::kCorrupt);
  EXPECT_NE(inspection.status().message().find("number of bits"), std::string::npos)
      << inspection.status().ToString();
}

TEST_F(RecoveryTest, AnExistingPoolKeepsItsItemsWhateverTheCatalogSays) {
  {
    SyncPool pool = Open();
    pool.Draw(5);
    ASSERT_TRUE(pool.Close().ok());
  }
  const std::vector<Item> other = {{"tin", 1}};
  Result<SyncPool> pool = SyncPool::Open(*log_, snapshots_, other);
  ASSERT_TRUE(pool.ok());
  EXPECT_FALSE(pool->opened().created);
  EXPECT_EQ(pool->opened().log_end.last_request_id, 5u);
  EXPECT_EQ(StatesOf(pool->engine().items()).front().id, "gold");
}

TEST_F(RecoveryTest, ABadCatalogIsRefusedBeforeAnythingIsWritten) {
  const std::vector<Item> bad = {{"gold", 1}, {"gold", 2}};
  EXPECT_EQ(SyncPool::Open(*log_, snapshots_, bad).status().code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(disk_->segments.empty());
}

TEST_F(RecoveryTest, AnEmptyCatalogMakesAPoolToAddTo) {
  Result<SyncPool> pool = SyncPool::Open(*log_, snapshots_, std::span<const Item>());
  ASSERT_TRUE(pool.ok()) << pool.status().ToString();
  EXPECT_EQ(pool->Draw(1).refused, 1u);
  ASSERT_TRUE(pool->Add({"first", 1}).ok());
  EXPECT_EQ(pool->Draw(1).drawn, 1u);
  ASSERT_TRUE(pool->Close().ok());
  EXPECT_TRUE(VerifyPool(*log_, snapshots_).ok());
}

TEST_F(RecoveryTest, ACatalogOfManyItemsSpansBatchesAndSegments) {
  std::vector<Item> catalog;
  for (int i = 0; i < 40'000; ++i) catalog.push_back({"item " + std::to_string(i), 1});
  SyncPoolOptions options;
  options.segment_bytes_max = 100'000;
  {
    Result<SyncPool> pool = SyncPool::Open(*log_, snapshots_, catalog, options);
    ASSERT_TRUE(pool.ok()) << pool.status().ToString();
    pool->Draw(100);
    ASSERT_TRUE(pool->Close().ok());
  }
  EXPECT_GT(disk_->segments.size(), 3u);
  Result<RecoveredHistory> recovered = ReadHistory(*log_, snapshots_);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  EXPECT_EQ(recovered->inspection.items.item_count(), catalog.size());
  EXPECT_EQ(recovered->entries.size(), 100u);
}

TEST_F(RecoveryTest, ACreationCutShortIsNoPoolAndIsSweptAway) {
  WriteLog({{CatalogItem{{"gold", 1}}}, {CatalogItem{{"mud", 1}}}});
  Result<Inspection> inspection = Inspect();
  ASSERT_TRUE(inspection.ok()) << inspection.status().ToString();
  EXPECT_FALSE(inspection->exists);
  EXPECT_EQ(inspection->notes.size(), 1u);
  SyncPool pool = Open();
  EXPECT_TRUE(pool.opened().created);
  pool.Draw(2);
  ASSERT_TRUE(pool.Close().ok());
  EXPECT_TRUE(VerifyPool(*log_, snapshots_).ok());
}

TEST_F(RecoveryTest, RecordsOutOfPlaceAreRefusedByNumber) {
  const std::vector<std::vector<Record>> prologue = {{CatalogItem{{"gold", 1}}, PoolCreated{1}}};
  const auto refusal = [&](const Record& record) {
    disk_->segments.clear();
    std::vector<std::vector<Record>> batches = prologue;
    batches.push_back({DrawRun{{0}}, record});
    WriteLog(batches);
    const Status status = Inspect().status();
    EXPECT_EQ(status.code(), StatusCode::kCorrupt) << status.ToString();
    EXPECT_NE(status.message().find("record 4"), std::string::npos) << status.message();
    return status.message();
  };
  refusal(CatalogItem{{"late", 1}});
  refusal(PoolCreated{1});
  refusal(SnapshotTaken{7});
  refusal(ItemAdded{{"gold", 1}});
  refusal(ItemUpdated{"lead", {.weight = 1, .quantity = {}}});
  refusal(ItemRemoved{"lead"});
  refusal(SnapshotEnd{});
}

TEST_F(RecoveryTest, AnOverDrawIsRefused) {
  WriteLog({{CatalogItem{{"gold", 1, Quantity::Of(2)}}, PoolCreated{1}}, {DrawRun{{0, 0, 0}}}});
  const Status status = Inspect().status();
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_NE(status.message().find("out of stock"), std::string::npos) << status.message();
}

TEST_F(RecoveryTest, ACatalogThatLacksItemsIsRefused) {
  WriteLog({{CatalogItem{{"gold", 1}}, PoolCreated{2}}});
  EXPECT_EQ(Inspect().status().code(), StatusCode::kCorrupt);
}

TEST_F(RecoveryTest, ASnapshotWithoutItsLogIsRefused) {
  {
    SyncPool pool = Open();
    pool.Draw(5);
    ASSERT_TRUE(pool.Snapshot().ok());
  }
  disk_->segments.clear();
  const Status status = Inspect().status();
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_NE(status.message().find("no log"), std::string::npos) << status.message();
}

TEST_F(RecoveryTest, ALogThatLostTheEndThatASnapshotKnowsIsRefused) {
  {
    SyncPool pool = Open();
    pool.Draw(5);
    ASSERT_TRUE(pool.Snapshot().ok());
  }
  disk_->segments.erase(std::prev(disk_->segments.end()));
  const Status status = Inspect().status();
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_NE(status.message().find("missing"), std::string::npos) << status.message();
}

TEST_F(RecoveryTest, SegmentsThatARemovalCutShortHasLeftDoNotCount) {
  decltype(disk_->segments) before;
  {
    SyncPool pool = Open();
    for (int i = 0; i < 2; ++i) {
      pool.Draw(5);
      ASSERT_TRUE(pool.Snapshot().ok());
    }
    before = disk_->segments;
    pool.Draw(5);
    ASSERT_TRUE(pool.Snapshot().ok());
  }
  const std::uint64_t first_kept = disk_->segments.begin()->first;
  disk_->segments.insert(*before.find(first_kept - 1));
  Result<Inspection> inspection = Inspect();
  ASSERT_TRUE(inspection.ok()) << inspection.status().ToString();
  EXPECT_EQ(inspection->log_starts_after, 10u);
  inspection = InspectPool(*log_, snapshots_, {.from = InspectOptions::From::kLogStart});
  ASSERT_TRUE(inspection.ok()) << inspection.status().ToString();
  EXPECT_EQ(inspection->base_snapshot, 10u);
  EXPECT_EQ(inspection->log_starts_after, 10u);
}

TEST_F(RecoveryTest, VerifyFindsASnapshotThatIsWholeAndWrong) {
  {
    SyncPool pool = Open();
    pool.Draw(50);
    ASSERT_TRUE(pool.Snapshot().ok());
    pool.Draw(50);
    ASSERT_TRUE(pool.Close().ok());
  }
  ASSERT_EQ(VerifyPool(*log_, snapshots_)->snapshots_compared, 1u);
  Result<SnapshotImage> image = DecodeSnapshot(disk_->snapshots.at(50));
  ASSERT_TRUE(image.ok());
  image->items.stock().ReturnOne(1);
  const ByteBuffer bytes =
      EncodeSnapshot({image->request_id, ItemsCopy::Of(image->items), image->keys}, 1);
  ASSERT_TRUE(snapshots_.Publish(50, bytes.bytes()).ok());
  const Status status = VerifyPool(*log_, snapshots_).status();
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_NE(status.message().find("\"mud\""), std::string::npos) << status.message();
}

TEST_F(RecoveryTest, RepairsAreIdempotent) {
  {
    SyncPool pool = Open();
    pool.Draw(50);
    ASSERT_TRUE(pool.Flush().ok());
    pool.Draw(50);
    ASSERT_TRUE(pool.Flush().ok());
  }
  std::vector<std::byte>& last = disk_->segments.rbegin()->second;
  last.resize(last.size() - 3);
  log_ = std::make_unique<MemoryStorage>(disk_);
  Result<Inspection> inspection = Inspect();
  ASSERT_TRUE(inspection.ok()) << inspection.status().ToString();
  EXPECT_EQ(inspection->log_end.last_request_id, 50u);
  EXPECT_EQ(inspection->notes.size(), 1u);
  ASSERT_TRUE(RepairPool(*log_, *inspection).ok());
  ASSERT_TRUE(RepairPool(*log_, *inspection).ok());
  Result<Inspection> again = Inspect();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->log_end, inspection->log_end);
  EXPECT_TRUE(again->notes.empty());
}

}  // namespace
}  // namespace rewardpool::testing
