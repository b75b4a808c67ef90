#include "fault/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "support/replay_agreement.h"

namespace rewardpool::testing {
namespace {

// Takes what an opening's pool knows into the books of the life.
void Record(SyncPool& pool, Life& life) {
  life.history.resize(pool.opened().log_end.last_request_id);
  life.history.insert(life.history.end(), pool.history().begin(), pool.history().end());
  life.told_through = pool.told_through();
  life.durable_through = pool.engine().durable_through();
}

class Worker {
 public:
  Worker(SyncPool& pool, std::uint64_t seed) : pool_(pool), random_(seed) {}

  // Only failures of the log count; refusals are part of life.
  Status Step() {
    switch (Below(13)) {
      case 0:
      case 1:
      case 2:
        pool_.Draw(1 + Below(30));
        break;
      case 3: {
        const std::string key = "key " + std::to_string(Below(12));
        (void)pool_.Draw(
            {.count = static_cast<std::uint32_t>(1 + Below(3)), .key = key, .user = ""});
        break;
      }
      case 4:
        (void)pool_.Draw(
            {.count = static_cast<std::uint32_t>(1 + Below(9)), .key = "", .user = "someone"});
        break;
      case 5:
        (void)pool_.Add({"new, " + std::to_string(Below(5)), Below(4), Quantity::Of(Below(9))});
        break;
      case 6:
        (void)pool_.Update("new, " + std::to_string(Below(5)),
                           {.weight = Below(9), .quantity = Quantity::Unlimited()});
        (void)pool_.Update("rare", {.weight = {}, .quantity = Quantity::Of(1 + Below(3))});
        break;
      case 7:
        (void)pool_.Remove("new, " + std::to_string(Below(5)));
        break;
      case 8:
        return pool_.Snapshot();
      case 9:
        // Staging goes on while a batch is written and not synced yet.
        pool_.Draw(1 + Below(5));
        RP_RETURN_IF_ERROR(pool_.Write());
        pool_.Draw(1 + Below(5));
        return pool_.Sync();
      case 10:
        // Several batches on their way at once: none vouches for the one before.
        for (int i = 0; i < 3; ++i) {
          pool_.Draw(1 + Below(5));
          RP_RETURN_IF_ERROR(pool_.Write());
        }
        break;
      default:
        return pool_.Flush();
    }
    return Status::Ok();
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  SyncPool& pool_;
  std::mt19937_64 random_;
};

std::string Describe(const Life& life) {
  return "told through " + std::to_string(life.told_through) + " of " +
         std::to_string(life.history.size()) + " asked";
}

// A recovery that shows requests to callers makes them true.
void AdoptRecovered(const OpenedPool& opened, Life& life) {
  ASSERT_LE(opened.log_end.last_request_id, life.history.size());
  life.history.resize(opened.log_end.last_request_id);
  life.told_through = life.durable_through = opened.log_end.last_request_id;
  life.created = true;
}

void ExpectHistoryKept(WalSource& log, SnapshotStore& snapshots, const Life& life) {
  Result<RecoveredHistory> recovered = ReadHistory(log, snapshots);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  if (!recovered->inspection.exists) {
    EXPECT_FALSE(life.created) << "the pool is gone";
    return;
  }
  const RequestId last = recovered->inspection.log_end.last_request_id;
  ASSERT_GE(last, life.told_through) << "acknowledged requests are lost; " << Describe(life);
  ASSERT_LE(last, life.history.size()) << "requests that nobody made; " << Describe(life);
  for (std::size_t i = 0; i < recovered->entries.size(); ++i) {
    ASSERT_EQ(recovered->entries[i], life.history[recovered->log_starts_after + i])
        << "request " << recovered->log_starts_after + i + 1;
  }
  const ItemTable expected =
      Replay(ItemTable::Create(FaultCatalog()).value(), std::span(life.history).first(last));
  ASSERT_EQ(StatesOf(recovered->inspection.items), StatesOf(expected));
  EXPECT_EQ(recovered->inspection.items.drawn_of_removed(), expected.drawn_of_removed());
}

void ExpectKeysKept(SyncPool& pool, const Life& life, std::size_t retention) {
  std::size_t keyed = 0;
  const RequestId staged = pool.engine().staged_through();
  for (std::size_t i = life.history.size(); i-- > 0 && keyed < retention;) {
    const auto* draw = std::get_if<DrawEntry>(&life.history[i]);
    if (draw == nullptr || draw->key.empty()) continue;
    ++keyed;
    Result<DrawOutcome> again = pool.Draw({.count = draw->count, .key = draw->key, .user = ""});
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ(again->request_id, i + 1);
    EXPECT_EQ(again->item_ids, draw->item_ids);
  }
  EXPECT_EQ(pool.engine().staged_through(), staged) << "a known key drew again";
}

}  // namespace

const std::vector<Item>& FaultCatalog() {
  static const std::vector<Item> catalog = {
      {"mud", 50, Quantity::Unlimited()},
      {"gold, \"big\"\n", 5, Quantity::Of(40)},
      {"rare", 1, Quantity::Of(2)},
      {"weightless", 0, Quantity::Of(7)},
      {"\xF0\x9F\x8E\x81", 20, Quantity::Of(60)},
  };
  return catalog;
}

Status RunWorkload(const std::shared_ptr<SimulatedDisk>& disk, const WorkloadOptions& options,
                   Life& life) {
  FaultyStorage log(disk);
  FaultySnapshotStore snapshots(disk);
  Result<SyncPool> pool = SyncPool::Open(log, snapshots, FaultCatalog(), options.pool);
  if (!pool.ok()) return pool.status();
  life.created = true;
  Worker worker(*pool, options.seed);
  Status status;
  for (std::size_t i = 0; i < options.operations; ++i) {
    status = worker.Step();
    Record(*pool, life);
    if (!status.ok() && status.code() != StatusCode::kFull) return status;
  }
  status = pool->Close();
  Record(*pool, life);
  return status;
}

void ExpectRecovers(const std::shared_ptr<SimulatedDisk>& disk, const WorkloadOptions& options,
                    Life life) {
  FaultyStorage log(disk);
  FaultySnapshotStore snapshots(disk);
  BackwardWorkers workers;
  ExpectReadingsAgree(log, snapshots, workers);
  ASSERT_NO_FATAL_FAILURE(ExpectHistoryKept(log, snapshots, life));
  {
    Result<SyncPool> pool = SyncPool::Open(log, snapshots, FaultCatalog(), options.pool);
    ASSERT_TRUE(pool.ok()) << pool.status().ToString();
    ASSERT_NO_FATAL_FAILURE(AdoptRecovered(pool->opened(), life));
  }
  // The newest snapshot and the log from its start must lead to the same state.
  ASSERT_NO_FATAL_FAILURE(ExpectHistoryKept(log, snapshots, life));
  disk->LosePower(options.seed);
  disk->Restart();
  FaultyStorage log_again(disk);
  ASSERT_NO_FATAL_FAILURE(ExpectHistoryKept(log_again, snapshots, life));
  Result<VerifyReport> report = VerifyPool(log_again, snapshots);
  ASSERT_TRUE(report.ok()) << report.status().ToString();

  Result<SyncPool> pool = SyncPool::Open(log_again, snapshots, FaultCatalog(), options.pool);
  ASSERT_TRUE(pool.ok()) << pool.status().ToString();
  const ItemTable expected = Replay(ItemTable::Create(FaultCatalog()).value(), life.history);
  ASSERT_EQ(StatesOf(pool->engine().items()), StatesOf(expected));
  ASSERT_NO_FATAL_FAILURE(ExpectKeysKept(*pool, life, options.pool.key_retention));
  pool->Draw(5);
  ASSERT_TRUE(pool->Close().ok());
  Record(*pool, life);
  ASSERT_NO_FATAL_FAILURE(ExpectHistoryKept(log_again, snapshots, life));
}

void RecoverAndDraw(const std::shared_ptr<SimulatedDisk>& disk, const WorkloadOptions& options,
                    Life& life) {
  FaultyStorage log(disk);
  FaultySnapshotStore snapshots(disk);
  Result<SyncPool> pool = SyncPool::Open(log, snapshots, FaultCatalog(), options.pool);
  if (!pool.ok()) return;
  ASSERT_GE(pool->opened().log_end.last_request_id, life.told_through);
  ASSERT_NO_FATAL_FAILURE(AdoptRecovered(pool->opened(), life));
  pool->Draw(3);
  (void)pool->Flush();
  Record(*pool, life);
}

}  // namespace rewardpool::testing
