// ImportPool() on a disk that crashes in every step: what is left is no pool, or
// is refused, or is the whole pool; and the import can be repeated.
#include "rewardpool/native/pool_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/native/file_snapshot_store.h"
#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/pool_archive.h"
#include "rewardpool/pool_file_names.h"
#include "support/bytes.h"
#include "support/simulated_file_system.h"
#include "support/sync_pool.h"

namespace rewardpool::tests {
namespace {

using testing::Fault;
using testing::FaultKind;
using testing::FileContents;
using ::testing::HasSubstr;
using testing::HistoryEntry;
using testing::SimulatedDisk;
using testing::SyncPool;

constexpr char kFolder[] = "pool";

enum class Log {
  kTwoSegments,
  kWholeWithoutSnapshot,
  kWholeWithSnapshots,  // two of them, so that there are marks in the middle
  kStartsAfterASnapshot,
};

MemoryDisk MakePool(Log log_kind) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryStorage log(disk);
  MemorySnapshotStore snapshots(disk);
  const std::vector<Item> catalog = {{"gold", 1, Quantity::Of(3)},
                                     {"tin", 9, Quantity::Unlimited()}};
  Result<SyncPool> pool =
      SyncPool::Open(log, snapshots, catalog,
                     {.segment_bytes_max = log_kind == Log::kTwoSegments ? 10'000u : 150u});
  EXPECT_TRUE(pool.ok());
  auto segments = disk->segments;
  for (int i = 0; i < 2; ++i) {
    pool->Draw(40);
    EXPECT_TRUE(pool->Flush().ok());
    pool->Draw(40);
    if (log_kind == Log::kWholeWithoutSnapshot || log_kind == Log::kTwoSegments) {
      EXPECT_TRUE(pool->Flush().ok());
      continue;
    }
    EXPECT_TRUE(pool->Snapshot().ok());
    if (log_kind == Log::kStartsAfterASnapshot) continue;
    segments.insert(disk->segments.begin(), disk->segments.end());
  }
  pool->Draw(10);
  EXPECT_TRUE(pool->Close().ok());
  if (log_kind == Log::kWholeWithSnapshots) {
    // As if the removal of what the snapshots make unnecessary were still to come.
    disk->segments.insert(segments.begin(), segments.end());
  }
  Result<CollectedPool> collected = CollectPoolFiles(log, snapshots);
  EXPECT_TRUE(collected.ok()) << collected.status().ToString();
  return std::move(collected->files);
}

std::vector<HistoryEntry> HistoryOf(const MemoryDisk& files) {
  const auto disk = std::make_shared<MemoryDisk>(files);
  MemoryStorage log(disk);
  MemorySnapshotStore snapshots(disk);
  return testing::ReadHistory(log, snapshots)->entries;
}

FileContents AsContents(const MemoryDisk& files) {
  FileContents contents;
  for (const auto& [number, bytes] : files.segments) contents[SegmentFileName(number)] = bytes;
  for (const auto& [name, bytes] : files.snapshots) contents[SnapshotFileName(name)] = bytes;
  return contents;
}

class ImportTest : public ::testing::TestWithParam<Log> {
 protected:
  // Looks at what a failed import has left, then repeats it.
  void CheckAndRepeat(SimulatedDisk& disk) {
    SimulatedFileSystem files(disk);
    native::FileWalSource log(kFolder, files);
    const auto snapshots = native::FileSnapshotStore::OpenForReading(kFolder, files);
    const Result<Inspection> found = InspectPool(log, *snapshots, {});
    const bool has_pool = found.ok() && found->exists;
    if (has_pool) {
      const auto history = testing::ReadHistory(log, *snapshots);
      ASSERT_TRUE(history.ok()) << history.status().ToString();
      EXPECT_EQ(history->entries, HistoryOf(pool_)) << "a part passed for the whole";
    } else if (!found.ok()) {
      EXPECT_EQ(found.status().code(), StatusCode::kCorrupt) << found.status().ToString();
    }
    seen_pool_ = seen_pool_ || has_pool;
    seen_refused_ = seen_refused_ || !found.ok();

    const Status again = native::ImportPool(pool_, kFolder, files);
    if (has_pool) {
      EXPECT_EQ(again.code(), StatusCode::kAlreadyExists);
      return;
    }
    ASSERT_TRUE(again.ok()) << again.ToString();
    EXPECT_EQ(disk.Visible(), AsContents(pool_));
  }

  void TryAtEveryStep(FaultKind kind) {
    SimulatedDisk whole(1);
    SimulatedFileSystem whole_files(whole);
    ASSERT_TRUE(native::ImportPool(pool_, kFolder, whole_files).ok());
    for (std::uint64_t step = 0; step < whole.step_count(); ++step) {
      const Fault fault{.kind = kind, .at = step};
      SCOPED_TRACE(ToString(fault) + ": " + ToString(whole.steps()[step]));
      SimulatedDisk disk(step, {fault});
      SimulatedFileSystem files(disk);
      const Status status = native::ImportPool(pool_, kFolder, files);
      if (status.ok()) continue;  // a fault that this step does not know
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        SCOPED_TRACE("power loss with seed " + std::to_string(seed));
        SimulatedDisk left(seed, {}, disk.AfterPowerLoss(seed));
        CheckAndRepeat(left);
      }
      disk.Restart();
      CheckAndRepeat(disk);
    }
  }

  const MemoryDisk pool_ = MakePool(GetParam());
  bool seen_pool_ = false;
  bool seen_refused_ = false;
};

INSTANTIATE_TEST_SUITE_P(Logs, ImportTest,
                         ::testing::Values(Log::kTwoSegments, Log::kWholeWithoutSnapshot,
                                           Log::kWholeWithSnapshots, Log::kStartsAfterASnapshot));

TEST_P(ImportTest, TheFolderThenHoldsThePoolAndNothingElse) {
  SimulatedDisk disk(1);
  SimulatedFileSystem files(disk);
  ASSERT_TRUE(native::ImportPool(pool_, kFolder, files).ok());
  EXPECT_EQ(disk.Visible(), AsContents(pool_));
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(disk.AfterPowerLoss(seed), AsContents(pool_)) << "power loss with seed " << seed;
  }
}

TEST_P(ImportTest, ACrashInAnyStepLeavesNoPoolThatPassesForWhole) {
  TryAtEveryStep(FaultKind::kCrash);
  // The test is worth its name only if it saw files without a pool.
  EXPECT_TRUE(seen_refused_);
  EXPECT_TRUE(seen_pool_);
}
TEST_P(ImportTest, AFailedSyncLeavesNoPoolThatPassesForWhole) {
  TryAtEveryStep(FaultKind::kFailedSync);
}
TEST_P(ImportTest, AFailedCallLeavesNoPoolThatPassesForWhole) {
  TryAtEveryStep(FaultKind::kFailedCall);
}

TEST_P(ImportTest, ALossOfPowerDuringARepetitionLeavesNoPoolThatPassesForWhole) {
  SimulatedDisk whole(1);
  SimulatedFileSystem whole_files(whole);
  ASSERT_TRUE(native::ImportPool(pool_, kFolder, whole_files).ok());
  for (std::uint64_t step = 0; step < whole.step_count(); ++step) {
    if (whole.steps()[step].kind != testing::StepKind::kSyncFolder) continue;
    // Killed when a file had its name, and the name was not durable.
    const std::vector<Fault> kill = {{.kind = FaultKind::kCrash, .at = step}};
    for (std::uint64_t later_step = 0;; ++later_step) {
      SCOPED_TRACE("killed in step " + std::to_string(step) + ", power lost in step " +
                   std::to_string(later_step));
      SimulatedDisk disk(1, kill);
      SimulatedFileSystem files(disk);
      ASSERT_FALSE(native::ImportPool(pool_, kFolder, files).ok());
      disk.Restart({{.kind = FaultKind::kCrash, .at = later_step}});
      const Status repeated = native::ImportPool(pool_, kFolder, files);
      if (!disk.crashed()) break;
      EXPECT_FALSE(repeated.ok());
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        SimulatedDisk left(seed, {}, disk.AfterPowerLoss(seed));
        CheckAndRepeat(left);
      }
    }
  }
}

