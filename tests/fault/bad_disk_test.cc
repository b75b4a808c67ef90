// Disks that fail without a crash: syncs that fail or lie, writes that stop
// half way, no room, bits that turn over.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fault/workload.h"

namespace rewardpool::testing {
namespace {

constexpr std::uint64_t kSeeds = 3;

WorkloadOptions Options(std::uint64_t seed) {
  WorkloadOptions options;
  options.seed = seed;
  options.pool.random_seed = seed;
  return options;
}

std::uint64_t StepsWithoutFaults(const WorkloadOptions& options) {
  auto disk = std::make_shared<SimulatedDisk>(options.seed);
  Life life;
  EXPECT_TRUE(RunWorkload(disk, options, life).ok());
  return disk->step_count();
}

// Runs `check(disk, options, life, status)` after a life with each fault.
template <typename Check>
void ForEveryStep(FaultKind kind, std::uint64_t count, Check check) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const WorkloadOptions options = Options(seed);
    const std::uint64_t steps = StepsWithoutFaults(options);
    for (std::uint64_t step = 0; step < steps; ++step) {
      const Fault fault{.kind = kind, .at = step, .count = count};
      SCOPED_TRACE("seed " + std::to_string(seed) + ", " + ToString(fault));
      auto disk = std::make_shared<SimulatedDisk>(seed, std::vector<Fault>{fault});
      Life life;
      const Status status = RunWorkload(disk, options, life);
      check(disk, options, life, status);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(BadDisk, AfterAFailedSyncNothingIsAcknowledgedAndReopeningRecovers) {
  std::uint64_t stopped = 0;
  ForEveryStep(FaultKind::kFailedSync, 1,
               [&](const auto& disk, const auto& options, const Life& life, const Status& status) {
                 if (!status.ok()) {
                   EXPECT_EQ(status.code(), StatusCode::kIo);
                   ++stopped;
                 }
                 disk->Restart();
                 ExpectRecovers(disk, options, life);
               });
  EXPECT_GT(stopped, 30u);
}

TEST(BadDisk, AfterAFailedSyncAndALossOfPowerWhatWasToldIsThere) {
  ForEveryStep(FaultKind::kFailedSync, 1,
               [](const auto& disk, const auto& options, const Life& life, const Status&) {
                 disk->LosePower(options.seed);
                 disk->Restart();
                 ExpectRecovers(disk, options, life);
               });
}

TEST(BadDisk, AFailedSyncPoisonsTheEngine) {
  auto disk = std::make_shared<SimulatedDisk>(1);
  FaultyStorage log(disk);
  FaultySnapshotStore snapshots(disk);
  Result<SyncPool> pool = SyncPool::Open(log, snapshots, FaultCatalog());
  ASSERT_TRUE(pool.ok());
  pool->Draw(3);
  ASSERT_TRUE(pool->Flush().ok());
  pool->Draw(2);
  ASSERT_TRUE(pool->Write().ok());
  const RequestId told = pool->told_through();
  disk->Restart({{.kind = FaultKind::kFailedSync, .at = 0, .count = kFromThenOn}});
  ASSERT_EQ(pool->Sync().code(), StatusCode::kIo);

  EXPECT_EQ(pool->told_through(), told);
  const Engine::StagedDraws staged = pool->Draw(1);
  EXPECT_EQ(staged.drawn + staged.refused, 0u);
  EXPECT_EQ(pool->Draw(DrawRequest{}).status().code(), StatusCode::kOutcomeUnknown);
  EXPECT_EQ(pool->Update("mud", {.weight = 1, .quantity = {}}).code(), StatusCode::kOutcomeUnknown);
  EXPECT_FALSE(pool->engine().has_open_batch());
}

TEST(BadDisk, AShortWriteLosesNothingThatWasTold) {
  ForEveryStep(FaultKind::kShortWrite, 1,
               [](const auto& disk, const auto& options, const Life& life, const Status&) {
                 disk->LosePower(options.seed);
                 disk->Restart();
                 ExpectRecovers(disk, options, life);
               });
}

TEST(BadDisk, AFailedCallLosesNothingThatWasTold) {
  ForEveryStep(FaultKind::kFailedCall, 1,
               [](const auto& disk, const auto& options, const Life& life, const Status&) {
                 disk->LosePower(options.seed);
                 disk->Restart();
                 ExpectRecovers(disk, options, life);
               });
}

TEST(BadDisk, WithoutRoomForAWhileThePoolStaysTrue) {
  ForEveryStep(FaultKind::kNoSpace, 6,
               [](const auto& disk, const auto& options, const Life& life, const Status&) {
                 disk->LosePower(options.seed);
                 disk->Restart();
                 ExpectRecovers(disk, options, life);
               });
}

TEST(BadDisk, WithoutRoomDrawsAreRefusedAndUndoneAndLaterGoOn) {
  auto disk = std::make_shared<SimulatedDisk>(1);
  FaultyStorage log(disk);
  FaultySnapshotStore snapshots(disk);
  Result<SyncPool> pool = SyncPool::Open(log, snapshots, FaultCatalog());
  ASSERT_TRUE(pool.ok());
  pool->Draw(10);
  ASSERT_TRUE(pool->Flush().ok());
  const RequestId told = pool->told_through();

  disk->Restart({{.kind = FaultKind::kNoSpace, .at = 0, .count = kFromThenOn}});
  pool->Draw(20);
  ASSERT_TRUE(pool->Add({"late", 1, Quantity::Of(1)}).ok());
  ASSERT_TRUE(pool->Remove("rare").ok());
  ASSERT_TRUE(pool->Draw({.count = 2, .key = "k", .user = ""}).ok());
  // Enough for a new segment, which there is no room for.
  while (pool->Flush().ok()) pool->Draw(200);
  EXPECT_EQ(StatesOf(pool->engine().items()).size(), StatesOf(pool->engine().items()).size());
  EXPECT_EQ(pool->engine().staged_through(), pool->told_through());
  EXPECT_TRUE(pool->engine().failure().ok());

  disk->Restart();
  const RequestId after_refusal = pool->told_through();
  EXPECT_GE(after_refusal, told);
  pool->Draw(7);
  ASSERT_TRUE(pool->Flush().ok());
  EXPECT_EQ(pool->told_through(), after_refusal + 7);
  ASSERT_TRUE(pool->Close().ok());
}

// A refusal, or an exact prefix: never another history.
void ExpectPrefixOrRefusal(const std::shared_ptr<SimulatedDisk>& disk, const Life& life) {
  FaultyStorage log(disk);
  FaultySnapshotStore snapshots(disk);
  Result<RecoveredHistory> recovered = ReadHistory(log, snapshots);
  if (!recovered.ok()) {
    EXPECT_EQ(recovered.status().code(), StatusCode::kCorrupt) << recovered.status().ToString();
    return;
  }
  if (!recovered->inspection.exists) return;
  ASSERT_LE(recovered->inspection.log_end.last_request_id, life.history.size());
  for (std::size_t i = 0; i < recovered->entries.size(); ++i) {
    ASSERT_EQ(recovered->entries[i], life.history[recovered->log_starts_after + i]);
  }
}

TEST(BadDisk, ASyncThatLiesLeavesAnExactPrefixOrARefusal) {
  for (const std::uint64_t count : {std::uint64_t{1}, kFromThenOn}) {
    ForEveryStep(FaultKind::kLostSync, count,
                 [](const auto& disk, const auto& options, const Life& life, const Status&) {
                   disk->LosePower(options.seed);
                   disk->Restart();
                   ExpectPrefixOrRefusal(disk, life);
                 });
  }
}

TEST(BadDisk, ABitThatTurnsOverIsNeverReadAsTrue) {
  ForEveryStep(FaultKind::kFlippedBit, 1,
               [](const auto& disk, const auto&, const Life& life, const Status&) {
                 disk->Restart();
                 ExpectPrefixOrRefusal(disk, life);
               });
}

}  // namespace
}  // namespace rewardpool::testing
