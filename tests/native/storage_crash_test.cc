// The real FileStorage and MmapStorage on a disk that crashes, fails, tears and
// fills up, in every step of a run that rotates, grows, removes and closes.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/mmap_storage.h"
#include "support/bytes.h"
#include "support/simulated_file_system.h"

namespace rewardpool::tests {
namespace {

using testing::Fault;
using testing::FaultKind;
using testing::kFromThenOn;
using testing::SimulatedDisk;

constexpr std::uint64_t kCapacityBytes = 3000;
constexpr std::uint64_t kPowerLosses = 6;  // possibilities tried for each crash

using OpenStorage = Result<std::unique_ptr<WalStorage>> (*)(const std::string&,
                                                            const native::StorageEnvironment&);

struct Setup {
  std::string name;
  OpenStorage open;
  BackgroundMoment background;

  friend void PrintTo(const Setup& setup, std::ostream* out) { *out << setup.name; }
};

// What the owner of the log knows when its run ends, however it ends.
struct Knowledge {
  struct Segment {
    std::vector<std::byte> attempted;  // header and all bytes handed to Append()
    std::size_t appended = 0;          // so many of them were accepted
    std::size_t synced = 0;            // so many are promised to survive
    bool start_attempted_only = true;
    bool removal_attempted = false;
    bool removed = false;
  };
  std::map<std::uint64_t, Segment> segments;
  std::uint64_t open = 0;
  bool full_seen = false;
  bool tail_unknown = false;  // a start, an append or a sync has failed
};

class Owner {
 public:
  Owner(WalStorage& storage, Knowledge& knowledge) : storage_(storage), known_(knowledge) {}

  Status Start(std::uint64_t number) {
    auto& segment = known_.segments[number];
    segment.attempted = Pattern(64, static_cast<std::uint32_t>(1000 + number));
    Status status = storage_.StartSegment(number, kCapacityBytes, segment.attempted);
    if (status.code() == StatusCode::kFull) {
      known_.full_seen = true;
      // The old one must still be open, and the call may be repeated.
      if (known_.open != 0) RP_RETURN_IF_ERROR(AppendAndSync(10));
      status = storage_.StartSegment(number, kCapacityBytes, segment.attempted);
    }
    if (!status.ok()) return Noted(status);
    segment.start_attempted_only = false;
    segment.appended = segment.synced = segment.attempted.size();
    if (known_.open != 0) {
      auto& sealed = known_.segments[known_.open];
      sealed.synced = sealed.appended;
    }
    known_.open = number;
    return Status::Ok();
  }

  Status Append(std::size_t count) {
    auto& segment = known_.segments[known_.open];
    const auto bytes = Pattern(count, static_cast<std::uint32_t>(segment.attempted.size()));
    const auto before = segment.attempted;
    segment.attempted = Joined(segment.attempted, bytes);
    Status status = storage_.Append(bytes);
    if (status.code() == StatusCode::kFull) {
      known_.full_seen = true;
      status = storage_.Append(bytes);
    }
    if (status.code() == StatusCode::kFull) segment.attempted = before;
    if (status.ok()) segment.appended = segment.attempted.size();
    return Noted(status);
  }

  Status Sync() {
    RP_RETURN_IF_ERROR(Noted(storage_.Sync()));
    auto& segment = known_.segments[known_.open];
    segment.synced = segment.appended;
    return Status::Ok();
  }

  Status AppendAndSync(std::size_t count) {
    RP_RETURN_IF_ERROR(Append(count));
    return Sync();
  }

  Status Remove(std::uint64_t number) {
    auto& segment = known_.segments[number];
    segment.removal_attempted = true;
    RP_RETURN_IF_ERROR(storage_.RemoveSegment(number));
    segment.removed = true;
    return Status::Ok();
  }

  Status Close() {
    RP_RETURN_IF_ERROR(storage_.Close());
    auto& segment = known_.segments[known_.open];
    segment.synced = segment.appended;
    return Status::Ok();
  }