TEST_P(ImportTest, AFullDiskLeavesTheFolderAsItWas) {
  SimulatedDisk whole(1);
  SimulatedFileSystem whole_files(whole);
  ASSERT_TRUE(native::ImportPool(pool_, kFolder, whole_files).ok());
  int full_count = 0;
  for (std::uint64_t step = 0; step < whole.step_count(); ++step) {
    SCOPED_TRACE(ToString(whole.steps()[step]));
    SimulatedDisk disk(1, {{.kind = FaultKind::kNoSpace, .at = step}});
    SimulatedFileSystem files(disk);
    const Status status = native::ImportPool(pool_, kFolder, files);
    if (status.ok()) continue;
    ++full_count;
    EXPECT_EQ(status.code(), StatusCode::kFull);
    EXPECT_EQ(disk.Visible(), FileContents());
  }
  EXPECT_GT(full_count, 0);
}

TEST_P(ImportTest, APoolThatIsThereIsNotTouched) {
  FileContents before = AsContents(pool_);
  SimulatedDisk disk(1, {}, before);
  SimulatedFileSystem files(disk);
  EXPECT_EQ(native::ImportPool(pool_, kFolder, files).code(), StatusCode::kAlreadyExists);
  const MemoryDisk other = MakePool(Log::kStartsAfterASnapshot);
  EXPECT_EQ(native::ImportPool(other, kFolder, files).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(disk.Visible(), before);
}

TEST_P(ImportTest, FilesOfADamagedPoolAreNotTouched) {
  FileContents before = AsContents(pool_);
  before.rbegin()->second[20] ^= std::byte{1};
  before["wal-00000000000000000002.tmp"] = Pattern(10, 1);
  SimulatedDisk disk(1, {}, before);
  SimulatedFileSystem files(disk);
  const Status status = native::ImportPool(pool_, kFolder, files);
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(status.message(), HasSubstr("already"));
  EXPECT_EQ(disk.Visible(), before);
}

TEST(ImportOverPart, APartOfTheSamePoolThatIsAPoolIsNotCompleted) {
  // Its first segments: an older copy of it.
  const MemoryDisk pool = MakePool(Log::kWholeWithoutSnapshot);
  ASSERT_GT(pool.segments.size(), 2u);
  MemoryDisk older = pool;
  older.segments.erase(std::prev(older.segments.end()));
  SimulatedDisk disk(1, {}, AsContents(older));
  SimulatedFileSystem files(disk);
  EXPECT_EQ(native::ImportPool(pool, kFolder, files).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(disk.Visible(), AsContents(older));
}

TEST(ImportOverPart, WhatMeansNothingIsRemoved) {
  const MemoryDisk pool = MakePool(Log::kWholeWithoutSnapshot);
  FileContents contents;
  contents["wal-00000000000000000077.tmp"] = Pattern(10, 1);
  contents["snapshot-00000000000000000077.tmp"] = Pattern(10, 2);
  contents["wal-00000000000000000001.log"] = std::vector<std::byte>(4096);  // prepared
  contents["wal-00000000000000000099.log"] = {};
  contents["notes.txt"] = Pattern(10, 3);
  SimulatedDisk disk(1, {}, contents);
  SimulatedFileSystem files(disk);
  ASSERT_TRUE(native::ImportPool(pool, kFolder, files).ok());
  FileContents expected = AsContents(pool);
  expected["notes.txt"] = contents["notes.txt"];
  EXPECT_EQ(disk.Visible(), expected);
}

TEST(ImportOverPart, AnOwnerRemovesWhatACutShortImportLeft) {
  SimulatedDisk disk(1, {}, {{"wal-00000000000000000002.tmp", Pattern(10, 1)}});
  SimulatedFileSystem files(disk);
  const native::StorageEnvironment environment{
      .files = &files,
      .background = std::make_shared<ScriptedBackground>(BackgroundMoment::kAtOnce)};
  ASSERT_TRUE(native::OpenFileStorage(kFolder, environment).ok());
  EXPECT_EQ(disk.Visible(), FileContents());
}

}  // namespace
}  // namespace rewardpool::tests
