// Crashes everywhere: after every step and every byte of a pool's life, by loss
// of power and by mere death of the process, also during the recovery.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "fault/workload.h"

namespace rewardpool::testing {
namespace {

struct Variant {
  std::string codec;
  AcknowledgeWhen acknowledge_when;
};

std::ostream& operator<<(std::ostream& out, const Variant& variant) {
  return out << variant.codec
             << (variant.acknowledge_when == AcknowledgeWhen::kDurable ? "Durable" : "Written");
}

// Sanitizers look at what a crash leads through, which is the same for most of them: they
// take every fifth, other builds all.
#ifdef RP_TEST_IS_SANITIZED
constexpr std::uint64_t kStride = 5;
#else
constexpr std::uint64_t kStride = 1;
#endif

class CrashTest : public ::testing::TestWithParam<Variant> {
 protected:
  WorkloadOptions Options(std::uint64_t seed) const {
    WorkloadOptions options;
    options.seed = seed;
    options.pool.random_seed = seed;
    options.pool.codec = GetParam().codec;
    options.pool.acknowledge_when = GetParam().acknowledge_when;
    return options;
  }

  std::shared_ptr<SimulatedDisk> RunWithoutFaults(const WorkloadOptions& options) {
    auto disk = std::make_shared<SimulatedDisk>(options.seed);
    Life life;
    const Status status = RunWorkload(disk, options, life);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return disk;
  }

  void CrashAt(const Fault& fault, const WorkloadOptions& options, bool lose_power) {
    SCOPED_TRACE("seed " + std::to_string(options.seed) + ", " + ToString(fault) +
                 (lose_power ? ", power lost" : ", process killed"));
    auto disk = std::make_shared<SimulatedDisk>(options.seed, std::vector<Fault>{fault});
    Life life;
    EXPECT_FALSE(RunWorkload(disk, options, life).ok());
    if (lose_power) LosePower(*disk, options, life);
    disk->Restart();
    ExpectRecovers(disk, options, life);
  }

  // Requests that were acknowledged when written survive the process, not more.
  static void LosePower(SimulatedDisk& disk, const WorkloadOptions& options, Life& life) {
    disk.LosePower(options.seed);
    life.told_through = life.durable_through;
  }
};

TEST_P(CrashTest, AfterEveryStepAcknowledgedRequestsSurvive) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const WorkloadOptions options = Options(seed);
    const std::uint64_t steps = RunWithoutFaults(options)->step_count();
    ASSERT_GT(steps, 50u);
    for (std::uint64_t step = 0; step < steps; step += kStride) {
      const Fault crash{.kind = FaultKind::kCrash, .at = step};
      CrashAt(crash, options, /*lose_power=*/false);
      CrashAt(crash, options, /*lose_power=*/true);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(CrashTest, AtEveryByteAcknowledgedRequestsSurvive) {
  WorkloadOptions options = Options(5);
  options.operations = 16;
  const std::uint64_t bytes = RunWithoutFaults(options)->bytes_written();
  ASSERT_GT(bytes, 500u);
  for (std::uint64_t byte = 0; byte < bytes; byte += kStride) {
    CrashAt({.kind = FaultKind::kCrashAtByte, .at = byte}, options, byte % 2 == 0);
    if (HasFatalFailure()) return;
  }
}

TEST_P(CrashTest, DuringRecoveryNothingMoreIsLost) {
  WorkloadOptions options = Options(6);
  options.operations = 24;
  const std::uint64_t steps = RunWithoutFaults(options)->step_count();
  for (std::uint64_t step = 0; step < steps; step += 3) {
    for (std::uint64_t recovery_step = 0;; ++recovery_step) {
      SCOPED_TRACE("crash at step " + std::to_string(step) + ", again at step " +
                   std::to_string(recovery_step) + " of the recovery");
      auto disk = std::make_shared<SimulatedDisk>(
          options.seed, std::vector<Fault>{{.kind = FaultKind::kCrash, .at = step}});
      Life life;
      EXPECT_FALSE(RunWorkload(disk, options, life).ok());
      LosePower(*disk, options, life);
      disk->Restart({{.kind = FaultKind::kCrash, .at = recovery_step}});
      RecoverAndDraw(disk, options, life);
      const bool crashed = disk->crashed();
      LosePower(*disk, options, life);
      disk->Restart();
      ExpectRecovers(disk, options, life);
      if (HasFatalFailure()) return;
      if (!crashed) break;
    }
  }
}

TEST_P(CrashTest, UnsyncedBatchesThatSurviveInAnyOrderAreCutAndNotCalledDamage) {
  WorkloadOptions options = Options(7);
  options.pool.segment_bytes_max = 1 << 20;
  auto disk = std::make_shared<SimulatedDisk>(options.seed);
  FaultyStorage log(disk);
  FaultySnapshotStore snapshots(disk);
  Result<SyncPool> pool = SyncPool::Open(log, snapshots, FaultCatalog(), options.pool);
  ASSERT_TRUE(pool.ok()) << pool.status().ToString();
  pool->Draw(100);
  ASSERT_TRUE(pool->Flush().ok());
  // Each batch is longer than a sector, so that a later one can survive alone.
  for (int i = 0; i < 4; ++i) {
    pool->Draw(3000);
    ASSERT_TRUE(pool->Write().ok());
  }
  std::size_t cut = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto left = std::make_shared<MemoryDisk>(ToMemoryDisk(disk->AfterPowerLoss(seed)));
    MemoryStorage left_log(left);
    MemorySnapshotStore left_snapshots(left);
    Result<RecoveredHistory> recovered = ReadHistory(left_log, left_snapshots);
    ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
    ASSERT_GE(recovered->entries.size(), 100u);
    ASSERT_LE(recovered->entries.size(), pool->history().size());
    ASSERT_TRUE(
        std::equal(recovered->entries.begin(), recovered->entries.end(), pool->history().begin()));
    if (recovered->entries.size() < pool->history().size()) ++cut;
  }
  EXPECT_GT(cut, 10u);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, CrashTest,
                         ::testing::Values(Variant{"binary", AcknowledgeWhen::kDurable},
                                           Variant{"binary", AcknowledgeWhen::kWritten},
                                           Variant{"jsonl", AcknowledgeWhen::kDurable}),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace rewardpool::testing