  // A run that meets every kind of step: growth within and beyond the capacity,
  // rotation with and without a segment prepared, removal, a clean end.
  Status Run() {
    RP_RETURN_IF_ERROR(Start(1));
    RP_RETURN_IF_ERROR(AppendAndSync(700));
    RP_RETURN_IF_ERROR(Append(300));
    RP_RETURN_IF_ERROR(Start(2));
    RP_RETURN_IF_ERROR(AppendAndSync(1600));
    RP_RETURN_IF_ERROR(Append(900));
    RP_RETURN_IF_ERROR(Start(3));
    RP_RETURN_IF_ERROR(Remove(1));
    RP_RETURN_IF_ERROR(AppendAndSync(2000));
    RP_RETURN_IF_ERROR(AppendAndSync(1500));
    RP_RETURN_IF_ERROR(Append(600));
    RP_RETURN_IF_ERROR(Start(5));
    RP_RETURN_IF_ERROR(Append(1700));
    return Close();
  }

 private:
  Status Noted(Status status) {
    if (status.code() == StatusCode::kIo) known_.tail_unknown = true;
    return status;
  }

  WalStorage& storage_;
  Knowledge& known_;
};

class StorageCrash : public ::testing::TestWithParam<Setup> {
 protected:
  // Opens the log on `disk` and lets its owner run. Afterwards the program is
  // gone: nothing of it touches the disk any more.
  Status RunOn(SimulatedDisk& disk, Knowledge& known) {
    SimulatedFileSystem files(disk);
    const auto storage = Open(files);
    if (!storage.ok()) return storage.status();
    const Status status = Owner(**storage, known).Run();
    if (known.tail_unknown) ExpectThatNothingIsWrittenAnyMore(**storage, disk);
    return status;
  }

  Result<std::unique_ptr<WalStorage>> Open(SimulatedFileSystem& files) {
    return GetParam().open(
        "pool", {.files = &files,
                 .background = std::make_shared<ScriptedBackground>(GetParam().background)});
  }

  static void ExpectThatNothingIsWrittenAnyMore(WalStorage& storage, SimulatedDisk& disk) {
    const auto before = disk.Visible();
    EXPECT_EQ(storage.Append(Pattern(1, 1)).code(), StatusCode::kIo);
    EXPECT_EQ(storage.Sync().code(), StatusCode::kIo);
    EXPECT_EQ(storage.StartSegment(50, kCapacityBytes, Pattern(64, 1)).code(), StatusCode::kIo);
    EXPECT_EQ(storage.RemoveSegment(2).code(), StatusCode::kIo);
    EXPECT_EQ(storage.Close().code(), StatusCode::kIo);
    EXPECT_TRUE(disk.Visible() == before);
    if (!disk.crashed()) {
      EXPECT_TRUE(storage.ListSegments().ok());
    }
  }

  // Opens what the crash left, compares it with what the owner knew, and goes on
  // as recovery does. `promised` says how much of a segment must be there.
  void CheckWhatIsLeft(SimulatedDisk& disk, const Knowledge& known,
                       const std::function<std::size_t(const Knowledge::Segment&)>& promised) {
    SimulatedFileSystem files(disk);
    const auto storage = Open(files);
    ASSERT_TRUE(storage.ok()) << storage.status().ToString();
    const auto list = (*storage)->ListSegments();
    ASSERT_TRUE(list.ok()) << list.status().ToString();
    std::set<std::uint64_t> listed;
    for (const SegmentInfo& info : *list) {
      listed.insert(info.number);
      ASSERT_TRUE(known.segments.contains(info.number)) << "nobody started " << info.number;
      const auto& segment = known.segments.at(info.number);
      EXPECT_FALSE(segment.removed) << info.number;
      const auto read = ReadAll(**storage, info.number);
      ASSERT_TRUE(read.ok());
      const std::vector<std::byte>& bytes = *read;
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::byte byte = bytes[i];
        if (i < segment.attempted.size() && byte == segment.attempted[i]) continue;
        ASSERT_EQ(byte, std::byte{0}) << "segment " << info.number << ", byte " << i;
        ASSERT_GE(i, promised(segment)) << "segment " << info.number << ", byte " << i;
      }
      ASSERT_GE(bytes.size(), promised(segment)) << "segment " << info.number;
    }
    for (const auto& [number, segment] : known.segments) {
      if (segment.start_attempted_only || segment.removal_attempted) continue;
      if (promised(segment) != 0) {
        EXPECT_TRUE(listed.contains(number)) << number;
      }
    }
    for (const std::uint64_t number : listed) ASSERT_TRUE((*storage)->Persist(number).ok());
    const std::uint64_t next = listed.empty() ? 1 : *listed.rbegin() + 1;
    const Status started = (*storage)->StartSegment(next, kCapacityBytes, Pattern(64, 7));
    ASSERT_TRUE(started.ok()) << started.ToString();
    ASSERT_TRUE((*storage)->Append(Pattern(100, 8)).ok());
    ASSERT_TRUE((*storage)->Close().ok());
    // All of it is durable now, and no prepared segment is left.
    EXPECT_TRUE(disk.AfterPowerLoss(1) == disk.Visible());
    EXPECT_EQ(disk.Visible().size(), listed.size() + 1);
  }

