// pool_view.h - what an open pool tells about itself: values that the caller
// owns, with no ties to the pool.
#ifndef REWARDPOOL_POOL_VIEW_H_
#define REWARDPOOL_POOL_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/status.h"

namespace rewardpool {

// How the pool was found at opening.
struct OpeningReport {
  bool created = false;           // there was none: made from the catalog
  RequestId last_request_id = 0;  // of the requests recovered
  std::optional<RequestId> base_snapshot;
  // What recovery found and a person may want to know: a torn tail that was
  // cut, a damaged snapshot that was passed over.
  std::vector<std::string> notes;
};

struct ItemView {
  std::string id;
  Weight weight = 0;
  Quantity quantity = Quantity::Unlimited();  // units left
  std::uint64_t drawn = 0;

  friend bool operator==(const ItemView&, const ItemView&) = default;
};

// The pool after request `last_request_id`, whole and consistent.
struct PoolView {
  RequestId last_request_id = 0;
  // The last request whose log segments a snapshot has made unnecessary and
  // removed; 0 while the log is whole.
  RequestId log_starts_after = 0;
  RequestId durable_through = 0;
  std::uint64_t drawn_of_removed = 0;  // draws of items that are gone by now
  std::vector<ItemView> items;         // by position
};

// Counters since opening. Each is exact; together they need not be of one
// moment.
struct PoolStats {
  std::uint64_t draws = 0;          // units drawn and answered
  std::uint64_t draws_refused = 0;  // draw requests answered "exhausted"
  RequestId acknowledged_through = 0;
  RequestId durable_through = 0;
  std::uint64_t batches = 0;    // written to the log
  std::uint64_t wal_bytes = 0;  // of these batches, segment headers not counted
  std::uint64_t segments = 0;   // started
  std::uint64_t syncs = 0;
  std::uint64_t sync_us_total = 0;  // time spent in syncs
  std::uint64_t sync_us_max = 0;    // the longest
  std::uint64_t snapshots = 0;
  std::uint64_t snapshots_failed = 0;
  // Why the last snapshot failed; ok if none did or a later one succeeded.
  Status last_snapshot_failure;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_POOL_VIEW_H_
