// fairness.h - does a log look like draws with the odds that the pool had?
//
// Every draw is judged by the odds at that moment: stock runs out and catalogs
// change, so totals say little. Four tests look for different faults; each has an
// exact or well-known distribution if the draws were fair (docs/odds.md):
//
//   counts      how often each item came, against the sum of its chances at each
//               draw, with the exact variances and covariances
//   uniformity  each draw turned into a number that is uniform between 0 and 1,
//               over bins and over stretches of the log
//   runs        how often a draw repeats the one before, against its chance
//   serial      correlation of those uniform numbers with those 1 to 8 before
//
// They are judged together by Holm's method: a fair log is found unfair with a
// probability of `significance` at most, as far as the tests' distributions are
// those of large numbers. A test that has too few draws to judge is left out.
//
// Threads: a free function on objects that the caller owns.
#ifndef REWARDPOOL_FAIRNESS_H_
#define REWARDPOOL_FAIRNESS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool {

struct FairnessOptions {
  // The chance that a fair log is found unfair; above 0, below 1.
  double significance = 0.01;
};

struct FairnessTest {
  std::string_view name;  // "counts", "uniformity", "runs", "serial"
  bool has_run = false;   // false: too few draws
  double statistic = 0;   // chi-square; of runs: standard deviations
  double degrees = 0;     // of freedom; of runs: 0
  double p_value = 1;     // of at least that much in a fair log
  bool is_suspicious = false;
};

// An item, or one that was removed since.
struct FairnessItem {
  std::string id;
  std::uint64_t drawn = 0;
  double expected = 0;    // the sum of its chances
  double deviations = 0;  // (drawn - expected) in standard deviations; 0 if it had no chance
};

struct FairnessReport {
  std::uint64_t draws = 0;         // that were judged
  RequestId log_starts_after = 0;  // earlier ones are not in the log any more
  double significance = 0;
  std::vector<FairnessTest> tests;
  std::vector<FairnessItem> items;  // in the order in which they left or are

  // No test is suspicious; also if none could run.
  [[nodiscard]] bool is_fair() const noexcept {
    for (const FairnessTest& test : tests) {
      if (test.is_suspicious) return false;
    }
    return true;
  }
};

// Reads the log twice, and judges it. The random numbers that uniformity takes are
// seeded from the log: the same log gives the same report.
//
// Errors: those of InspectPool(); also kNotFound if there is no pool, kIo if the
//         log was shortened between the readings.
// Cost:   O(log n) for each draw and change; n = items.
[[nodiscard]] Result<FairnessReport> CheckFairness(WalSource& log, SnapshotStore& snapshots,
                                                   const FairnessOptions& options);

}  // namespace rewardpool

#endif  // REWARDPOOL_FAIRNESS_H_
