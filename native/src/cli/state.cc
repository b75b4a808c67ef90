#include <unistd.h>

#include <memory>
#include <string>

#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_reader.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/record_json.h"

namespace rewardpool::cli {
namespace {

struct StateOptions {
  std::string dir;
  bool json = false;
};

std::string ToJson(const Inspection& pool) {
  std::string out = "{\"last_request_id\":" + std::to_string(pool.log_end.last_request_id);
  out += ",\"log_starts_after\":" + std::to_string(pool.log_starts_after);
  out += ",\"items\":[";
  bool is_first = true;
  for (ItemIndex i = 0; i < pool.items.slot_count(); ++i) {
    if (!pool.items.Has(i)) continue;
    const Stock::Entry& entry = pool.items.stock()[i];
    out += is_first ? "{\"item_id\":" : ",{\"item_id\":";
    is_first = false;
    AppendJsonString(pool.items.IdAt(i), out);
    out += ",\"weight\":" + std::to_string(pool.items.WeightAt(i));
    out += ",\"quantity\":";
    out += entry.left.is_unlimited() ? "\"unlimited\"" : std::to_string(entry.left.count());
    out += ",\"drawn\":" + std::to_string(entry.drawn) + "}";
  }
  out += "]}\n";
  return out;
}

std::string ToText(const Inspection& pool) {
  Weight weight_sum = 0;
  for (ItemIndex i = 0; i < pool.items.slot_count(); ++i) {
    weight_sum += pool.items.DrawableWeightAt(i);
  }
  TextTable table({{"item", TextTable::Align::kLeft}, {"weight"}, {"odds"}, {"drawn"}, {"left"}});
  for (ItemIndex i = 0; i < pool.items.slot_count(); ++i) {
    if (!pool.items.Has(i)) continue;
    const Stock::Entry& entry = pool.items.stock()[i];
    table.AddRow({ShownId(pool.items.IdAt(i)), Grouped(pool.items.WeightAt(i)),
                  Percent(pool.items.DrawableWeightAt(i), weight_sum), Grouped(entry.drawn),
                  Grouped(entry.left)});
  }
  std::string out;
  table.AppendTo(out);
  out += "\n" + Grouped(pool.log_end.last_request_id) + " requests so far; ";
  out += pool.log_starts_after == 0
             ? "the log is whole\n"
             : "the log starts after request " + Grouped(pool.log_starts_after) + "\n";
  if (const std::uint64_t gone = pool.items.drawn_of_removed(); gone != 0) {
    out += Grouped(gone) + " draws were of items that have been removed since\n";
  }
  return out;
}

int RunState(const StateOptions& options) {
  PoolReader reader(options.dir);
  const Result<Inspection> pool =
      ReadBesideWriter([&] { return reader.Inspect(InspectOptions()); });
  if (!pool.ok()) return Fail(pool.status());
  LineWriter out(STDOUT_FILENO);
  out.buffer() = options.json ? ToJson(*pool) : ToText(*pool);
  const Status written = out.Flush();
  return written.ok() ? kExitOk : Fail(written);
}

}  // namespace

void AddStateVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<StateOptions>();
  CLI::App& verb = *app.add_subcommand("state", "Show the items of a pool and what is left");
  AddFolder(verb, options->dir);
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(
      "Reads only, and may run while another process draws.\n"
      "Examples:\n"
      "  rewardpool state --dir pool-data\n"
      "  rewardpool state --dir pool-data --json | jq '.items[] | {item_id, quantity}'");
  verb.callback([options, &run] { run = [options] { return RunState(*options); }; });
}

}  // namespace rewardpool::cli
