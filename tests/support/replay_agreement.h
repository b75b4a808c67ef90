// replay_agreement.h - however a log is read, in whatever parts and order, what is
// found must be what the reading record by record finds: the same state, or the
// same error at the same place.
#ifndef REWARDPOOL_TESTS_SUPPORT_REPLAY_AGREEMENT_H_
#define REWARDPOOL_TESTS_SUPPORT_REPLAY_AGREEMENT_H_

#include <cstddef>
#include <cstdint>

#include "rewardpool/memory_storage.h"
#include "rewardpool/recovery.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/wal_storage.h"
#include "rewardpool/workers.h"

namespace rewardpool::testing {

// Three hands of one thread, the last task first, and every frame a task's worth.
class BackwardWorkers final : public Workers {
 public:
  [[nodiscard]] std::size_t count() const noexcept override { return 3; }
  [[nodiscard]] std::size_t task_bytes_min() const noexcept override { return 1; }
  void Run(std::size_t task_count, const Task& task) override {
    while (task_count > 0) task(--task_count);
  }
};

struct ReplayedLog {
  Status status;               // of the reading record by record
  std::uint64_t runs = 0;      // of plain draws in it, up to where it was read
  std::uint64_t replayed = 0;  // of these, not counted but replayed one by one
};

// Expects that the log reads the same record by record, with draws counted by the
// caller alone, and with draws counted by `workers`; both from its start and from
// the newest snapshot. Records failures with GoogleTest.
ReplayedLog ExpectReadingsAgree(WalSource& log, SnapshotStore& snapshots, Workers& workers);

// A log by a writer without scruples: draws of what is not there or has run out,
// runs that are malformed, frames with a wrong request id or a wrong checksum. One
// flaw in about half of the logs. The same for the same seed.
MemoryDisk ForgeLog(std::uint64_t seed);

// A log that is nothing but a catalog of `items` items, as CreatePool() writes it. The
// item at `bad` has the id `bad_id`, whether or not it may.
MemoryDisk ForgeCatalog(std::size_t items, std::size_t bad, const std::string& bad_id);

}  // namespace rewardpool::testing

#endif  // REWARDPOOL_TESTS_SUPPORT_REPLAY_AGREEMENT_H_
