#include "rewardpool/record_json.h"

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "json_text.h"

namespace rewardpool {
namespace {

// One JSON object on a line of its own.
class Line {
 public:
  Line(std::string_view type, std::string& out) : out_(out) {
    out_ += "{\"type\":";
    AppendJsonString(type, out_);
  }
  ~Line() { out_ += "}\n"; }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Line& Add(std::string_view name, std::string_view text) {
    AddName(name);
    AppendJsonString(text, out_);
    return *this;
  }
  Line& Add(std::string_view name, std::uint64_t number) {
    AddName(name);
    out_ += std::to_string(number);
    return *this;
  }
  Line& Add(std::string_view name, Quantity quantity) {
    return quantity.is_unlimited() ? Add(name, std::string_view("unlimited"))
                                   : Add(name, quantity.count());
  }
  // Nothing if there is none.
  template <typename T>
  Line& Add(std::string_view name, const std::optional<T>& value) {
    return value ? Add(name, *value) : *this;
  }
  Line& AddUnlessEmpty(std::string_view name, std::string_view text) {
    return text.empty() ? *this : Add(name, text);
  }
  Line& Add(const Item& item) {
    return Add("item_id", std::string_view(item.id))
        .Add("weight", item.weight)
        .Add("quantity", item.quantity);
  }

  // The outcome of a draw of all or nothing. `id_at(i)` is the id of item i.
  template <typename IdAt>
  Line& AddOutcome(std::string_view key, std::string_view user, std::uint64_t count,
                   std::size_t items_drawn, const IdAt& id_at) {
    AddUnlessEmpty("key", key).AddUnlessEmpty("user", user).Add("count", count);
    if (items_drawn == 0) return Add("error", kExhausted);
    if (items_drawn == 1) Add("item_id", std::string_view(id_at(0)));
    AddName("item_ids");
    for (std::size_t i = 0; i < items_drawn; ++i) {
      out_ += i == 0 ? '[' : ',';
      AppendJsonString(id_at(i), out_);
    }
    out_ += ']';
    return *this;
  }

  static constexpr std::string_view kExhausted = "exhausted";

 private:
  void AddName(std::string_view name) {
    out_ += ",\"";
    out_ += name;
    out_ += "\":";
  }

  std::string& out_;
};

struct Printer {
  std::string_view name;
  RequestId request_id;
  const ItemTable& items;
  std::string& out;

  Line Begin() const { return Line(name, out); }

  void operator()(const DrawRun& run) const {
    RequestId id = request_id;
    for (const ItemIndex position : run.items) {
      Line("draw", out).Add("request_id", id++).Add("item_id", items.IdAt(position));
    }
  }
  void operator()(const RefusedRun& run) const {
    for (std::uint64_t i = 0; i < run.count; ++i) {
      Line("draw", out).Add("request_id", request_id + i).Add("error", Line::kExhausted);
    }
  }
  void operator()(const RequestedDraw& draw) const {
    Line("draw", out)
        .Add("request_id", request_id)
        .AddOutcome(draw.key, draw.user, draw.count, draw.items.size(),
                    [&](std::size_t i) { return items.IdAt(draw.items[i]); });
  }
  void operator()(const ItemAdded& added) const {
    Begin().Add("request_id", request_id).Add(added.item);
  }
  void operator()(const ItemUpdated& updated) const {
    Begin()
        .Add("request_id", request_id)
        .Add("item_id", std::string_view(updated.id))
        .Add("weight", updated.change.weight)
        .Add("quantity", updated.change.quantity);
  }
  void operator()(const ItemRemoved& removed) const {
    Begin().Add("request_id", request_id).Add("item_id", std::string_view(removed.id));
  }
  void operator()(const CatalogItem& catalog_item) const { Begin().Add(catalog_item.item); }
  void operator()(const PoolCreated& created) const {
    Begin().Add("item_count", created.item_count);
  }
  void operator()(const SnapshotTaken& taken) const {
    Begin().Add("after_request_id", taken.request_id);
  }
  void operator()(const PoolClosed&) const { Begin(); }
  void operator()(const SnapshotItem& snapshot_item) const {
    Begin()
        .Add("index", std::uint64_t{snapshot_item.index})
        .Add(snapshot_item.item)
        .Add("drawn", snapshot_item.drawn);
  }
  void operator()(const SnapshotKey& key) const {
    Begin()
        .Add("request_id", key.request_id)
        .AddOutcome(key.key, key.user, key.count, key.item_ids.size(),
                    [&](std::size_t i) { return std::string_view(key.item_ids[i]); });
  }
  void operator()(const SnapshotEnd& end) const {
    Begin()
        .Add("item_count", end.item_count)
        .Add("key_count", end.key_count)
        .Add("drawn_of_removed", end.drawn_of_removed);
  }
};

std::span<const ItemIndex> PositionsOf(const Record& record) {
  if (const auto* run = std::get_if<DrawRun>(&record)) return run->items;
  if (const auto* draw = std::get_if<RequestedDraw>(&record)) return draw->items;
  return {};
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  internal::AppendJsonText(text, [&out](std::string_view piece) { out += piece; });
}

Status AppendRecordJson(const Record& record, RequestId first_request_id, const ItemTable& items,
                        std::string& out) {
  for (const ItemIndex position : PositionsOf(record)) {
    if (items.Has(position)) continue;
    return {StatusCode::kCorrupt,
            "a draw of position " + std::to_string(position) + ", where no item is"};
  }
  std::visit(Printer{RecordName(record), first_request_id, items, out}, record);
  return Status::Ok();
}

}  // namespace rewardpool
