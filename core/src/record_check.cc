#include "record_check.h"

#include <string>
#include <string_view>
#include <utility>

namespace rewardpool::internal {
namespace {

Status Corrupt(std::string message) { return {StatusCode::kCorrupt, std::move(message)}; }

// What is an invalid argument in a request is corrupt in a log.
Status AsCorrupt(const Status& status) { return status.ok() ? status : Corrupt(status.message()); }

Status CheckOptionalText(std::string_view text) {
  return text.empty() ? Status::Ok() : AsCorrupt(ValidateItemId(text));
}

Status CheckRequestedDraw(std::string_view key, std::string_view user, std::uint32_t count,
                          std::size_t items_drawn) {
  RP_RETURN_IF_ERROR(CheckOptionalText(key));
  RP_RETURN_IF_ERROR(CheckOptionalText(user));
  if (count == 0) return Corrupt("a draw of no items");
  if (items_drawn != 0 && items_drawn != count) {
    return Corrupt(std::to_string(items_drawn) + " items in a draw of " + std::to_string(count));
  }
  return Status::Ok();
}

struct Checker {
  Status operator()(const DrawRun& run) const {
    return run.items.empty() ? Corrupt("a run of no draws") : Status::Ok();
  }
  Status operator()(const RefusedRun& run) const {
    if (run.count >= 1 && run.count <= kRefusalsPerRecordMax) return Status::Ok();
    return Corrupt("a run of " + std::to_string(run.count) + " refusals");
  }
  Status operator()(const RequestedDraw& draw) const {
    return CheckRequestedDraw(draw.key, draw.user, draw.count, draw.items.size());
  }
  Status operator()(const ItemAdded& added) const { return AsCorrupt(ValidateItem(added.item)); }
  Status operator()(const ItemUpdated& updated) const {
    const Weight weight = updated.change.weight.value_or(0);
    return AsCorrupt(ValidateItem({.id = updated.id, .weight = weight}));
  }
  Status operator()(const ItemRemoved& removed) const {
    return AsCorrupt(ValidateItemId(removed.id));
  }
  Status operator()(const CatalogItem& catalog_item) const {
    return AsCorrupt(ValidateItem(catalog_item.item));
  }
  Status operator()(const PoolCreated&) const { return Status::Ok(); }
  Status operator()(const SnapshotTaken&) const { return Status::Ok(); }
  Status operator()(const PoolClosed&) const { return Status::Ok(); }
  Status operator()(const SnapshotItem& snapshot_item) const {
    return AsCorrupt(ValidateItem(snapshot_item.item));
  }
  Status operator()(const SnapshotKey& key) const {
    if (key.key.empty()) return Corrupt("a key without a text");
    for (const std::string& id : key.item_ids) RP_RETURN_IF_ERROR(AsCorrupt(ValidateItemId(id)));
    return CheckRequestedDraw(key.key, key.user, key.count, key.item_ids.size());
  }
  Status operator()(const SnapshotEnd&) const { return Status::Ok(); }
};

}  // namespace

Status CheckRecord(const Record& record) { return std::visit(Checker{}, record); }

}  // namespace rewardpool::internal
