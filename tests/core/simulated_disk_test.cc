// The judge must be judged: what the simulated disk and the faulty storage do.
#include "rewardpool/testing/simulated_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

#include "rewardpool/testing/faulty_storage.h"
#include "support/bytes.h"

namespace rewardpool::testing {
namespace {

using tests::Bytes;
using tests::Joined;
using tests::Pattern;
using tests::ReadAll;

constexpr std::uint64_t kSeeds = 200;

// A disk with one durable, empty file "a".
struct DiskWithFile {
  explicit DiskWithFile(std::vector<Fault> faults = {}) : disk(1) {
    file = *disk.Create("a");
    EXPECT_TRUE(disk.Sync(file).ok());
    EXPECT_TRUE(disk.SyncFolder().ok());
    disk.Restart(std::move(faults));
  }
  SimulatedDisk disk;
  SimulatedDisk::Handle file;
};

TEST(SimulatedDisk, WhatWasSyncedSurvivesEveryPowerLoss) {
  DiskWithFile d;
  ASSERT_TRUE(d.disk.Write(d.file, 0, Pattern(5000, 1)).ok());
  ASSERT_TRUE(d.disk.Sync(d.file).ok());
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    EXPECT_EQ(d.disk.AfterPowerLoss(seed).at("a"), Pattern(5000, 1));
  }
}

TEST(SimulatedDisk, WhatWasNotSyncedMaySurviveWhollyInPartOrNotAtAll) {
  DiskWithFile d;
  const auto written = Pattern(5000, 1);
  ASSERT_TRUE(d.disk.Write(d.file, 0, written).ok());
  std::set<std::vector<std::byte>> outcomes;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto left = d.disk.AfterPowerLoss(seed).at("a");
    outcomes.insert(left);
    for (std::size_t i = 0; i < left.size(); ++i) {
      ASSERT_TRUE(left[i] == std::byte{0} || left[i] == written[i]) << "made up bytes";
    }
  }
  EXPECT_TRUE(outcomes.contains({}));
  EXPECT_TRUE(outcomes.contains(written));
  EXPECT_GT(outcomes.size(), 20u);
  const bool some_later_part_without_an_earlier =
      std::any_of(outcomes.begin(), outcomes.end(), [](const std::vector<std::byte>& left) {
        return left.size() > 4096 && left[0] == std::byte{0} && left[4095] != std::byte{0};
      });
  EXPECT_TRUE(some_later_part_without_an_earlier);
}

TEST(SimulatedDisk, APowerLossDoesNotHarmSyncedBytesBesideTornOnes) {
  DiskWithFile d;
  ASSERT_TRUE(d.disk.Write(d.file, 0, Pattern(700, 1)).ok());
  ASSERT_TRUE(d.disk.Sync(d.file).ok());
  ASSERT_TRUE(d.disk.Write(d.file, 700, Pattern(2000, 2)).ok());
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    auto left = d.disk.AfterPowerLoss(seed).at("a");
    ASSERT_GE(left.size(), 700u);
    left.resize(700);
    ASSERT_EQ(left, Pattern(700, 1));
  }
}

TEST(SimulatedDisk, TheDeathOfTheProcessLosesNothingButAPowerLossAfterwardsMay) {
  DiskWithFile d;
  ASSERT_TRUE(d.disk.Write(d.file, 0, Pattern(100, 1)).ok());
  d.disk.Restart();
  EXPECT_EQ(d.disk.Visible().at("a"), Pattern(100, 1));
  bool lost = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    lost = lost || d.disk.AfterPowerLoss(seed).at("a").empty();
  }
  EXPECT_TRUE(lost);
}

TEST(SimulatedDisk, NamesAreDurableOnlyAfterTheFolderIsSynced) {
  SimulatedDisk disk(1);
  const auto file = disk.Create("new");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(disk.Sync(*file).ok());
  std::set<std::size_t> counts;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    counts.insert(disk.AfterPowerLoss(seed).size());
  }
  EXPECT_EQ(counts, (std::set<std::size_t>{0, 1}));
  ASSERT_TRUE(disk.SyncFolder().ok());
  ASSERT_TRUE(disk.Remove("new").ok());
  counts.clear();
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    counts.insert(disk.AfterPowerLoss(seed).size());
  }
  EXPECT_EQ(counts, (std::set<std::size_t>{0, 1}));
  ASSERT_TRUE(disk.SyncFolder().ok());
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    EXPECT_TRUE(disk.AfterPowerLoss(seed).empty());
  }
}

TEST(SimulatedDisk, ARenameOverAFileLeavesTheOldOrTheNew) {
  SimulatedDisk disk(1, {}, {{"a", Bytes("old")}, {"b", Bytes("new")}});
  ASSERT_TRUE(disk.Rename("b", "a").ok());
  std::set<std::vector<std::byte>> outcomes;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    outcomes.insert(disk.AfterPowerLoss(seed).at("a"));
  }
  EXPECT_EQ(outcomes, (std::set<std::vector<std::byte>>{Bytes("old"), Bytes("new")}));
}