  void CheckAfterSigkill(SimulatedDisk& disk, const Knowledge& known) {
    disk.Restart();
    CheckWhatIsLeft(disk, known, [](const Knowledge::Segment& s) { return s.appended; });
  }

  void CheckAfterPowerLoss(const SimulatedDisk& disk, const Knowledge& known) {
    for (std::uint64_t seed = 0; seed < kPowerLosses; ++seed) {
      SCOPED_TRACE("power loss with seed " + std::to_string(seed));
      SimulatedDisk left(seed, {}, disk.AfterPowerLoss(seed));
      CheckWhatIsLeft(left, known, [](const Knowledge::Segment& s) { return s.synced; });
      if (HasFatalFailure()) return;
    }
  }

  // Runs once with `fault` and checks everything that the log promises.
  void Try(const Fault& fault) {
    SCOPED_TRACE(ToString(fault));
    SimulatedDisk disk(fault.at, {fault});
    Knowledge known;
    const Status status = RunOn(disk, known);
    const bool crash = fault.kind == FaultKind::kCrash || fault.kind == FaultKind::kCrashAtByte;
    if (crash) {
      EXPECT_TRUE(disk.crashed());
    }
    if (!status.ok()) {
      EXPECT_TRUE(status.code() == StatusCode::kIo || status.code() == StatusCode::kFull)
          << status.ToString();
    }
    CheckAfterPowerLoss(disk, known);
    if (HasFatalFailure()) return;
    CheckAfterSigkill(disk, known);
  }

  std::uint64_t StepsOfAWholeRun() {
    SimulatedDisk disk(1);
    Knowledge known;
    EXPECT_TRUE(RunOn(disk, known).ok());
    return disk.step_count();
  }

  void TryAtEveryStep(FaultKind kind, std::uint64_t count = 1) {
    const std::uint64_t steps = StepsOfAWholeRun();
    ASSERT_GT(steps, 30u);
    for (std::uint64_t step = 0; step < steps; ++step) {
      Try({.kind = kind, .at = step, .count = count});
      if (HasFatalFailure()) return;
    }
  }
};

TEST_P(StorageCrash, AWholeRunKeepsEverything) {
  SimulatedDisk disk(1);
  Knowledge known;
  ASSERT_TRUE(RunOn(disk, known).ok());
  EXPECT_FALSE(known.full_seen);
  for (const auto& [number, segment] : known.segments) {
    EXPECT_EQ(segment.synced, segment.attempted.size()) << number;
  }
  EXPECT_EQ(disk.Visible().size(), 3u) << "segments 2, 3 and 5; nothing prepared is left";
  CheckAfterPowerLoss(disk, known);
}

TEST_P(StorageCrash, ACrashInAnyStepLosesNothingThatWasSynced) {
  TryAtEveryStep(FaultKind::kCrash);
}

TEST_P(StorageCrash, AFailedSyncStopsTheLogAndLosesNothingThatWasSynced) {
  TryAtEveryStep(FaultKind::kFailedSync);
}

TEST_P(StorageCrash, AFailedCallStopsTheLogOrIsMadeGood) { TryAtEveryStep(FaultKind::kFailedCall); }

TEST_P(StorageCrash, ShortWritesAreContinued) {
  const std::uint64_t steps = StepsOfAWholeRun();
  SimulatedDisk disk(1, {{.kind = FaultKind::kShortWrite, .at = 0, .count = kFromThenOn}});
  Knowledge known;
  EXPECT_TRUE(RunOn(disk, known).ok());
  EXPECT_GT(disk.step_count(), steps);
  CheckAfterPowerLoss(disk, known);
}

TEST_P(StorageCrash, AMomentWithoutSpaceIsOutlived) {
  const std::uint64_t steps = StepsOfAWholeRun();
  bool full_seen = false;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const Fault fault{.kind = FaultKind::kNoSpace, .at = step};
    SCOPED_TRACE(ToString(fault));
    SimulatedDisk disk(step, {fault});
    Knowledge known;
    const Status status = RunOn(disk, known);
    EXPECT_TRUE(status.ok()) << status.ToString();
    full_seen = full_seen || known.full_seen;
    CheckAfterPowerLoss(disk, known);
    if (HasFatalFailure()) return;
  }
  EXPECT_TRUE(full_seen);
}

