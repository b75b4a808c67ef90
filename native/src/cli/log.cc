#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <variant>

#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_reader.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/record_json.h"

namespace rewardpool::cli {
namespace {

struct LogOptions {
  std::string dir;
  bool json = false;
};

// Appends a record as lines for people: request id, what it was, details.
class RecordText {
 public:
  RecordText(RequestId request_id, const ItemTable& items, std::string& out)
      : request_id_(request_id), items_(items), out_(out) {}

  void operator()(const DrawRun& run) {
    for (const ItemIndex item : run.items) {
      AppendRequest("draw " + ShownId(items_.IdAt(item)));
    }
  }
  void operator()(const RefusedRun& run) {
    for (std::uint64_t i = 0; i < run.count; ++i) AppendRequest("draw refused, exhausted");
  }
  void operator()(const RequestedDraw& draw) {
    std::string text = "draw";
    if (draw.items.empty()) text += " of " + std::to_string(draw.count) + " refused, exhausted";
    for (const ItemIndex item : draw.items) text += " " + ShownId(items_.IdAt(item));
    if (!draw.key.empty()) text += ", key " + Quoted(draw.key);
    if (!draw.user.empty()) text += ", user " + Quoted(draw.user);
    AppendRequest(text);
  }
  void operator()(const ItemAdded& added) { AppendRequest("add " + Describe(added.item)); }
  void operator()(const ItemUpdated& updated) {
    std::string text = "update " + ShownId(updated.id);
    if (updated.change.weight) text += ", weight " + Grouped(*updated.change.weight);
    if (updated.change.quantity) text += ", quantity " + Grouped(*updated.change.quantity);
    AppendRequest(text);
  }
  void operator()(const ItemRemoved& removed) { AppendRequest("remove " + ShownId(removed.id)); }
  void operator()(const CatalogItem& listed) { AppendMark("catalog " + Describe(listed.item)); }
  void operator()(const PoolCreated& created) {
    AppendMark("pool created with " + Grouped(created.item_count) + " items");
  }
  void operator()(const SnapshotTaken& taken) {
    AppendMark("snapshot taken after request " + Grouped(taken.request_id));
  }
  void operator()(const PoolClosed&) { AppendMark("pool closed"); }
  // These are in snapshots only; a log that holds one does not replay.
  void operator()(const SnapshotItem&) { AppendMark("misplaced snapshot item"); }
  void operator()(const SnapshotKey&) { AppendMark("misplaced snapshot key"); }
  void operator()(const SnapshotEnd&) { AppendMark("misplaced snapshot end"); }

 private:
  static constexpr std::size_t kIdWidth = 12;

  static std::string Describe(const Item& item) {
    return ShownId(item.id) + ", weight " + Grouped(item.weight) + ", quantity " +
           Grouped(item.quantity);
  }
  void AppendRequest(const std::string& text) { AppendLine(Grouped(request_id_++), text); }
  void AppendMark(const std::string& text) { AppendLine("-", text); }
  void AppendLine(const std::string& id, const std::string& text) {
    out_.append(kIdWidth - std::min(kIdWidth, id.size()), ' ');
    out_.append(id).append("  ").append(text).append("\n");
  }

  RequestId request_id_;
  const ItemTable& items_;
  std::string& out_;
};

// Prints each record once, although a log that is read beside a writer may have
// to be read again from its beginning.
class LogPrinter final : public RecordVisitor {
 public:
  LogPrinter(bool json, LineWriter& out) : json_(json), out_(out) {}

  // The records from the log's beginning on follow.
  void BeginReading() {
    reading_ = Place();
    is_first_record_ = true;
  }

  Status OnRecord(const Record& record, RequestId first_request_id, const ItemTable& items,
                  const KeyTable& /*keys*/) override {
    if (is_first_record_ && first_request_id > printed_.next_request_id && has_printed_) {
      return {StatusCode::kIo,
              "the log was shortened by a snapshot while it was being read; read it again"};
    }
    is_first_record_ = false;
    if (first_request_id != reading_.next_request_id) reading_ = {first_request_id, 0};
    const std::uint64_t requests = RequestIdsOf(record);
    if (requests == 0) {
      ++reading_.marks;
    } else {
      reading_ = {first_request_id + requests, 0};
    }
    if (!(printed_ < reading_)) return Status::Ok();
    printed_ = reading_;
    has_printed_ = true;
    return Print(record, first_request_id, items);
  }

 private:
  // A place in the log, just behind a record.
  struct Place {
    RequestId next_request_id = 0;
    std::uint64_t marks = 0;  // records without a request since the last one with

    friend bool operator<(const Place& a, const Place& b) {
      return std::tie(a.next_request_id, a.marks) < std::tie(b.next_request_id, b.marks);
    }
  };

  Status Print(const Record& record, RequestId first_request_id, const ItemTable& items) {
    // One record may stand for billions of refusals: a part at a time.
    if (const auto* refused = std::get_if<RefusedRun>(&record)) {
      constexpr std::uint64_t kRefusalsAtOnce = 1'000;
      for (std::uint64_t done = 0; done < refused->count; done += kRefusalsAtOnce) {
        const RefusedRun part{std::min(kRefusalsAtOnce, refused->count - done)};
        RP_RETURN_IF_ERROR(Append(part, first_request_id + done, items));
      }
      return Status::Ok();
    }
    return Append(record, first_request_id, items);
  }

  Status Append(const Record& record, RequestId first_request_id, const ItemTable& items) {
    if (json_) {
      RP_RETURN_IF_ERROR(AppendRecordJson(record, first_request_id, items, out_.buffer()));
    } else {
      std::visit(RecordText(first_request_id, items, out_.buffer()), record);
    }
    return out_.FlushIfLong();
  }

  const bool json_;
  LineWriter& out_;
  Place reading_;
  Place printed_;
  bool is_first_record_ = true;
  bool has_printed_ = false;
};

int RunLog(const LogOptions& options) {
  LineWriter out(STDOUT_FILENO);
  LogPrinter printer(options.json, out);
  InspectOptions inspect;
  inspect.from = InspectOptions::From::kLogStart;
  inspect.visitor = &printer;
  PoolReader reader(options.dir);
  const Result<Inspection> pool = ReadBesideWriter([&] {
    printer.BeginReading();
    return reader.Inspect(inspect);
  });
  // What is good before a damaged place has been printed all the same.
  const Status written = out.Flush();
  if (!pool.ok()) return Fail(pool.status());
  return written.ok() ? kExitOk : Fail(written);
}

}  // namespace

void AddLogVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<LogOptions>();
  CLI::App& verb = *app.add_subcommand("log", "Print every record of a pool's log, in order");
  AddFolder(verb, options->dir);
  AddJson(verb, options->json, "Print one JSON object a line");
  verb.footer(
      "Reads only, and may run while another process draws.\n"
      "Examples:\n"
      "  rewardpool log --dir pool-data\n"
      "  rewardpool log --dir pool-data --json | jq -r 'select(.item_id == \"gold\").request_id'");
  verb.callback([options, &run] { run = [options] { return RunLog(*options); }; });
}

}  // namespace rewardpool::cli
