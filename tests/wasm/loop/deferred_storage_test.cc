// That a DeferredStorage is a log like any other, shows the contract suite
// (tests/contract). Here: what it leaves to be done.
#include "deferred_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "rewardpool/wal_format.h"
#include "support/bytes.h"

namespace rewardpool::wasm {
namespace {

using tests::Bytes;
using tests::Joined;
using tests::Pattern;
using tests::ReadAll;
using Kind = StorageOperation::Kind;
using Operations = std::vector<StorageOperation>;

void Fill(std::span<std::byte> room, const std::vector<std::byte>& bytes) {
  ASSERT_EQ(room.size(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
}

TEST(DeferredStorageTest, EveryChangeIsAnOperationInOrderWithItsBytes) {
  DeferredStorage storage;
  Fill(storage.LoadSegment(1, 100), Pattern(100, 1));
  Fill(storage.LoadSegment(2, 200), Pattern(200, 2));
  Fill(storage.LoadSnapshot(7, 30), Pattern(30, 7));
  ASSERT_TRUE(storage.log().Truncate(2, 150).ok());
  ASSERT_TRUE(storage.log().Persist(2).ok());
  ASSERT_TRUE(storage.log().RemoveSegment(1).ok());
  ASSERT_TRUE(storage.log().StartSegment(3, 4096, Pattern(64, 3)).ok());
  ASSERT_TRUE(storage.log().Append(Bytes("draws")).ok());
  ASSERT_TRUE(storage.log().Append(Bytes("more")).ok());
  ASSERT_TRUE(storage.log().Sync().ok());
  ASSERT_TRUE(storage.snapshots().Remove(7).ok());
  const Operations expected = {
      {Kind::kTruncate, 2, 150, {}},
      {Kind::kPersist, 2, 0, {}},
      {Kind::kRemoveSegment, 1, 0, {}},
      {Kind::kStartSegment, 3, 4096, Pattern(64, 3)},
      {Kind::kAppend, 0, 0, Bytes("draws")},
      {Kind::kAppend, 0, 0, Bytes("more")},
      {Kind::kSync, 0, 0, {}},
      {Kind::kRemoveSnapshot, 7, 0, {}},
  };
  EXPECT_EQ(storage.TakeOperations(), expected);
  EXPECT_EQ(storage.TakeOperations(), Operations{}) << "each is handed out once";
}

TEST(DeferredStorageTest, ReadingAndLoadingLeaveNothingToDo) {
  DeferredStorage storage;
  Fill(storage.LoadSegment(1, 100), Pattern(100, 1));
  Fill(storage.LoadSnapshot(7, 30), Pattern(30, 7));
  EXPECT_EQ(*ReadAll(storage.log(), 1), Pattern(100, 1));
  EXPECT_EQ(*storage.snapshots().Load(7), Pattern(30, 7));
  EXPECT_EQ(*storage.snapshots().List(), std::vector<RequestId>{7});
  EXPECT_EQ(storage.TakeOperations(), Operations{});
}

TEST(DeferredStorageTest, WhatIsRefusedIsNotAnOperation) {
  DeferredStorage storage;
  Fill(storage.LoadSegment(2, 100), Pattern(100, 2));
  EXPECT_EQ(storage.log().Append(Bytes("x")).code(), StatusCode::kClosed);
  EXPECT_EQ(storage.log().StartSegment(2, 4096, Pattern(64, 2)).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(storage.log().Truncate(2, 101).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(storage.log().Persist(3).code(), StatusCode::kNotFound);
  EXPECT_EQ(storage.snapshots().Publish(5, Bytes("x")).code(), StatusCode::kUnsupported);
  EXPECT_EQ(storage.TakeOperations(), Operations{});
  EXPECT_TRUE(storage.snapshots().List()->empty());
}

TEST(DeferredStorageTest, ForgettingKeepsHeadersAndNamesAndTheOperations) {
  DeferredStorage storage;
  Fill(storage.LoadSegment(1, 1000), Pattern(1000, 1));
  Fill(storage.LoadSegment(2, 10), Pattern(10, 2));
  Fill(storage.LoadSnapshot(7, 30), Pattern(30, 7));
  ASSERT_TRUE(storage.log().StartSegment(3, 4096, Pattern(64, 3)).ok());
  ASSERT_TRUE(storage.log().Append(Bytes("draws")).ok());
  storage.ForgetContent();
  std::vector<std::byte> header = Pattern(1000, 1);
  header.resize(kSegmentHeaderBytes);
  EXPECT_EQ(*ReadAll(storage.log(), 1), header);
  EXPECT_EQ(*ReadAll(storage.log(), 2), Pattern(10, 2)) << "shorter than a header";
  EXPECT_EQ(*ReadAll(storage.log(), 3), Pattern(64, 3));
  EXPECT_EQ(*storage.snapshots().List(), std::vector<RequestId>{7});
  EXPECT_TRUE(storage.snapshots().Load(7)->empty());
  EXPECT_EQ(storage.TakeOperations().size(), 2U);
  // No segment is open any more: the platform writes its batches by itself.
  EXPECT_EQ(storage.log().Append(Bytes("x")).code(), StatusCode::kClosed);
  EXPECT_TRUE(storage.log().RemoveSegment(3).ok());
}

TEST(DeferredStorageTest, WhatThePlatformMadeIsListedAndMayBeRemoved) {
  DeferredStorage storage;
  storage.NoteSegment(4, Pattern(64, 4));
  storage.NoteSnapshot(9);
  EXPECT_EQ(*ReadAll(storage.log(), 4), Pattern(64, 4));
  EXPECT_EQ(*storage.snapshots().List(), std::vector<RequestId>{9});
  EXPECT_EQ(storage.TakeOperations(), Operations{});
  ASSERT_TRUE(storage.log().RemoveSegment(4).ok());
  ASSERT_TRUE(storage.snapshots().Remove(9).ok());
  EXPECT_TRUE(storage.log().ListSegments()->empty());
  EXPECT_EQ(storage.TakeOperations(),
            (Operations{{Kind::kRemoveSegment, 4, 0, {}}, {Kind::kRemoveSnapshot, 9, 0, {}}}));
}

TEST(DeferredStorageTest, MessagesNameTheFilesAsTheyAreStored) {
  DeferredStorage storage;
  EXPECT_EQ(storage.log().SegmentName(3), "wal-00000000000000000003.log");
  EXPECT_EQ(storage.snapshots().SnapshotName(8), "snapshot-00000000000000000008.snap");
}

}  // namespace
}  // namespace rewardpool::wasm
