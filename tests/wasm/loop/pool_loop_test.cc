#include "pool_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool_files.h"
#include "rewardpool/recovery.h"
#include "support/bytes.h"
#include "wasm/loop/carry_out.h"
#include "wasm/loop/loop_driver.h"

namespace rewardpool::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = StorageOperation::Kind;
using Names = std::vector<ItemName>;

const std::vector<Item> kCatalog = {{"gold", 1, Quantity::Of(10)}, {"mud", 9}};

DrawRequest WithKey(const std::string& key) { return {1, key, ""}; }
DrawRequest OfCount(std::uint32_t count) { return {count, "", ""}; }

// What counts of a disk: its bytes.
bool SameBytes(const MemoryDisk& a, const MemoryDisk& b) {
  return a.segments == b.segments && a.snapshots == b.snapshots;
}

std::vector<Kind> KindsOf(const std::vector<StorageOperation>& operations) {
  std::vector<Kind> kinds;
  for (const StorageOperation& operation : operations) kinds.push_back(operation.kind);
  return kinds;
}

class PoolLoopTest : public ::testing::Test {
 protected:
  // As a new process does, over what the disk holds.
  std::unique_ptr<LoopDriver> Start() const { return std::make_unique<LoopDriver>(disk_); }
  std::unique_ptr<LoopDriver> Open(const Catalog& catalog = std::nullopt) const {
    std::unique_ptr<LoopDriver> driver = Start();
    const Status opened = driver->Open(catalog);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
    return driver;
  }

  // The state that another process would find now.
  std::string RecoveredState() const { return Open()->loop().StateJson(); }

  std::string LogText() const {
    PoolFiles files;
    LoadFrom(*disk_, files);
    return files.LogLines(0, 0, 1'000'000).value();
  }

