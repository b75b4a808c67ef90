#include "rewardpool/wal_record.h"

#include <array>
#include <type_traits>

namespace rewardpool {
namespace {

// In the order of the alternatives of Record.
constexpr std::array<std::string_view, std::variant_size_v<Record>> kNames = {
    "draw-run",      "refused-run",  "requested-draw", "item-added",     "item-updated",
    "item-removed",  "catalog-item", "pool-created",   "snapshot-taken", "pool-closed",
    "snapshot-item", "snapshot-key", "snapshot-end",
};

// The names must stay with their alternatives when one is inserted.
static_assert(std::is_same_v<std::variant_alternative_t<6, Record>, CatalogItem>);
static_assert(std::is_same_v<std::variant_alternative_t<12, Record>, SnapshotEnd>);

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

std::string_view RecordName(const Record& record) noexcept { return kNames[record.index()]; }

}  // namespace rewardpool
