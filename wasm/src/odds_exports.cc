// odds_exports.cc - what odds.wasm exports: Odds and simulation, through plain
// functions of numbers, and no logic.
//
// The contract is wasm/js/oddsModule.ts. The module holds one catalog and one
// simulation; who wants to work on another makes another instance. Functions that
// return a status leave numbers in the output or, if they fail, the reason, a text.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rewardpool/odds.h"
#include "rewardpool/simulation.h"

// The function is visible to JavaScript under this name.
#define RP_EXPORT(name) __attribute__((export_name(name)))

namespace rewardpool::wasm {
namespace {

// An item as JavaScript writes it: weight, quantity, whether it is unlimited.
constexpr std::size_t kItemWords = 3;

struct Simulation {
  explicit Simulation(SimulationPlan made) : plan(std::move(made)), runner(plan) {}

  const SimulationPlan plan;
  SimulationRunner runner;
  std::vector<std::uint32_t> traces;
  std::uint64_t runs_begun = 0;
};

struct Workplace {
  std::vector<std::uint64_t> items;
  std::vector<std::uint64_t> draws;
  std::vector<double> quantiles;
  std::string selector;
  std::optional<Odds> odds;
  std::optional<Simulation> simulation;

  std::string text;
  std::vector<double> numbers;
  // Of `text`, `numbers` or the simulation.
  std::span<const std::byte> output;
};

Workplace workplace;

int Fail(const Status& status) {
  workplace.text = status.message();
  workplace.output = std::as_bytes(std::span(workplace.text));
  return static_cast<int>(status.code());
}

int GiveNumbers(std::vector<double> numbers) {
  workplace.numbers = std::move(numbers);
  workplace.output = std::as_bytes(std::span(workplace.numbers));
  return 0;
}

std::vector<OddsItem> Items() {
  std::vector<OddsItem> items;
  const std::span<const std::uint64_t> words = workplace.items;
  for (std::size_t at = 0; at < words.size(); at += kItemWords) {
    const bool unlimited = words[at + 2] != 0;
    items.push_back({words[at], unlimited ? Quantity::Unlimited() : Quantity::Of(words[at + 1])});
  }
  return items;
}

double NumberOf(OddsMethod method) { return static_cast<double>(method); }

}  // namespace

RP_EXPORT("outputAddress") const std::byte* OutputAddress() { return workplace.output.data(); }
RP_EXPORT("outputByteCount") std::size_t OutputByteCount() { return workplace.output.size(); }

RP_EXPORT("roomForItems") std::uint64_t* RoomForItems(std::size_t count) {
  workplace.items.assign(count * kItemWords, 0);
  return workplace.items.data();
}
RP_EXPORT("roomForDraws") std::uint64_t* RoomForDraws(std::size_t count) {
  workplace.draws.assign(count, 0);
  return workplace.draws.data();
}
RP_EXPORT("roomForQuantiles") double* RoomForQuantiles(std::size_t count) {
  workplace.quantiles.assign(count, 0);
  return workplace.quantiles.data();
}
RP_EXPORT("roomForSelector") char* RoomForSelector(std::size_t byte_count) {
  workplace.selector.assign(byte_count, ' ');
  return workplace.selector.data();
}

RP_EXPORT("createOdds") int CreateOdds() {
  Result<Odds> odds = Odds::Create(Items());
  if (!odds.ok()) return Fail(odds.status());
  workplace.odds.emplace(*std::move(odds));
  return 0;
}

RP_EXPORT("nextNumerator") std::uint64_t NextNumerator(ItemIndex index) {
  return workplace.odds->Next(index).numerator;
}
RP_EXPORT("nextDenominator") std::uint64_t NextDenominator(ItemIndex index) {
  return workplace.odds->Next(index).denominator;
}

RP_EXPORT("within") int Within(std::uint64_t draws) {
  const Result<std::vector<DrawnOdds>> drawn = workplace.odds->Within(draws);
  if (!drawn.ok()) return Fail(drawn.status());
  std::vector<double> numbers;
  for (const DrawnOdds& item : *drawn) {
    numbers.insert(numbers.end(),
                   {item.expected, item.at_least_one, NumberOf(item.method), item.error});
  }
  return GiveNumbers(std::move(numbers));
}

RP_EXPORT("waiting") int Waiting() {
  std::vector<double> numbers;
  for (const WaitingDraws& item : workplace.odds->Waiting()) {
    numbers.insert(numbers.end(), {item.until_first, item.until_gone});
  }
  return GiveNumbers(std::move(numbers));
}

RP_EXPORT("countWithin") int CountWithin(ItemIndex index, std::uint64_t draws) {
  const Result<CountOdds> counts = workplace.odds->CountWithin(index, draws);
  if (!counts.ok()) return Fail(counts.status());
  std::vector<double> numbers = {static_cast<double>(counts->first), NumberOf(counts->method),
                                 counts->error};
  numbers.insert(numbers.end(), counts->exactly.begin(), counts->exactly.end());
  numbers.insert(numbers.end(), counts->at_least.begin(), counts->at_least.end());
  return GiveNumbers(std::move(numbers));
}

RP_EXPORT("course") int Course() {
  const Result<std::vector<OddsPoint>> points = workplace.odds->Course(workplace.draws);
  if (!points.ok()) return Fail(points.status());
  std::vector<double> numbers;
  for (const OddsPoint& point : *points) {
    numbers.insert(numbers.end(), {NumberOf(point.method), point.error});
    numbers.insert(numbers.end(), point.expected.begin(), point.expected.end());
    numbers.insert(numbers.end(), point.next.begin(), point.next.end());
  }
  return GiveNumbers(std::move(numbers));
}

RP_EXPORT("createSimulation")
int CreateSimulation(std::uint64_t runs, std::uint64_t draws, std::uint64_t seed) {
  Result<SimulationPlan> plan = SimulationPlan::Create(Items(), {.runs = runs,
                                                                 .draws = draws,
                                                                 .seed = seed,
                                                                 .selector = workplace.selector,
                                                                 .points = workplace.draws});
  if (!plan.ok()) return Fail(plan.status());
  Simulation& simulation = workplace.simulation.emplace(*std::move(plan));
  simulation.traces.resize(simulation.plan.trace_size() * runs);
  return 0;
}

RP_EXPORT("advanceSimulation") double AdvanceSimulation(std::uint32_t draws_max) {
  Simulation& simulation = *workplace.simulation;
  const std::size_t trace_size = simulation.plan.trace_size();
  std::uint64_t drawn = 0;
  // To begin a run costs about as much as a draw of every item.
  for (std::uint64_t cost = 0; cost < draws_max;) {
    if (simulation.runner.has_ended()) {
      if (simulation.runs_begun == simulation.plan.options().runs) break;
      simulation.runner.Begin(
          simulation.runs_begun,
          std::span(simulation.traces).subspan(simulation.runs_begun * trace_size, trace_size));
      ++simulation.runs_begun;
      cost += simulation.plan.items().size();
    }
    const std::uint64_t step = simulation.runner.Advance(draws_max);
    drawn += step;
    cost += step + 1;
  }
  return static_cast<double>(drawn);
}

RP_EXPORT("simulationHasEnded") bool SimulationHasEnded() {
  const Simulation& simulation = *workplace.simulation;
  return simulation.runner.has_ended() && simulation.runs_begun == simulation.plan.options().runs;
}

RP_EXPORT("traces") int Traces() {
  workplace.output = std::as_bytes(std::span(workplace.simulation->traces));
  return 0;
}

RP_EXPORT("summarizeItem") int Summarize(ItemIndex item) {
  const Simulation& simulation = *workplace.simulation;
  const ItemSummary summary =
      SummarizeItem(simulation.plan, simulation.traces, item, workplace.quantiles);
  std::vector<double> numbers = {static_cast<double>(summary.drawn),
                                 static_cast<double>(summary.runs_with_one)};
  numbers.insert(numbers.end(), summary.mean_curve.begin(), summary.mean_curve.end());
  numbers.insert(numbers.end(), summary.quantile_curves.begin(), summary.quantile_curves.end());
  return GiveNumbers(std::move(numbers));
}

}  // namespace rewardpool::wasm
