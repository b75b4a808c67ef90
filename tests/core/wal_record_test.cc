#include "rewardpool/wal_record.h"

#include <gtest/gtest.h>

namespace rewardpool {
namespace {

TEST(WalRecordTest, RunsTakeOneRequestIdADraw) {
  EXPECT_EQ(RequestIdsOf(DrawRun{{4, 4, 0}}), 3U);
  EXPECT_EQ(RequestIdsOf(RefusedRun{70}), 70U);
}

TEST(WalRecordTest, OtherRequestsTakeOneRequestId) {
  EXPECT_EQ(RequestIdsOf(RequestedDraw{"key", "user", 3, {1, 2, 3}}), 1U);
  EXPECT_EQ(RequestIdsOf(RequestedDraw{"key", "user", 3, {}}), 1U);
  EXPECT_EQ(RequestIdsOf(ItemAdded{}), 1U);
  EXPECT_EQ(RequestIdsOf(ItemUpdated{}), 1U);
  EXPECT_EQ(RequestIdsOf(ItemRemoved{}), 1U);
}

TEST(WalRecordTest, RecordsThatNobodyRequestedTakeNone) {
  for (const Record& record :
       {Record(CatalogItem{}), Record(PoolCreated{9}), Record(SnapshotTaken{9}),
        Record(PoolClosed{}), Record(SnapshotItem{}), Record(SnapshotKey{}),
        Record(SnapshotEnd{1, 2, 3})}) {
    EXPECT_EQ(RequestIdsOf(record), 0U) << RecordName(record);
  }
}

TEST(WalRecordTest, EveryRecordHasItsName) {
  EXPECT_EQ(RecordName(DrawRun{}), "draw-run");
  EXPECT_EQ(RecordName(RefusedRun{}), "refused-run");
  EXPECT_EQ(RecordName(RequestedDraw{}), "requested-draw");
  EXPECT_EQ(RecordName(ItemAdded{}), "item-added");
  EXPECT_EQ(RecordName(ItemUpdated{}), "item-updated");
  EXPECT_EQ(RecordName(ItemRemoved{}), "item-removed");
  EXPECT_EQ(RecordName(CatalogItem{}), "catalog-item");
  EXPECT_EQ(RecordName(PoolCreated{}), "pool-created");
  EXPECT_EQ(RecordName(SnapshotTaken{}), "snapshot-taken");
  EXPECT_EQ(RecordName(PoolClosed{}), "pool-closed");
  EXPECT_EQ(RecordName(SnapshotItem{}), "snapshot-item");
  EXPECT_EQ(RecordName(SnapshotKey{}), "snapshot-key");
  EXPECT_EQ(RecordName(SnapshotEnd{}), "snapshot-end");
}

}  // namespace
}  // namespace rewardpool