TEST(SimulatedDisk, AfterAFailedSyncALaterOneDoesNotBringTheDataBackUnlessItIsWrittenAgain) {
  bool lost_for_some_seed = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedDisk disk(seed, {{.kind = FaultKind::kFailedSync, .at = 2}}, {{"a", {}}});
    const auto file = *disk.Open("a");
    ASSERT_TRUE(disk.Write(file, 0, Pattern(3000, 1)).ok());
    ASSERT_TRUE(disk.Write(file, 3000, Pattern(3000, 2)).ok());
    EXPECT_EQ(disk.Sync(file).code(), StatusCode::kIo);
    ASSERT_TRUE(disk.Sync(file).ok());
    const auto all = Joined(Pattern(3000, 1), Pattern(3000, 2));
    EXPECT_EQ(disk.Visible().at("a"), all) << "the page cache lies";
    lost_for_some_seed = lost_for_some_seed || disk.AfterPowerLoss(0).at("a") != all;
    ASSERT_TRUE(disk.Write(file, 0, all).ok());
    ASSERT_TRUE(disk.Sync(file).ok());
    EXPECT_EQ(disk.AfterPowerLoss(0).at("a"), all);
  }
  EXPECT_TRUE(lost_for_some_seed);
}

TEST(SimulatedDisk, SyncOfARangeKeepsThatRangeAlone) {
  DiskWithFile d;
  const auto written = Pattern(4096, 1);
  ASSERT_TRUE(d.disk.Write(d.file, 0, written).ok());
  ASSERT_TRUE(d.disk.SyncRange(d.file, 1024, 512).ok());
  bool rest_lost = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto left = d.disk.AfterPowerLoss(seed).at("a");
    ASSERT_EQ(left.size(), 4096u);
    ASSERT_TRUE(std::equal(left.begin() + 1024, left.begin() + 1536, written.begin() + 1024));
    rest_lost = rest_lost || (left[1023] == std::byte{0} && left[1536] == std::byte{0});
  }
  EXPECT_TRUE(rest_lost);
}

TEST(SimulatedDisk, AFullDiskStillTakesWritesIntoRoomThatIsThere) {
  DiskWithFile d({{.kind = FaultKind::kNoSpace, .at = 1, .count = kFromThenOn}});
  ASSERT_TRUE(d.disk.Write(d.file, 0, Pattern(100, 1)).ok());
  EXPECT_TRUE(d.disk.Write(d.file, 20, Pattern(80, 2)).ok());
  EXPECT_EQ(d.disk.Write(d.file, 20, Pattern(81, 2)).status().code(), StatusCode::kFull);
}

TEST(SimulatedDisk, ALostSyncSaysOkAndKeepsNothing) {
  DiskWithFile d({{.kind = FaultKind::kLostSync, .at = 1}});
  ASSERT_TRUE(d.disk.Write(d.file, 0, Pattern(10, 1)).ok());
  ASSERT_TRUE(d.disk.Sync(d.file).ok());
  bool lost = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    lost = lost || d.disk.AfterPowerLoss(seed).at("a").empty();
  }
  EXPECT_TRUE(lost);
}

TEST(SimulatedDisk, ACrashAtAByteStopsInsideThatWrite) {
  for (std::uint64_t at = 0; at < 20; ++at) {
    SCOPED_TRACE(at);
    DiskWithFile d({{.kind = FaultKind::kCrashAtByte, .at = at}});
    const bool first = d.disk.Write(d.file, 0, Pattern(8, 1)).ok();
    const bool second = d.disk.Write(d.file, 8, Pattern(12, 2)).ok();
    EXPECT_EQ(first, at >= 8);
    EXPECT_FALSE(second);
    EXPECT_TRUE(d.disk.crashed());
    EXPECT_EQ(d.disk.Sync(d.file).code(), StatusCode::kIo);
    auto expected = Joined(Pattern(8, 1), Pattern(12, 2));
    expected.resize(at);
    EXPECT_EQ(d.disk.Visible().at("a"), expected);
  }
}

TEST(SimulatedDisk, ACrashAtAStepFailsThatCallAndAllAfterIt) {
  DiskWithFile d({{.kind = FaultKind::kCrash, .at = 1}});
  EXPECT_TRUE(d.disk.Write(d.file, 0, Pattern(8, 1)).ok());
  EXPECT_EQ(d.disk.SyncFolder().code(), StatusCode::kIo);
  EXPECT_EQ(d.disk.Write(d.file, 8, Pattern(8, 1)).status().code(), StatusCode::kIo);
  EXPECT_EQ(d.disk.Open("a").status().code(), StatusCode::kIo);
  EXPECT_EQ(d.disk.Visible().at("a"), Pattern(8, 1));
  d.disk.Restart();
  EXPECT_TRUE(d.disk.Open("a").ok());
}

