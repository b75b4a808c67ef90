#include "rewardpool/wal_record.h"

#include "record_types.h"

namespace rewardpool {
namespace {

struct CountRequestIds {
  std::uint64_t operator()(const DrawRun& run) const noexcept { return run.items.size(); }
  std::uint64_t operator()(const RefusedRun& run) const noexcept { return run.count; }
  std::uint64_t operator()(const RequestedDraw&) const noexcept { return 1; }
  std::uint64_t operator()(const ItemAdded&) const noexcept { return 1; }
  std::uint64_t operator()(const ItemUpdated&) const noexcept { return 1; }
  std::uint64_t operator()(const ItemRemoved&) const noexcept { return 1; }
  std::uint64_t operator()(const CatalogItem&) const noexcept { return 0; }
  std::uint64_t operator()(const PoolCreated&) const noexcept { return 0; }
  std::uint64_t operator()(const SnapshotTaken&) const noexcept { return 0; }
  std::uint64_t operator()(const PoolClosed&) const noexcept { return 0; }
  std::uint64_t operator()(const SnapshotItem&) const noexcept { return 0; }
  std::uint64_t operator()(const SnapshotKey&) const noexcept { return 0; }
  std::uint64_t operator()(const SnapshotEnd&) const noexcept { return 0; }
};

}  // namespace

std::uint64_t RequestIdsOf(const Record& record) noexcept {
  return std::visit(CountRequestIds{}, record);
}

std::string_view RecordName(const Record& record) noexcept {
  return internal::kRecordTypes[record.index()].name;
}

}  // namespace rewardpool
