#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
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
#include "cli/text_table.h"
#include "cli/verbs.h"
#include "rewardpool/item_table.h"
#include "rewardpool/native/config.h"
#include "rewardpool/native/secure_key.h"
#include "rewardpool/pool_state.h"
#include "rewardpool/random.h"
#include "rewardpool/record_json.h"
#include "rewardpool/selector.h"

namespace rewardpool::cli {
namespace {

constexpr std::size_t kPicksAtOnce = 65'536;

struct SimulateOptions {
  std::string config;
  std::uint64_t count = 0;
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
      "  rewardpool simulate --config samples/pool.yaml --count 1000 --seed 7 --json");
  verb.callback([options, &run] { run = [options] { return RunSimulate(*options); }; });
}

}  // namespace rewardpool::cli
