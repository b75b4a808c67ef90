// pool_reader.h - reads the pool in a folder without its lock, also while a
// writer is at work.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_POOL_READER_H_
#define REWARDPOOL_NATIVE_SRC_CLI_POOL_READER_H_

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "rewardpool/fairness.h"
#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/native/thread_workers.h"
#include "rewardpool/pool_archive.h"
#include "rewardpool/recovery.h"
#include "rewardpool/snapshot_store.h"
#include "rewardpool/status.h"

namespace rewardpool::cli {

// Calls `read` until its result can be believed.
//
// What is read beside a writer is not of one moment: it may look torn in the
// middle, or lack a file that was removed meanwhile. Each reading then fails in
// another way, or not at all; real damage fails in the same way each time. So
// damage is believed once three readings in a row say the same.
template <typename Read>
auto ReadBesideWriter(const Read& read) -> decltype(read()) {
  constexpr int kSameReadings = 3;
  constexpr int kReadingsMax = 100;
  constexpr std::chrono::milliseconds kPause{10};
  Status last;
  int same = 0;
  for (int reading = 1;; ++reading) {
    auto result = read();
    const Status status = result.status();
    if (status.code() != StatusCode::kCorrupt && status.code() != StatusCode::kNotFound) {
      return result;
    }
    same = status == last ? same + 1 : 1;
    last = status;
    if (same == kSameReadings || reading == kReadingsMax) return result;
    std::this_thread::sleep_for(kPause);
  }
}

class PoolReader {
 public:
  explicit PoolReader(std::string folder);

  // One reading each; see ReadBesideWriter().

  // InspectPool(). Errors: also kNotFound if there is no pool in the folder.
  [[nodiscard]] Result<Inspection> Inspect(InspectOptions options);
  // VerifyPool().
  [[nodiscard]] Result<VerifyReport> Verify();
  // rewardpool::CheckFairness().
  [[nodiscard]] Result<FairnessReport> CheckFairness(const FairnessOptions& options);
  // CollectPoolFiles().
  [[nodiscard]] Result<CollectedPool> Collect();

 private:
  std::string folder_;
  native::FileWalSource log_;
  std::unique_ptr<SnapshotStore> snapshots_;
  native::ThreadWorkers workers_;
};

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_POOL_READER_H_
