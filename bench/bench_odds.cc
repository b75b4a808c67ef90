// How long odds take: many items of which every one may run out, by the clocks.
//
// Names: <items>/<units of each at most>/<percent of the stock that is drawn>.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "rewardpool/odds.h"
#include "rewardpool/random.h"

namespace rewardpool {
namespace {

struct StockedPool {
  std::vector<OddsItem> items;  // no two alike, as good as surely
  std::uint64_t stock = 0;
};

StockedPool MakePool(std::int64_t items, std::int64_t units_max) {
  const auto random = MakeXoshiroRandom(1);
  StockedPool pool;
  for (std::int64_t i = 0; i < items; ++i) {
    const std::uint64_t units = 1 + UniformBelow(*random, static_cast<std::uint64_t>(units_max));
    pool.items.push_back({1 + UniformBelow(*random, 1'000'000'000), Quantity::Of(units)});
    pool.stock += units;
  }
  return pool;
}

void BM_OddsWithin(benchmark::State& state) {
  const StockedPool pool = MakePool(state.range(0), state.range(1));
  const Odds odds = Odds::Create(pool.items).value();
  const std::uint64_t draws = pool.stock * static_cast<std::uint64_t>(state.range(2)) / 100;
  double error = 0;
  OddsMethod method = OddsMethod::kCertain;
  for (auto _ : state) {
    const std::vector<DrawnOdds> within = odds.Within(draws).value();
    method = within.front().method;
    for (const DrawnOdds& item : within) error = std::max(error, item.error);
  }
  state.SetLabel(std::string(OddsMethodName(method)));
  state.counters["error"] = error;
}
BENCHMARK(BM_OddsWithin)
    ->Args({1'000, 1, 50})
    ->Args({5'000, 1, 50})
    ->Args({1'000, 10, 50})
    ->Args({5'000, 10, 50})
    ->Args({20, 10'000, 95})
    ->Unit(benchmark::kMillisecond);

void BM_OddsWaiting(benchmark::State& state) {
  const Odds odds = Odds::Create(MakePool(state.range(0), state.range(1)).items).value();
  for (auto _ : state) benchmark::DoNotOptimize(odds.Waiting());
}
BENCHMARK(BM_OddsWaiting)->Args({1'000, 1})->Args({5'000, 10})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rewardpool
