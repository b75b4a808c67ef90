#include "cli/pool_reader.h"

#include "rewardpool/native/file_snapshot_store.h"

namespace rewardpool::cli {

PoolReader::PoolReader(std::string folder)
    : folder_(std::move(folder)),
      log_(folder_),
      snapshots_(native::FileSnapshotStore::OpenForReading(folder_)) {}

Result<Inspection> PoolReader::Inspect(InspectOptions options) {
  options.workers = &workers_;
  Result<Inspection> inspection = InspectPool(log_, *snapshots_, options);
  if (inspection.ok() && !inspection->exists) {
    return Status(StatusCode::kNotFound, "there is no pool in " + folder_);
  }
  return inspection;
}

Result<VerifyReport> PoolReader::Verify() { return VerifyPool(log_, *snapshots_, &workers_); }

Result<FairnessReport> PoolReader::CheckFairness(const FairnessOptions& options) {
  Result<FairnessReport> report = rewardpool::CheckFairness(log_, *snapshots_, options);
  if (report.status().code() == StatusCode::kNotFound) return Inspect(InspectOptions()).status();
  return report;
}

Result<CollectedPool> PoolReader::Collect() { return CollectPoolFiles(log_, *snapshots_); }

}  // namespace rewardpool::cli
