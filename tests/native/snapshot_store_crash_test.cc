// The real FileSnapshotStore on a disk that crashes in every step.
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "rewardpool/native/file_snapshot_store.h"
#include "support/bytes.h"
#include "support/simulated_file_system.h"

namespace rewardpool::tests {
namespace {

using testing::Fault;
using testing::FaultKind;
using testing::SimulatedDisk;

using Content = std::optional<std::vector<std::byte>>;  // nothing: no such snapshot

struct KnownSnapshots {
  std::map<RequestId, Content> certain;
  // Of the call that failed: either this or what was certain.
  std::optional<std::pair<RequestId, Content>> in_flight;
};

class SnapshotOwner {
 public:
  SnapshotOwner(SnapshotStore& store, KnownSnapshots& known) : store_(store), known_(known) {}

  Status Run() {
    RP_RETURN_IF_ERROR(Publish(1, Pattern(2000, 1)));
    RP_RETURN_IF_ERROR(Publish(2, Pattern(1500, 2)));
    RP_RETURN_IF_ERROR(Remove(1));
    RP_RETURN_IF_ERROR(Publish(2, Pattern(700, 3)));
    return Publish(3, Pattern(900, 4));
  }

 private:
  Status Publish(RequestId name, const std::vector<std::byte>& bytes) {
    return Note(name, bytes, [&] { return store_.Publish(name, bytes); });
  }
  Status Remove(RequestId name) {
    return Note(name, std::nullopt, [&] { return store_.Remove(name); });
  }

  template <typename Call>
  Status Note(RequestId name, const Content& content, Call call) {
    known_.in_flight.emplace(name, content);
    RP_RETURN_IF_ERROR(call());
    known_.certain[name] = content;
    known_.in_flight.reset();
    return Status::Ok();
  }

  SnapshotStore& store_;
  KnownSnapshots& known_;
};

Status RunOn(SimulatedDisk& disk, KnownSnapshots& known) {
  SimulatedFileSystem files(disk);
  const auto store = native::FileSnapshotStore::Open("pool", files);
  if (!store.ok()) return store.status();
  return SnapshotOwner(**store, known).Run();
}

void CheckWhatIsLeft(SimulatedDisk& disk, const KnownSnapshots& known) {
  SimulatedFileSystem files(disk);
  const auto store = native::FileSnapshotStore::Open("pool", files);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  const auto listed = (*store)->List();
  ASSERT_TRUE(listed.ok());
  std::map<RequestId, Content> found;
  for (const RequestId name : *listed) {
    const auto bytes = (*store)->Load(name);
    ASSERT_TRUE(bytes.ok());
    found[name] = *bytes;
  }
  for (RequestId name = 1; name <= 3; ++name) {
    const Content before = known.certain.contains(name) ? known.certain.at(name) : std::nullopt;
    const Content after =
        known.in_flight && known.in_flight->first == name ? known.in_flight->second : before;
    EXPECT_TRUE(found[name] == before || found[name] == after) << "snapshot " << name;
  }
  EXPECT_EQ(disk.Visible().size(), listed->size()) << "a temporary file was left";
}

void TryAtEveryStep(FaultKind kind) {
  SimulatedDisk whole(1);
  KnownSnapshots all;
  ASSERT_TRUE(RunOn(whole, all).ok());
  for (std::uint64_t step = 0; step < whole.step_count(); ++step) {
    const Fault fault{.kind = kind, .at = step};
    SCOPED_TRACE(ToString(fault) + ": " + ToString(whole.steps()[step]));
    SimulatedDisk disk(step, {fault});
    KnownSnapshots known;
    const Status status = RunOn(disk, known);
    if (kind == FaultKind::kCrash) {
      EXPECT_EQ(status.code(), StatusCode::kIo);
    }
    if (kind == FaultKind::kNoSpace && !status.ok()) {
      EXPECT_EQ(status.code(), StatusCode::kFull);
    }
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE("power loss with seed " + std::to_string(seed));
      SimulatedDisk left(seed, {}, disk.AfterPowerLoss(seed));
      CheckWhatIsLeft(left, known);
    }
    disk.Restart();
    CheckWhatIsLeft(disk, known);
  }
}

TEST(SnapshotStoreCrash, ACrashInAnyStepLeavesTheOldOrTheNew) { TryAtEveryStep(FaultKind::kCrash); }
TEST(SnapshotStoreCrash, AFailedSyncLeavesTheOldOrTheNew) {
  TryAtEveryStep(FaultKind::kFailedSync);
}
TEST(SnapshotStoreCrash, AFailedCallLeavesTheOldOrTheNew) {
  TryAtEveryStep(FaultKind::kFailedCall);
}
TEST(SnapshotStoreCrash, AFullDiskLeavesTheOld) { TryAtEveryStep(FaultKind::kNoSpace); }
TEST(SnapshotStoreCrash, ShortWritesAreContinued) {
  SimulatedDisk disk(1, {{.kind = FaultKind::kShortWrite, .at = 0, .count = testing::kFromThenOn}});
  KnownSnapshots known;
  ASSERT_TRUE(RunOn(disk, known).ok());
  disk.Restart();
  CheckWhatIsLeft(disk, known);
}

TEST(SnapshotStoreCrash, AFullDiskLeavesNoTemporaryFile) {
  SimulatedDisk disk(1, {{.kind = FaultKind::kNoSpace, .at = 1}});
  SimulatedFileSystem files(disk);
  const auto store = native::FileSnapshotStore::Open("pool", files);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ((*store)->Publish(1, Pattern(100, 1)).code(), StatusCode::kFull);
  EXPECT_TRUE(disk.Visible().empty());
  EXPECT_TRUE((*store)->Publish(1, Pattern(100, 1)).ok());
}

}  // namespace
}  // namespace rewardpool::tests