TEST(SimulatedDisk, FaultsStrikeOnlyTheStepsAndKindsTheyName) {
  DiskWithFile d({{.kind = FaultKind::kNoSpace, .at = 1, .count = 2},
                  {.kind = FaultKind::kFailedSync, .at = 0, .count = 4}});
  EXPECT_TRUE(d.disk.Write(d.file, 0, Pattern(1, 1)).ok());
  EXPECT_EQ(d.disk.Write(d.file, 1, Pattern(1, 1)).status().code(), StatusCode::kFull);
  EXPECT_EQ(d.disk.Create("b").status().code(), StatusCode::kFull);
  EXPECT_EQ(d.disk.Sync(d.file).code(), StatusCode::kIo);
  EXPECT_TRUE(d.disk.Sync(d.file).ok());
  const auto steps = d.disk.steps();
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(ToString(steps[0]), "write a");
  EXPECT_EQ(ToString(steps[2]), "create b");
  EXPECT_EQ(ToString(steps[3]), "sync a");
}

TEST(SimulatedDisk, AFlippedBitIsOneBit) {
  DiskWithFile d({{.kind = FaultKind::kFlippedBit, .at = 0}});
  ASSERT_TRUE(d.disk.Write(d.file, 0, Pattern(100, 1)).ok());
  const auto stored = d.disk.Visible().at("a");
  int bits = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    bits += std::popcount(std::to_integer<unsigned>(stored[i] ^ Pattern(100, 1)[i]));
  }
  EXPECT_EQ(bits, 1);
}

TEST(SimulatedDisk, TheSameSeedAndCallsGiveTheSameRun) {
  const auto run = [](std::uint64_t seed) {
    SimulatedDisk disk(seed, {{.kind = FaultKind::kShortWrite, .at = 1}});
    const auto file = *disk.Create("a");
    EXPECT_TRUE(disk.Write(file, 0, Pattern(1000, 1)).ok());
    EXPECT_TRUE(disk.Write(file, 1000, Pattern(1000, 2)).ok());
    return disk.AfterPowerLoss(7);
  };
  EXPECT_EQ(run(5), run(5));
}

TEST(FaultyStorage, ACrashAtAnyStepLeavesWhatWasSynced) {
  const auto run = [](SimulatedDisk& disk, std::vector<std::byte>* synced) {
    FaultyStorage storage(std::shared_ptr<SimulatedDisk>(&disk, [](auto*) {}));
    const auto go = [&]() -> Status {
      RP_RETURN_IF_ERROR(storage.StartSegment(1, 1 << 16, Pattern(64, 1)));
      *synced = Pattern(64, 1);
      for (std::uint32_t i = 0; i < 4; ++i) {
        RP_RETURN_IF_ERROR(storage.Append(Pattern(700, i)));
        RP_RETURN_IF_ERROR(storage.Sync());
        *synced = Joined(*synced, Pattern(700, i));
      }
      return storage.Close();
    };
    return go();
  };
  SimulatedDisk whole(1);
  std::vector<std::byte> synced;
  ASSERT_TRUE(run(whole, &synced).ok());
  for (std::uint64_t step = 0; step < whole.step_count(); ++step) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE("crash at step " + std::to_string(step) + ", seed " + std::to_string(seed));
      SimulatedDisk disk(seed, {{.kind = FaultKind::kCrash, .at = step}});
      synced.clear();
      EXPECT_EQ(run(disk, &synced).code(), StatusCode::kIo);
      const MemoryDisk found = ToMemoryDisk(disk.AfterPowerLoss(seed));
      if (synced.empty()) continue;
      auto bytes = found.segments.at(1);
      ASSERT_GE(bytes.size(), synced.size());
      bytes.resize(synced.size());
      ASSERT_EQ(bytes, synced);
    }
  }
}

TEST(FaultyStorage, AFullDiskLeavesTheOldSegmentOpenAndTheStartMayBeRepeated) {
  auto disk = std::make_shared<SimulatedDisk>(1);
  FaultyStorage storage(disk);
  ASSERT_TRUE(storage.StartSegment(1, 4096, Pattern(64, 1)).ok());
  for (std::uint64_t at = 0; at < 6; ++at) {
    SCOPED_TRACE(at);
    disk->Restart({{.kind = FaultKind::kNoSpace, .at = at}});
    const Status status = storage.StartSegment(2 + at, 4096, Pattern(64, 2));
    if (!status.ok()) {
      EXPECT_EQ(status.code(), StatusCode::kFull);
      EXPECT_TRUE(storage.Append(Pattern(8, 1)).ok());
      EXPECT_TRUE(storage.StartSegment(2 + at, 4096, Pattern(64, 2)).ok());
    }
  }
}

}  // namespace
}  // namespace rewardpool::testing
