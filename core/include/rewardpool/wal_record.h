// wal_record.h - what a log can say, one struct for each kind of record.
//
// A *request* record carries one request id or, for runs, one for each draw.
// Ids are not stored: they follow from the frame's first id and the order of
// records (RequestIdsOf). The other records carry none.
//
// How records become bytes: record_codec.h. The specification, byte by byte:
// docs/wal-format.md.
#ifndef REWARDPOOL_WAL_RECORD_H_
#define REWARDPOOL_WAL_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/item_table.h"

namespace rewardpool {

// Most draws that one record may hold; longer runs become several records. It
// keeps the largest JSON record below kFramePayloadBytesMax.
inline constexpr std::size_t kDrawsPerRecordMax = 10'000;
inline constexpr std::size_t kKeyBytesMax = 255;
inline constexpr std::size_t kUserBytesMax = 255;
// Most refusals that one record may hold.
inline constexpr std::uint64_t kRefusalsPerRecordMax = (std::uint64_t{1} << 32) - 1;

// Plain draws, one request each, in order. 1 to kDrawsPerRecordMax.
struct DrawRun {
  std::vector<ItemIndex> items;
  friend bool operator==(const DrawRun&, const DrawRun&) = default;
};

// Plain draws that found the pool exhausted, one request each. 1 to
// kRefusalsPerRecordMax.
struct RefusedRun {
  std::uint64_t count = 0;
  friend bool operator==(const RefusedRun&, const RefusedRun&) = default;
};

// One draw request with a key, a user, more than one item, or all of these;
// all or nothing. No items: refused, the pool could not serve `count`. Key and
// user are well-formed UTF-8 without NUL, as item ids are.
struct RequestedDraw {
  std::string key;   // empty: none
  std::string user;  // empty: none
  std::uint32_t count = 1;
  std::vector<ItemIndex> items;  // `count` of them, or none
  friend bool operator==(const RequestedDraw&, const RequestedDraw&) = default;
};

struct ItemAdded {
  Item item;
  friend bool operator==(const ItemAdded&, const ItemAdded&) = default;
};

struct ItemUpdated {
  std::string id;
  ItemChange change;
  friend bool operator==(const ItemUpdated&, const ItemUpdated&) = default;
};

struct ItemRemoved {
  std::string id;
  friend bool operator==(const ItemRemoved&, const ItemRemoved&) = default;
};

// A log begins with one CatalogItem for each item, then one PoolCreated. A log
// without PoolCreated is a creation that a crash cut short: there is no pool.
struct CatalogItem {
  Item item;
  friend bool operator==(const CatalogItem&, const CatalogItem&) = default;
};
struct PoolCreated {
  std::uint64_t item_count = 0;
  friend bool operator==(const PoolCreated&, const PoolCreated&) = default;
};

// A snapshot of the state after request `request_id` is on disk.
struct SnapshotTaken {
  RequestId request_id = 0;
  friend bool operator==(const SnapshotTaken&, const SnapshotTaken&) = default;
};

// The owner closed the pool in order. Everything before it was synced.
struct PoolClosed {
  friend bool operator==(const PoolClosed&, const PoolClosed&) = default;
};

// The three that follow appear in snapshots only.

struct SnapshotItem {
  ItemIndex index = 0;
  Item item;  // quantity: units left
  std::uint64_t drawn = 0;
  friend bool operator==(const SnapshotItem&, const SnapshotItem&) = default;
};

// The outcome kept for a key. Items by id, not by position: an item may have
// been removed since, and its position given to another.
struct SnapshotKey {
  RequestId request_id = 0;
  std::string key;
  std::string user;
  std::uint32_t count = 1;
  std::vector<std::string> item_ids;  // `count` of them, or none: refused
  friend bool operator==(const SnapshotKey&, const SnapshotKey&) = default;
};

// The last record of a snapshot: what must have come before it.
struct SnapshotEnd {
  std::uint64_t item_count = 0;
  std::uint64_t key_count = 0;
  std::uint64_t drawn_of_removed = 0;
  friend bool operator==(const SnapshotEnd&, const SnapshotEnd&) = default;
};

using Record = std::variant<DrawRun, RefusedRun, RequestedDraw, ItemAdded, ItemUpdated, ItemRemoved,
                            CatalogItem, PoolCreated, SnapshotTaken, PoolClosed, SnapshotItem,
                            SnapshotKey, SnapshotEnd>;

// How many request ids a record takes: one a draw for runs, one for any other
// request, none for the rest.
[[nodiscard]] std::uint64_t RequestIdsOf(const Record& record) noexcept;

// The record's name as `rewardpool log --json` prints it: "draw-run",
// "refused-run", "requested-draw", "item-added", "item-updated",
// "item-removed", "catalog-item", "pool-created", "snapshot-taken",
// "pool-closed", "snapshot-item", "snapshot-key", "snapshot-end".
[[nodiscard]] std::string_view RecordName(const Record& record) noexcept;

}  // namespace rewardpool

#endif  // REWARDPOOL_WAL_RECORD_H_
