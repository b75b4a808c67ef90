#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_code.h"
#include "cli/line_writer.h"
#include "cli/options.h"
#include "cli/progress_bar.h"
#include "cli/real_number.h"
#include "cli/stop_signals.h"
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/item_table.h"
#include "rewardpool/native/config.h"
#include "rewardpool/native/parallel_simulation.h"
#include "rewardpool/native/secure_key.h"
#include "rewardpool/pool_state.h"
#include "rewardpool/random.h"
#include "rewardpool/record_json.h"
#include "rewardpool/selector.h"
#include "rewardpool/simulation.h"

namespace rewardpool::cli {
namespace {

constexpr std::size_t kPicksAtOnce = 65'536;

// Of the counts of several runs.
constexpr double kQuantiles[] = {0.05, 0.25, 0.5, 0.75, 0.95};

struct SimulateOptions {
  std::string config;
  std::uint64_t count = 0;
  std::optional<std::uint64_t> runs;
  std::uint64_t threads = 0;
  std::optional<std::uint64_t> seed;
  std::string selector;
  bool json = false;
};

// A seed of 53 bits, so that it survives readers of JSON that know doubles only.
Result<std::uint64_t> FreshSeed() {
  const Result<SecureKey> key = native::MakeSecureKey();
  if (!key.ok()) return key.status();
  std::uint64_t seed = 0;
  std::memcpy(&seed, key->data(), sizeof(seed));
  return seed >> 11;
}

// One run.
struct Simulation {
  std::uint64_t draws = 0;
  std::uint64_t seed = 0;
  std::string selector;
};

std::string ToJson(const Simulation& simulation, const ItemTable& items) {
  std::string out = "{\"draws\":" + std::to_string(simulation.draws);
  out += ",\"seed\":" + std::to_string(simulation.seed);
  out += ",\"selector\":";
  AppendJsonString(simulation.selector, out);
  out += ",\"items\":[";
  for (ItemIndex i = 0; i < items.slot_count(); ++i) {
    out += i == 0 ? "{\"item_id\":" : ",{\"item_id\":";
    AppendJsonString(items.IdAt(i), out);
    out += ",\"drawn\":" + std::to_string(items.stock()[i].drawn) + "}";
  }
  out += "]}\n";
  return out;
}

std::string ToText(const Simulation& simulation, const std::vector<Item>& catalog,
                   const ItemTable& items) {
  std::string out = Grouped(simulation.draws) + " draws with seed " +
                    std::to_string(simulation.seed) + ", selector " + simulation.selector + "\n\n";
  // Odds of the first draw: items without stock do not take part.
  std::uint64_t weight_sum = 0;
  for (const Item& item : catalog) weight_sum += item.quantity.is_zero() ? 0 : item.weight;
  TextTable table({{"item", TextTable::Align::kLeft},
                   {"weight"},
                   {"odds at first"},
                   {"drawn"},
                   {"share"},
                   {"left"}});
  for (ItemIndex i = 0; i < items.slot_count(); ++i) {
    const Stock::Entry& entry = items.stock()[i];
    table.AddRow({ShownId(items.IdAt(i)), Grouped(items.WeightAt(i)),
                  Percent(catalog[i].quantity.is_zero() ? 0 : catalog[i].weight, weight_sum),
                  Grouped(entry.drawn), Percent(entry.drawn, simulation.draws),
                  Grouped(entry.left)});
  }
  table.AppendTo(out);
  return out;
}

std::string ToJson(const SimulationPlan& plan, const std::vector<Item>& catalog,
                   const std::vector<ItemSummary>& summaries) {
  std::string out = "{\"runs\":" + std::to_string(plan.options().runs);
  out += ",\"draws\":" + std::to_string(plan.options().draws);
  out += ",\"seed\":" + std::to_string(plan.options().seed);
  out += ",\"selector\":";
  AppendJsonString(plan.options().selector, out);
  out += ",\"quantiles\":[";
  for (const double quantile : kQuantiles) {
    if (quantile != kQuantiles[0]) out += ',';
    out += JsonNumber(quantile);
  }
  out += "],\"items\":[";
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const ItemSummary& summary = summaries[i];
    out += i == 0 ? "{\"item_id\":" : ",{\"item_id\":";
    AppendJsonString(catalog[i].id, out);
    out += ",\"drawn\":" + std::to_string(summary.drawn);
    out += ",\"mean\":" + JsonNumber(summary.mean_curve.back());
    out += ",\"runs_with_one\":" + std::to_string(summary.runs_with_one);
    out += ",\"at_quantiles\":[";
    for (std::size_t q = 0; q < summary.quantile_curves.size(); ++q) {
      if (q != 0) out += ',';
      out += std::to_string(summary.quantile_curves[q]);
    }
    out += "]}";
  }
  out += "]}\n";
  return out;
}

std::string ToText(const SimulationPlan& plan, const std::vector<Item>& catalog,
                   const std::vector<ItemSummary>& summaries) {
  const SimulationOptions& options = plan.options();
  std::string out = Grouped(options.runs) + " runs of " + Grouped(options.draws) +
                    " draws, from seed " + std::to_string(options.seed) + " on, selector " +
                    options.selector + "\n\n";
  TextTable table({{"item", TextTable::Align::kLeft},
                   {"mean"},
                   {"at least one"},
                   {"5%"},
                   {"25%"},
                   {"50%"},
                   {"75%"},
                   {"95%"}});
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const ItemSummary& summary = summaries[i];
    std::vector<std::string> row{ShownId(catalog[i].id), Rounded(summary.mean_curve.back()),
                                 Percent(summary.runs_with_one, options.runs)};
    std::transform(summary.quantile_curves.begin(), summary.quantile_curves.end(),
                   std::back_inserter(row), [](std::uint32_t count) { return Grouped(count); });
    table.AddRow(std::move(row));
  }
  table.AppendTo(out);
  out += "\nUnits that a run drew: on average, and at most in so many of the runs.\n";
  return out;
}

