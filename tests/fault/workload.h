// workload.h - a small, busy life of a pool, and what must be true of what a
// crash leaves of it.
#ifndef REWARDPOOL_TESTS_FAULT_WORKLOAD_H_
#define REWARDPOOL_TESTS_FAULT_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "rewardpool/testing/faulty_storage.h"
#include "support/sync_pool.h"

namespace rewardpool::testing {

// Finite, unlimited, heavy, weightless and awkwardly named items.
const std::vector<Item>& FaultCatalog();

// What the callers of a pool know of its life so far, over all its openings.
struct Life {
  bool created = false;               // the first opening returned Ok
  std::vector<HistoryEntry> history;  // request i + 1 is history[i]
  RequestId told_through = 0;         // callers hold the answers up to here
  RequestId durable_through = 0;      // and were told that these are durable
};

struct WorkloadOptions {
  SyncPoolOptions pool;
  std::uint64_t seed = 1;
  std::size_t operations = 40;
};

// Opens the pool on `disk` and works until all operations are done and the pool
// is closed, or until something fails for good. kFull is lived with. The same
// options and disk give the same calls.
// Returns: Ok, or the failure that ended it.
Status RunWorkload(const std::shared_ptr<SimulatedDisk>& disk, const WorkloadOptions& options,
                   Life& life);

// Expects of what lies on `disk` that
//   - it recovers, and verifies;
//   - every answer that was given is in it, and nothing that was never asked;
//   - the state is the one that its history leads to, draw by draw;
//   - every key still gives its recorded outcome, and no request id twice;
//   - what recovery has served survives a loss of power right after it;
//   - it can go on drawing.
// Records failures with GoogleTest.
void ExpectRecovers(const std::shared_ptr<SimulatedDisk>& disk, const WorkloadOptions& options,
                    Life life);

// Opens for writing and draws a little, until something fails; for crashes
// during recovery. Updates `life` by what recovery found and callers were told.
void RecoverAndDraw(const std::shared_ptr<SimulatedDisk>& disk, const WorkloadOptions& options,
                    Life& life);

}  // namespace rewardpool::testing

#endif  // REWARDPOOL_TESTS_FAULT_WORKLOAD_H_