  Names Draw(LoopDriver& driver, std::size_t count) const {
    const PoolLoop::StagedDraws staged = driver.loop().StageDraws(count);
    return {staged.names.begin(), staged.names.end()};
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
};

// --- Opening ------------------------------------------------------------------------

TEST_F(PoolLoopTest, ANewPoolIsItsOperationsAndNothingBefore) {
  const auto driver = Start();
  ASSERT_TRUE(driver->Load(kCatalog).ok());
  EXPECT_TRUE(driver->loop().created());
  EXPECT_EQ(driver->loop().recovered_through(), 0U);
  EXPECT_TRUE(disk_->segments.empty());
  ASSERT_TRUE(driver->CarryOutAll().ok());
  EXPECT_THAT(driver->loop().TakeOperations(), IsEmpty());
  EXPECT_EQ(RecoveredState(), driver->loop().StateJson());
}

TEST_F(PoolLoopTest, ANewPoolIsDurableWhenItsOperationsAre) {
  const auto driver = Start();
  ASSERT_TRUE(driver->Load(kCatalog).ok());
  const std::vector<StorageOperation> operations = driver->loop().TakeOperations();
  EXPECT_THAT(KindsOf(operations), ElementsAre(Kind::kStartSegment, Kind::kAppend, Kind::kSync));
  EXPECT_EQ(operations[0].number, 1U);
  EXPECT_EQ(operations[0].size, kSegmentBytesDefault);
}

TEST_F(PoolLoopTest, APoolThatIsThereKeepsItsItemsWhateverTheCatalogSays) {
  const auto first = Open(kCatalog);
  Draw(*first, 5);
  ASSERT_TRUE(first->Flush().ok());
  const auto second = Open(std::vector<Item>{{"other", 1}});
  EXPECT_FALSE(second->loop().created());
  EXPECT_EQ(second->loop().recovered_through(), 5U);
  EXPECT_EQ(second->loop().StateJson(), first->loop().StateJson());
}

TEST_F(PoolLoopTest, AnOpeningThatFailsLeavesNothingToDo) {
  const auto fails = [&](const Catalog& catalog, StatusCode code) {
    const auto driver = Start();
    EXPECT_EQ(driver->Load(catalog).code(), code);
    EXPECT_THAT(driver->loop().TakeOperations(), IsEmpty());
  };
  fails(std::nullopt, StatusCode::kNotFound);
  fails(std::vector<Item>{{"a", 1}, {"a", 2}}, StatusCode::kAlreadyExists);
  fails(std::vector<Item>{{"a", kWeightMax}, {"b", 1}}, StatusCode::kInvalidArgument);
  {
    const auto driver = Start();
    driver->loop().options().selector = "roulette";
    EXPECT_EQ(driver->Load(kCatalog).code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(driver->loop().TakeOperations(), IsEmpty());
  }
  EXPECT_TRUE(disk_->segments.empty());

  const auto first = Open(kCatalog);
  Draw(*first, 1);
  ASSERT_TRUE(first->Flush().ok());
  disk_->segments.at(1).at(70) ^= std::byte{1};
  const MemoryDisk damaged = *disk_;
  fails(kCatalog, StatusCode::kCorrupt);
  EXPECT_TRUE(SameBytes(*disk_, damaged));
}

TEST_F(PoolLoopTest, ATornTailIsCutByTheOperationsAndToldInANote) {
  const auto first = Open(kCatalog);
  Draw(*first, 50);
  ASSERT_TRUE(first->Flush().ok());
  std::vector<std::byte>& last = disk_->segments.rbegin()->second;
  const std::vector<std::byte> whole = last;
  last = tests::Joined(last, tests::Pattern(20, 1));
  const auto second = Start();
  ASSERT_TRUE(second->Load(std::nullopt).ok());
  EXPECT_THAT(second->loop().notes(),
              ElementsAre(HasSubstr("wal-00000000000000000002.log: cut a torn tail")));
  EXPECT_NE(last, whole) << "nothing happens before the operations are carried out";
  ASSERT_TRUE(second->CarryOutAll().ok());
  EXPECT_EQ(last, whole);
  EXPECT_EQ(second->loop().StateJson(), first->loop().StateJson());
}

TEST_F(PoolLoopTest, TheOperationsOfAnOpeningAreTheRepairsInTheirOrder) {
  const auto first = Open(kCatalog);
  Draw(*first, 50);
  ASSERT_TRUE(first->Flush().ok());
  std::vector<std::byte>& last = disk_->segments.rbegin()->second;
  last = tests::Joined(last, tests::Pattern(20, 1));
  // A segment that was begun and torn behind that.
  disk_->segments[3] = tests::Pattern(30, 3);
  last.resize(last.size() - 20);

  MemoryStorage log(disk_);
  MemorySnapshotStore snapshots(disk_);
  const std::vector<Repair> repairs = InspectPool(log, snapshots, {})->repairs;
  ASSERT_GE(repairs.size(), 2U);
  std::vector<StorageOperation> expected;
  for (const Repair& repair : repairs) {
    const Kind kind = repair.kind == Repair::Kind::kTruncate  ? Kind::kTruncate
                      : repair.kind == Repair::Kind::kPersist ? Kind::kPersist
                                                              : Kind::kRemoveSegment;
    expected.push_back({kind, repair.segment, repair.length, {}});
  }
  const auto second = Start();
  ASSERT_TRUE(second->Load(std::nullopt).ok());
  EXPECT_EQ(second->loop().TakeOperations(), expected);
}

TEST_F(PoolLoopTest, ACrashBetweenTheOperationsOfACreationLeavesNoPoolOrAll) {
  std::vector<Item> catalog;
  for (int i = 0; i < 40'000; ++i) catalog.push_back({"item " + std::to_string(i), 1});
  std::vector<StorageOperation> operations;
  {
    const auto driver = Start();
    ASSERT_TRUE(driver->Load(catalog).ok());
    operations = driver->loop().TakeOperations();
  }
  ASSERT_GT(operations.size(), 4U) << "several batches";
  for (std::size_t done = 0; done <= operations.size(); ++done) {
    disk_ = std::make_shared<MemoryDisk>();
    MemoryStorage log(disk_);
    MemorySnapshotStore snapshots(disk_);
    for (std::size_t i = 0; i < done; ++i) {
      ASSERT_TRUE(CarryOut(operations[i], log, snapshots).ok());
    }
    const auto driver = Open(kCatalog);
    // The last operation is the flush of a batch that is there already.
    const bool is_whole = done + 1 >= operations.size();
    EXPECT_EQ(driver->loop().created(), !is_whole) << done;
    EXPECT_EQ(driver->loop().engine().items().item_count(), is_whole ? catalog.size() : 2U);
  }
}

// --- Draws and batches ------------------------------------------------------------------

TEST_F(PoolLoopTest, DrawsThatAreStagedDuringAWriteShareTheNextBatch) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  EXPECT_EQ(loop.StageDraws(3).first_request_id, 1U);
  const WalBatch first = loop.SealBatch();
  EXPECT_EQ(first.last_request_id, 3U);
  EXPECT_EQ(loop.StageDraws(2).first_request_id, 4U);
  EXPECT_EQ(loop.StageDraw(WithKey("k"))->request_id, 6U);
  EXPECT_EQ(loop.StageDraws(4).first_request_id, 7U);
  EXPECT_EQ(loop.engine().acknowledged_through(), 0U);

  ASSERT_TRUE(driver->Append().ok());
  loop.OnWritten();
  EXPECT_EQ(loop.engine().acknowledged_through(), 0U) << "written and not durable";
  loop.OnDurable(first.number);
  EXPECT_EQ(loop.engine().acknowledged_through(), 3U);

  ASSERT_TRUE(driver->Write().ok());
  EXPECT_EQ(loop.batch().last_request_id, 10U);
  EXPECT_FALSE(loop.engine().has_open_batch());
  EXPECT_EQ(loop.engine().acknowledged_through(), 3U);
  loop.OnDurable(loop.batch().number);
  EXPECT_EQ(loop.engine().acknowledged_through(), 10U);
  EXPECT_EQ(RecoveredState(), loop.StateJson());
}

TEST_F(PoolLoopTest, OneFlushMayMakeSeveralBatchesDurable) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  for (int batch = 0; batch < 3; ++batch) {
    Draw(*driver, 10);
    ASSERT_TRUE(driver->Write().ok());
  }
  EXPECT_EQ(loop.engine().acknowledged_through(), 0U);
  loop.OnDurable(2);
  EXPECT_EQ(loop.engine().acknowledged_through(), 20U);
  loop.OnDurable(3);
  EXPECT_EQ(loop.engine().acknowledged_through(), 30U);
}

TEST_F(PoolLoopTest, WhereWritingIsEnoughItAcknowledges) {
  const auto driver = Start();
  driver->loop().options().acknowledge_when = AcknowledgeWhen::kWritten;
  ASSERT_TRUE(driver->Open(kCatalog).ok());
  Draw(*driver, 5);
  ASSERT_TRUE(driver->Write().ok());
  EXPECT_EQ(driver->loop().engine().acknowledged_through(), 5U);
  EXPECT_EQ(driver->loop().engine().durable_through(), 0U);
}

TEST_F(PoolLoopTest, AnExhaustedPoolRefusesUnderRequestIdsThatAreLogged) {
  const auto driver = Open(std::vector<Item>{{"gold", 1, Quantity::Of(3)}});
  const PoolLoop::StagedDraws staged = driver->loop().StageDraws(5);
  EXPECT_EQ(staged.first_request_id, 1U);
  EXPECT_THAT(staged.names, ElementsAre(0, 0, 0));
  EXPECT_EQ(staged.refused, 2U);
  const Result<DrawOutcome> outcome = driver->loop().StageDraw({1, "", "ann"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->request_id, 6U);
  EXPECT_THAT(outcome->item_ids, IsEmpty());
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_THAT(LogText(), HasSubstr("{\"type\":\"draw\",\"request_id\":5,\"error\":\"exhausted\"}"));
  EXPECT_EQ(Open()->loop().recovered_through(), 6U);
}

TEST_F(PoolLoopTest, ADrawOfSeveralIsAllOrNothing) {
  const auto driver = Open(std::vector<Item>{{"gold", 1, Quantity::Of(3)}});
  EXPECT_THAT(driver->loop().StageDraw(OfCount(4))->item_ids, IsEmpty());
  EXPECT_THAT(driver->loop().StageDraw(OfCount(3))->item_ids, ElementsAre("gold", "gold", "gold"));
}

TEST_F(PoolLoopTest, RequestsBeyondThoseThatMayWaitAreNotTakenOn) {
  const auto driver = Start();
  driver->loop().options().pending_requests_max = 4;
  ASSERT_TRUE(driver->Open(kCatalog).ok());
  PoolLoop& loop = driver->loop();
  const PoolLoop::StagedDraws staged = loop.StageDraws(10);
  EXPECT_EQ(staged.names.size(), 4U);
  EXPECT_EQ(staged.refused, 0U);
  EXPECT_EQ(loop.StageDraw(WithKey("k")).status().code(), StatusCode::kOverloaded);
  EXPECT_EQ(loop.StageAdd({"tin", 1}).code(), StatusCode::kOverloaded);
  EXPECT_EQ(loop.StageUpdate("gold", {2, {}}).code(), StatusCode::kOverloaded);
  EXPECT_EQ(loop.StageRemove("gold").code(), StatusCode::kOverloaded);
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_EQ(loop.StageDraws(10).names.size(), 4U);
}

TEST_F(PoolLoopTest, TheSeedDecidesEveryDraw) {
  const auto draws = [&](std::optional<std::uint64_t> seed, std::byte key) {
    disk_ = std::make_shared<MemoryDisk>();
    const auto driver = Start();
    driver->loop().options().insecure_seed = seed;
    driver->loop().options().secure_key.fill(key);
    EXPECT_TRUE(driver->Open(kCatalog).ok());
    return Draw(*driver, 200);
  };
  EXPECT_EQ(draws(7, std::byte{1}), draws(7, std::byte{2}));
  EXPECT_NE(draws(7, std::byte{1}), draws(8, std::byte{1}));
  EXPECT_EQ(draws(std::nullopt, std::byte{1}), draws(std::nullopt, std::byte{1}));
  EXPECT_NE(draws(std::nullopt, std::byte{1}), draws(std::nullopt, std::byte{2}));
  EXPECT_NE(draws(std::nullopt, std::byte{1}), draws(7, std::byte{1}));
}

TEST_F(PoolLoopTest, AnOrderlyEndIsInTheLog) {
  const auto driver = Open(kCatalog);
  Draw(*driver, 1);
  ASSERT_TRUE(driver->Flush().ok());
  driver->loop().StageClosed();
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_THAT(LogText(), ::testing::EndsWith("{\"type\":\"pool-closed\"}\n"));
}

TEST_F(PoolLoopTest, SegmentsAreLeftWhenTheyAreFull) {
  const auto driver = Start();
  driver->loop().options().segment_bytes_max = 65'536;
  ASSERT_TRUE(driver->Open(kCatalog).ok());
  for (int batch = 0; batch < 100; ++batch) {
    Draw(*driver, 10'000);
    ASSERT_TRUE(driver->Flush().ok());
  }
  EXPECT_GT(disk_->segments.size(), 2U);
  for (const auto& [number, bytes] : disk_->segments) EXPECT_LE(bytes.size(), 65'536U);
  EXPECT_EQ(RecoveredState(), driver->loop().StateJson());
}

// --- Keys ---------------------------------------------------------------------------------

TEST_F(PoolLoopTest, AKeyRepeatsItsOutcomeAlsoInAnotherProcess) {
  DrawOutcome outcome;
  {
    const auto driver = Open(kCatalog);
    Draw(*driver, 3);
    outcome = *driver->loop().StageDraw({.count = 2, .key = "order", .user = "ann"});
    EXPECT_EQ(outcome.request_id, 4U);
    ASSERT_TRUE(driver->Flush().ok());
  }
  const auto driver = Open();
  const std::string before = driver->loop().StateJson();
  const Result<DrawOutcome> repeated =
      driver->loop().StageDraw({.count = 2, .key = "order", .user = "ann"});
  ASSERT_TRUE(repeated.ok());
  EXPECT_EQ(repeated->request_id, outcome.request_id);
  EXPECT_EQ(repeated->item_ids, outcome.item_ids);
  EXPECT_FALSE(driver->loop().engine().has_open_batch()) << "nothing was staged";
  for (const DrawRequest& other : {DrawRequest{1, "order", "ann"}, DrawRequest{2, "order", ""}}) {
    EXPECT_EQ(driver->loop().StageDraw(other).status().code(), StatusCode::kAlreadyExists);
  }
  EXPECT_EQ(driver->loop().StateJson(), before);
}

TEST_F(PoolLoopTest, ARefusalUnderAKeyIsRepeatedAlsoWhenThereIsStockAgain) {
  const auto driver = Open(std::vector<Item>{{"gold", 1, Quantity::Of(0)}});
  EXPECT_THAT(driver->loop().StageDraw(WithKey("k"))->item_ids, IsEmpty());
  ASSERT_TRUE(driver->loop().StageUpdate("gold", {{}, Quantity::Of(5)}).ok());
  const Result<DrawOutcome> repeated = driver->loop().StageDraw(WithKey("k"));
  ASSERT_TRUE(repeated.ok());
  EXPECT_EQ(repeated->request_id, 1U);
  EXPECT_THAT(repeated->item_ids, IsEmpty());
  EXPECT_THAT(driver->loop().StageDraw(WithKey("k2"))->item_ids, ElementsAre("gold"));
}

TEST_F(PoolLoopTest, OnlyTheNewestKeysAreKept) {
  const auto driver = Start();
  driver->loop().options().key_retention = 2;
  ASSERT_TRUE(driver->Open(kCatalog).ok());
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(driver->loop().StageDraw(WithKey(key)).ok());
  EXPECT_EQ(driver->loop().StageDraw(WithKey("b"))->request_id, 2U);
  EXPECT_EQ(driver->loop().StageDraw(WithKey("a"))->request_id, 4U) << "a new draw";
}

// --- Changes of the catalog, and names ------------------------------------------------------

TEST_F(PoolLoopTest, ChangesThatAreRefusedStageNothing) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  const std::string before = loop.StateJson();
  EXPECT_EQ(loop.StageAdd({"gold", 1}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(loop.StageAdd({"", 1}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(loop.StageUpdate("tin", {1, {}}).code(), StatusCode::kNotFound);
  EXPECT_EQ(loop.StageUpdate("gold", {kWeightMax, {}}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(loop.StageRemove("tin").code(), StatusCode::kNotFound);
  EXPECT_EQ(loop.StageDraw(OfCount(0)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(loop.StateJson(), before);
  EXPECT_FALSE(loop.engine().has_open_batch());
  EXPECT_EQ(loop.names().item_ids().size(), 2U) << "no name is spent";
}

TEST_F(PoolLoopTest, AnItemInThePlaceOfAnotherIsToldApart) {
  const auto driver = Open(std::vector<Item>{{"old", 1}});
  PoolLoop& loop = driver->loop();
  const Names before = Draw(*driver, 2);
  ASSERT_TRUE(loop.StageRemove("old").ok());
  ASSERT_TRUE(loop.StageAdd({"new", 1}).ok());
  const Names after = Draw(*driver, 2);
  EXPECT_THAT(before, ElementsAre(0, 0));
  EXPECT_THAT(after, ElementsAre(1, 1));
  EXPECT_THAT(loop.names().item_ids(), ElementsAre("old", "new"));
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_THAT(LogText(), HasSubstr("\"request_id\":2,\"item_id\":\"old\"}"));
  EXPECT_THAT(LogText(), HasSubstr("\"request_id\":5,\"item_id\":\"new\"}"));
  EXPECT_EQ(RecoveredState(), loop.StateJson());
}

TEST_F(PoolLoopTest, TheStateIsJsonWithIntegersAsTexts) {
  const auto driver = Open(std::vector<Item>{
      {"a \"b\"\n", kWeightMax - 1, Quantity::Of(kQuantityMax)}, {"gone", 0}, {"\xE2\x82\xAC", 1}});
  EXPECT_EQ(driver->loop().StageDraw(OfCount(1)).status().code(), StatusCode::kOk);
  ASSERT_TRUE(driver->loop().StageRemove("gone").ok());
  EXPECT_EQ(driver->loop().StateJson(),
            "{\"last_request_id\":\"2\",\"items\":["
            "{\"item_id\":\"a \\\"b\\\"\\n\",\"weight\":\"9223372036854775806\","
            "\"quantity\":\"9223372036854775806\",\"drawn\":\"1\"},"
            "{\"item_id\":\"\xE2\x82\xAC\",\"weight\":\"1\",\"quantity\":\"unlimited\","
            "\"drawn\":\"0\"}]}");
}

// --- When the storage fails ------------------------------------------------------------------

TEST_F(PoolLoopTest, WithoutRoomEverythingThatIsNotAcknowledgedIsUndone) {
  const auto driver = Open(std::vector<Item>{{"gold", 1, Quantity::Of(100)}, {"mud", 9}});
  PoolLoop& loop = driver->loop();
  Draw(*driver, 10);
  ASSERT_TRUE(driver->Flush().ok());
  const std::string before = loop.StateJson();
  const MemoryDisk disk = *disk_;

  Draw(*driver, 50);
  ASSERT_TRUE(loop.StageRemove("mud").ok());
  ASSERT_TRUE(loop.StageAdd({"tin", 5, Quantity::Of(2)}).ok());
  (void)loop.SealBatch();
  // Staged behind the batch that fails: undone too.
  Draw(*driver, 50);
  ASSERT_TRUE(loop.StageDraw({3, "k", ""}).ok());
  ASSERT_TRUE(loop.StageUpdate("gold", {7, {}}).ok());
  EXPECT_NE(loop.StateJson(), before);
  loop.OnFailed(Status(StatusCode::kFull, "no room"));

  EXPECT_EQ(loop.StateJson(), before);
  EXPECT_TRUE(loop.engine().failure().ok());
  EXPECT_FALSE(loop.engine().has_open_batch());
  EXPECT_FALSE(loop.engine().has_sealed_batch());
  EXPECT_TRUE(SameBytes(*disk_, disk));

  // It goes on where it was: the ids, the place of the item and the key are free.
  const PoolLoop::StagedDraws staged = loop.StageDraws(1);
  EXPECT_EQ(staged.first_request_id, 11U);
  EXPECT_EQ(loop.StageDraw(WithKey("k"))->request_id, 12U);
  ASSERT_TRUE(loop.StageAdd({"tin", 1, Quantity::Of(1)}).ok());
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_EQ(loop.engine().acknowledged_through(), 13U);
  EXPECT_EQ(RecoveredState(), loop.StateJson());
}

TEST_F(PoolLoopTest, NamesOfItemsThatWereUndoneAreNotUsedAgain) {
  const auto driver = Open(std::vector<Item>{{"old", 1}});
  PoolLoop& loop = driver->loop();
  ASSERT_TRUE(loop.StageRemove("old").ok());
  ASSERT_TRUE(loop.StageAdd({"undone", 1}).ok());
  (void)loop.SealBatch();
  loop.OnFailed(Status(StatusCode::kFull, "no room"));
  EXPECT_THAT(Draw(*driver, 1), ElementsAre(0)) << "the old item is back under its name";
  ASSERT_TRUE(loop.StageRemove("old").ok());
  ASSERT_TRUE(loop.StageAdd({"new", 1}).ok());
  EXPECT_THAT(Draw(*driver, 1), ElementsAre(2));
  EXPECT_THAT(loop.names().item_ids(), ElementsAre("old", "undone", "new"));
}

TEST_F(PoolLoopTest, ItemsThatWereWrittenKeepTheirNamesWhenLaterOnesAreUndone) {
  const auto driver = Open(std::vector<Item>{{"old", 1}});
  PoolLoop& loop = driver->loop();
  ASSERT_TRUE(loop.StageRemove("old").ok());
  ASSERT_TRUE(loop.StageAdd({"new", 1}).ok());
  ASSERT_TRUE(driver->Flush().ok());
  ASSERT_TRUE(loop.StageAdd({"undone", 0}).ok());
  (void)loop.SealBatch();
  loop.OnFailed(Status(StatusCode::kFull, "no room"));
  EXPECT_THAT(Draw(*driver, 1), ElementsAre(1));
}

TEST_F(PoolLoopTest, AnyOtherFailureStopsThePool) {
  for (const bool is_sealed : {true, false}) {
    disk_ = std::make_shared<MemoryDisk>();
    const auto driver = Open(kCatalog);
    PoolLoop& loop = driver->loop();
    Draw(*driver, 5);
    ASSERT_TRUE(driver->Write().ok());
    Draw(*driver, 5);
    if (is_sealed) (void)loop.SealBatch();
    loop.OnFailed(Status(StatusCode::kIo, "the cable is out"));
    EXPECT_EQ(loop.engine().failure().code(), StatusCode::kIo);
    EXPECT_EQ(loop.engine().acknowledged_through(), 0U);
    const PoolLoop::StagedDraws staged = loop.StageDraws(5);
    EXPECT_THAT(staged.names, IsEmpty());
    EXPECT_EQ(staged.refused, 0U);
    EXPECT_EQ(loop.StageDraw(WithKey("k")).status().code(), StatusCode::kOutcomeUnknown);
    EXPECT_EQ(loop.StageAdd({"tin", 1}).code(), StatusCode::kOutcomeUnknown);
    EXPECT_EQ(loop.StageUpdate("gold", {2, {}}).code(), StatusCode::kOutcomeUnknown);
    EXPECT_EQ(loop.StageRemove("gold").code(), StatusCode::kOutcomeUnknown);
    // What was written may be there; another process finds it.
    EXPECT_EQ(Open()->loop().recovered_through(), 5U);
  }
}

// --- Snapshots --------------------------------------------------------------------------------

TEST_F(PoolLoopTest, ASnapshotIsTheStateAtItsMark) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  Draw(*driver, 30);
  ASSERT_TRUE(loop.StageDraw(WithKey("k")).ok());
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_EQ(loop.TakeSnapshot(), 31U);
  Draw(*driver, 20);
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_TRUE(loop.batch().starts_segment);
  ASSERT_TRUE(driver->Publish(31).ok());
  Draw(*driver, 7);
  ASSERT_TRUE(driver->Flush().ok());

  PoolFiles files;
  LoadFrom(*disk_, files);
  EXPECT_EQ(files.Verify()->snapshots_compared, 1U) << "it is what the log leads to";
  // The log before it is not needed any more, the keys in it neither.
  disk_->segments.erase(disk_->segments.begin(), std::prev(disk_->segments.end()));
  EXPECT_EQ(RecoveredState(), loop.StateJson());
  EXPECT_EQ(Open()->loop().log_starts_after(), 31U);
  EXPECT_EQ(Open()->loop().StageDraw(WithKey("k"))->request_id, 31U);
}

TEST_F(PoolLoopTest, TheMarkIsInTheBatchThatIsSealedNext) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  Draw(*driver, 5);
  (void)loop.SealBatch();
  // While a batch is on its way: the image holds what it holds.
  EXPECT_EQ(loop.TakeSnapshot(), 5U);
  EXPECT_EQ(loop.snapshot_mark_batch(), 0U) << "not sealed yet";
  ASSERT_TRUE(driver->Append().ok());
  loop.OnWritten();
  EXPECT_EQ(loop.snapshot_mark_batch(), 0U);
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_EQ(loop.snapshot_mark_batch(), loop.batch().number);
  Draw(*driver, 1);
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_EQ(loop.snapshot_mark_batch(), loop.batch().number - 1) << "later batches change nothing";
  ASSERT_TRUE(driver->Publish(5).ok());
  EXPECT_EQ(RecoveredState(), loop.StateJson());
  EXPECT_EQ(loop.TakeSnapshot(), 6U);
  EXPECT_EQ(loop.snapshot_mark_batch(), 0U) << "that of the image before does not count";
}

TEST_F(PoolLoopTest, TheSecondSnapshotRemovesWhatOnlyStatesBeforeTheFirstNeed) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  Draw(*driver, 10);
  ASSERT_TRUE(driver->Flush().ok());
  ASSERT_TRUE(driver->Snapshot().ok());
  EXPECT_EQ(loop.log_starts_after(), 0U) << "the log is whole as long as there is one snapshot";
  EXPECT_TRUE(disk_->segments.contains(1));
  Draw(*driver, 10);
  ASSERT_TRUE(driver->Flush().ok());
  ASSERT_TRUE(driver->Snapshot().ok());
  EXPECT_EQ(loop.log_starts_after(), 10U);
  EXPECT_FALSE(disk_->segments.contains(1));
  EXPECT_EQ(disk_->snapshots.size(), 2U);
  Draw(*driver, 10);
  ASSERT_TRUE(driver->Flush().ok());
  ASSERT_TRUE(driver->Snapshot().ok());
  EXPECT_EQ(loop.log_starts_after(), 20U);
  EXPECT_EQ(disk_->snapshots.size(), 2U);
  EXPECT_FALSE(disk_->snapshots.contains(10));
  EXPECT_EQ(RecoveredState(), loop.StateJson());
  EXPECT_EQ(Open()->loop().log_starts_after(), 20U);
}

TEST_F(PoolLoopTest, TheSnapshotFoundAtTheOpeningCountsAsTheFirst) {
  {
    const auto driver = Open(kCatalog);
    Draw(*driver, 10);
    ASSERT_TRUE(driver->Flush().ok());
    ASSERT_TRUE(driver->Snapshot().ok());
  }
  const auto driver = Open();
  Draw(*driver, 10);
  ASSERT_TRUE(driver->Flush().ok());
  ASSERT_TRUE(driver->Snapshot().ok());
  EXPECT_EQ(driver->loop().log_starts_after(), 10U);
  EXPECT_FALSE(disk_->segments.contains(1));
}

TEST_F(PoolLoopTest, ASnapshotWhoseMarkFoundNoRoomIsThrownAwayAndTheNextOneWorks) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  Draw(*driver, 10);
  ASSERT_TRUE(driver->Flush().ok());
  const std::string before = loop.StateJson();
  (void)loop.TakeSnapshot();
  (void)loop.SealBatch();
  loop.OnFailed(Status(StatusCode::kFull, "no room"));
  loop.DiscardSnapshot();
  EXPECT_EQ(loop.StateJson(), before);
  EXPECT_THAT(LogText(), Not(HasSubstr("snapshot-taken")));
  Draw(*driver, 1);
  ASSERT_TRUE(driver->Flush().ok());
  ASSERT_TRUE(driver->Snapshot().ok());
  EXPECT_THAT(LogText(), HasSubstr("{\"type\":\"snapshot-taken\",\"after_request_id\":11}"));
  EXPECT_EQ(RecoveredState(), loop.StateJson());
}

TEST_F(PoolLoopTest, AMarkThatWasUndoneWhileItWasOpenIsNotFoundInTheNextBatch) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  Draw(*driver, 5);
  (void)loop.SealBatch();
  (void)loop.TakeSnapshot();
  loop.OnFailed(Status(StatusCode::kFull, "no room"));
  loop.DiscardSnapshot();
  Draw(*driver, 5);
  ASSERT_TRUE(driver->Flush().ok());
  EXPECT_EQ(loop.snapshot_mark_batch(), 0U);
  EXPECT_THAT(LogText(), Not(HasSubstr("snapshot-taken")));
}

TEST_F(PoolLoopTest, NoTwoSnapshotsAreEncodedWithTheSameSalt) {
  const auto driver = Open(kCatalog);
  PoolLoop& loop = driver->loop();
  std::vector<std::vector<std::byte>> images;
  for (int i = 0; i < 2; ++i) {
    (void)loop.TakeSnapshot();
    ASSERT_TRUE(driver->Flush().ok());
    const std::span<const std::byte> bytes = loop.EncodeSnapshot();
    images.emplace_back(bytes.begin(), bytes.end());
  }
  EXPECT_NE(images[0], images[1]) << "of the same state";
}

}  // namespace
}  // namespace rewardpool::wasm
