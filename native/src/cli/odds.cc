#include "rewardpool/odds.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/pool_reader.h"
#include "cli/real_number.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/native/config.h"
#include "rewardpool/record_json.h"

namespace rewardpool::cli {
namespace {

struct OddsOptions {
  std::string config;
  std::string dir;
  std::uint64_t draws = 1;
  bool json = false;
};

// The items of a configuration, or of a pool as it is now.
Result<std::vector<Item>> ReadItems(const OddsOptions& options) {
  if (!options.config.empty()) {
    Result<PoolOptions> config = native::LoadConfig(options.config);
    if (!config.ok()) return config.status();
    return *std::move(config->catalog);
  }
  PoolReader reader(options.dir);
  const Result<Inspection> pool =
      ReadBesideWriter([&] { return reader.Inspect(InspectOptions()); });
  if (!pool.ok()) return pool.status();
  std::vector<Item> items;
  for (ItemIndex i = 0; i < pool->items.slot_count(); ++i) {
    if (!pool->items.Has(i)) continue;
    items.push_back(
        {std::string(pool->items.IdAt(i)), pool->items.WeightAt(i), pool->items.stock()[i].left});
  }
  return items;
}

std::string ToJson(const OddsOptions& options, const std::vector<Item>& items, const Odds& odds,
                   const std::vector<DrawnOdds>& within) {
  std::string out = "{\"draws\":" + std::to_string(options.draws) + ",\"items\":[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    const ExactOdds next = odds.Next(static_cast<ItemIndex>(i));
    out += i == 0 ? "{\"item_id\":" : ",{\"item_id\":";
    AppendJsonString(items[i].id, out);
    out += ",\"next_num\":\"" + std::to_string(next.numerator) + "\"";
    out += ",\"next_den\":\"" + std::to_string(next.denominator) + "\"";
    out += ",\"expected\":" + JsonNumber(within[i].expected);
    out += ",\"p_at_least_one\":" + JsonNumber(within[i].at_least_one);
    out += ",\"method\":";
    AppendJsonString(OddsMethodName(within[i].method), out);
    out += ",\"error\":" + JsonNumber(within[i].error) + "}";
  }
  out += "]}\n";
  return out;
}

std::string ToText(const OddsOptions& options, const std::vector<Item>& items, const Odds& odds,
                   const std::vector<DrawnOdds>& within) {
  const std::string horizon = options.draws == 1 ? "1 draw" : Grouped(options.draws) + " draws";
  TextTable table({{"item", TextTable::Align::kLeft},
                   {"weight"},
                   {"left"},
                   {"next draw"},
                   {"expected"},
                   {"at least one"},
                   {"first after"},
                   {"gone after"}});
  const std::vector<WaitingDraws> waiting = odds.Waiting();
  std::set<std::string_view> methods;
  double error = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const ExactOdds next = odds.Next(static_cast<ItemIndex>(i));
    table.AddRow({ShownId(items[i].id), Grouped(items[i].weight), Grouped(items[i].quantity),
                  Percent(next.numerator, next.denominator), Rounded(within[i].expected),
                  RoundedPercent(within[i].at_least_one), Rounded(waiting[i].until_first),
                  Rounded(waiting[i].until_gone)});
    if (within[i].method != OddsMethod::kCertain) methods.insert(OddsMethodName(within[i].method));
    error = std::max(error, within[i].error);
  }
  std::string out;
  table.AppendTo(out);
  if (!items.empty()) {
    const ExactOdds next = odds.Next(0);
    out += "\nNext draw: the weight of " + Grouped(next.denominator) + " in stock, exactly.\n";
  }
  out += "Expected and at least one: in " + horizon + ", ";
  if (methods.empty()) {
    out += "certain";
  } else {
    out += "by ";
    for (const std::string_view method : methods) {
      out += (method == *methods.begin() ? "" : " and ") + std::string(method);
    }
    out += ", off by " + Rounded(error) + " at most";
    if (methods.contains(OddsMethodName(OddsMethod::kMonteCarlo))) out += " (99.9% of the time)";
  }
  out += ".\nFirst and gone after: so many draws on average.\n";
  return out;
}

int RunOdds(const OddsOptions& options) {
  if (options.dir.empty() == options.config.empty()) {
    return FailUsage(options.dir.empty()
                         ? "--config or --dir is required (see rewardpool odds --help)"
                         : "--dir excludes --config: give one of them");
  }
  const Result<std::vector<Item>> items = ReadItems(options);
  if (!items.ok()) return Fail(items.status());
  std::vector<OddsItem> odds_items;
  for (const Item& item : *items) odds_items.push_back({item.weight, item.quantity});
  const Result<Odds> odds = Odds::Create(odds_items);
  if (!odds.ok()) return Fail(odds.status());
  const Result<std::vector<DrawnOdds>> within = odds->Within(options.draws);
  if (!within.ok()) return Fail(within.status());
  LineWriter out(STDOUT_FILENO);
  out.buffer() = options.json ? ToJson(options, *items, *odds, *within)
                              : ToText(options, *items, *odds, *within);
  const Status written = out.Flush();
  return written.ok() ? kExitOk : Fail(written);
}

}  // namespace

void AddOddsVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<OddsOptions>();
  CLI::App& verb = *app.add_subcommand("odds", "Work out what the next draws will bring");
  verb.add_option("--config", options->config, "Configuration with the items")->type_name("F");
  AddFolder(verb, options->dir)->required(false)->description("Folder of a pool, as it is now");
  AddNumber(verb, "--draws", options->draws, 1, kOddsDrawsMax, "How many draws; default: 1");
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(
      "Nothing is drawn. The odds of the next draw are exact fractions; the rest comes with\n"
      "the method that it was found by and a bound of its error: see docs/odds.md.\n"
      "Examples:\n"
      "  rewardpool odds --config samples/pool.yaml --draws 1000\n"
      "  rewardpool odds --dir pool-data --draws 100 --json | jq '.items[] | "
      "{item_id, expected}'");
  verb.callback([options, &run] { run = [options] { return RunOdds(*options); }; });
}

}  // namespace rewardpool::cli