TEST_P(StorageCrash, AFullDiskIsReportedAndEverythingSyncedStays) {
  const std::uint64_t steps = StepsOfAWholeRun();
  for (std::uint64_t step = 0; step < steps; ++step) {
    const Fault fault{.kind = FaultKind::kNoSpace, .at = step, .count = kFromThenOn};
    SCOPED_TRACE(ToString(fault));
    SimulatedDisk disk(step, {fault});
    Knowledge known;
    const Status status = RunOn(disk, known);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), StatusCode::kFull) << status.ToString();
    }
    CheckAfterPowerLoss(disk, known);
    if (HasFatalFailure()) return;
  }
}

TEST_P(StorageCrash, ACrashInAnyStepOfReopeningLosesNothing) {
  SimulatedDisk whole(1);
  Knowledge known;
  // Without Close(): with room to give back and a prepared segment to remove.
  const auto leave_open = [&](SimulatedDisk& disk) {
    known = {};
    SimulatedFileSystem files(disk);
    const auto storage = Open(files);
    Owner owner(**storage, known);
    EXPECT_TRUE(owner.Start(1).ok());
    EXPECT_TRUE(owner.AppendAndSync(1000).ok());
    EXPECT_TRUE(owner.Start(2).ok());
    EXPECT_TRUE(owner.Append(2000).ok());
  };
  const auto recover = [&](SimulatedDisk& disk) -> Status {
    SimulatedFileSystem files(disk);
    const auto storage = Open(files);
    if (!storage.ok()) return storage.status();
    RP_RETURN_IF_ERROR((*storage)->Persist(1));
    RP_RETURN_IF_ERROR((*storage)->Persist(2));
    return (*storage)->Truncate(2, known.segments[2].appended);
  };
  leave_open(whole);
  whole.Restart();
  ASSERT_TRUE(recover(whole).ok());
  const std::uint64_t steps = whole.step_count();
  ASSERT_GT(steps, 4u);
  for (std::uint64_t step = 0; step < steps; ++step) {
    SCOPED_TRACE("crash at step " + std::to_string(step));
    SimulatedDisk disk(step);
    leave_open(disk);
    disk.Restart({{.kind = FaultKind::kCrash, .at = step}});
    EXPECT_EQ(recover(disk).code(), StatusCode::kIo);
    CheckAfterPowerLoss(disk, known);
    if (HasFatalFailure()) return;
    CheckAfterSigkill(disk, known);
    if (HasFatalFailure()) return;
  }
}

TEST_P(StorageCrash, WhatASurvivingReaderSawIsDurableAfterPersist) {
  // The program dies, not the machine: all is readable, little of it durable.
  SimulatedDisk disk(1);
  Knowledge known;
  {
    SimulatedFileSystem files(disk);
    const auto storage = Open(files);
    Owner owner(**storage, known);
    ASSERT_TRUE(owner.Start(1).ok());
    ASSERT_TRUE(owner.Append(1400).ok());
  }
  disk.Restart();
  {
    SimulatedFileSystem files(disk);
    const auto storage = Open(files);
    ASSERT_TRUE((*storage)->Persist(1).ok());
  }
  known.segments[1].synced = known.segments[1].appended;
  CheckAfterPowerLoss(disk, known);
}

INSTANTIATE_TEST_SUITE_P(
    Storages, StorageCrash,
    ::testing::Values(Setup{"FileEager", native::OpenFileStorage, BackgroundMoment::kAtOnce},
                      Setup{"FileLazy", native::OpenFileStorage, BackgroundMoment::kWhenWaitedFor},
                      Setup{"MmapEager", native::OpenMmapStorage, BackgroundMoment::kAtOnce},
                      Setup{"MmapLazy", native::OpenMmapStorage, BackgroundMoment::kWhenWaitedFor}),
    [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace rewardpool::tests