// Several runs. A pool that is exhausted on the way is one of the outcomes.
int SimulateRuns(const SimulateOptions& options, const std::string& selector, std::uint64_t seed,
                 const std::vector<Item>& catalog) {
  if (options.count > kSimulationDrawsMax) {
    return FailUsage("--count: must be at most " + std::to_string(kSimulationDrawsMax) +
                     " with --runs");
  }
  std::vector<OddsItem> items;
  items.reserve(catalog.size());
  for (const Item& item : catalog) items.push_back({item.weight, item.quantity});
  const Result<SimulationPlan> plan =
      SimulationPlan::Create(std::move(items), {*options.runs, options.count, seed, selector});
  if (!plan.ok()) return Fail(plan.status());
  Result<std::vector<std::uint32_t>> traces = [&] {
    CatchStopSignals();
    const std::uint64_t total = *options.runs * options.count;
    ProgressBar progress(total);
    return native::SimulateInParallel(*plan, static_cast<unsigned>(options.threads),
                                      [&](std::uint64_t done) {
                                        progress.Update(done);
                                        return StopSignal() == 0;
                                      });
  }();
  if (!traces.ok()) return StopSignal() != 0 ? kExitSignal + StopSignal() : Fail(traces.status());
  std::vector<ItemSummary> summaries;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    summaries.push_back(SummarizeItem(*plan, *traces, static_cast<ItemIndex>(i), kQuantiles));
  }
  LineWriter out(STDOUT_FILENO);
  out.buffer() =
      options.json ? ToJson(*plan, catalog, summaries) : ToText(*plan, catalog, summaries);
  const Status written = out.Flush();
  return written.ok() ? kExitOk : Fail(written);
}

int RunSimulate(const SimulateOptions& options) {
  const Result<PoolOptions> config = native::LoadConfig(options.config);
  if (!config.ok()) return Fail(config.status());
  Simulation simulation;
  simulation.selector = options.selector.empty() ? config->selector : options.selector;
  Result<std::unique_ptr<Selector>> selector = MakeSelector(simulation.selector);
  if (!selector.ok()) return FailUsage(selector.status().message());
  Result<std::uint64_t> seed = options.seed ? Result<std::uint64_t>(*options.seed) : FreshSeed();
  if (!seed.ok()) return Fail(seed.status());
  simulation.seed = *seed;
  const std::vector<Item>& catalog = *config->catalog;
  if (options.runs) return SimulateRuns(options, simulation.selector, *seed, catalog);
  Result<ItemTable> items = ItemTable::Create(catalog);
  if (!items.ok()) return Fail(items.status());

  PoolState state(*std::move(items), *std::move(selector));
  const std::unique_ptr<Random> random = MakeXoshiroRandom(simulation.seed);
  {
    ProgressBar progress(options.count);
    std::vector<ItemIndex> picks(
        static_cast<std::size_t>(std::min<std::uint64_t>(options.count, kPicksAtOnce)));
    while (simulation.draws < options.count) {
      const auto wanted = static_cast<std::size_t>(
          std::min<std::uint64_t>(options.count - simulation.draws, picks.size()));
      const std::size_t drawn = state.StageDraws(*random, std::span(picks).first(wanted));
      state.Commit(state.mark());
      simulation.draws += drawn;
      progress.Update(simulation.draws);
      if (drawn < wanted) break;
    }
  }

  LineWriter out(STDOUT_FILENO);
  out.buffer() =
      options.json ? ToJson(simulation, state.items()) : ToText(simulation, catalog, state.items());
  if (const Status written = out.Flush(); !written.ok()) return Fail(written);
  if (simulation.draws == options.count) return kExitOk;
  return Fail({StatusCode::kExhausted,
               "the pool was exhausted after " + std::to_string(simulation.draws) + " draws"});
}

}  // namespace

void AddSimulateVerb(CLI::App& app, Run& run) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App& verb = *app.add_subcommand("simulate", "Draw without touching any file, to see odds");
  verb.add_option("--config", options->config, "Configuration with the items")
      ->type_name("F")
      ->required();
  AddNumber(verb, "--count", options->count, 1, kWeightMax, "How many draws")->required();
  AddNumber(verb, "--runs", options->runs, 1, kSimulationRunsMax,
            "Draw so many anew as often as this, and show how the runs differ; run number r = 0, "
            "1, ... has the seed S + r");
  constexpr std::uint64_t kThreadsMax = 1'024;
  AddNumber(verb, "--threads", options->threads, 1, kThreadsMax,
            "For --runs; they change nothing but the time it takes. Default: one for each core");
  AddNumber(verb, "--seed", options->seed, 0, std::numeric_limits<std::uint64_t>::max(),
            "Start of the random stream; the same seed gives the same draws everywhere. Default: "
            "a random one, which is printed")
      ->type_name("S");
  verb.add_option("--selector", options->selector,
                  "linear, prefix-sum, fenwick, flat, wide, envelope or auto; default: as "
                  "configured")
      ->type_name("NAME");
  AddJson(verb, options->json, "Print one JSON object");
  verb.footer(
      "Examples:\n"
      "  rewardpool simulate --config samples/pool.yaml --count 1000000\n"
      "  rewardpool simulate --config samples/pool.yaml --count 1000 --seed 7 --json\n"
      "  rewardpool simulate --config samples/pool.yaml --count 1000 --runs 10000");
  verb.callback([options, &run] { run = [options] { return RunSimulate(*options); }; });
}

}  // namespace rewardpool::cli
