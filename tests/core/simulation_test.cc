// Simulations are the draws that a pool would make, however they are cut up.
#include "rewardpool/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "rewardpool/item_table.h"
#include "rewardpool/pool_state.h"

namespace rewardpool {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<OddsItem> kItems = {{5, Quantity::Of(30)},
                                      {0, Quantity::Unlimited()},
                                      {20, Quantity::Of(100)},
                                      {7, Quantity::Of(0)},
                                      {75, Quantity::Of(500)}};

// All traces, by pieces of this many draws.
std::vector<std::uint32_t> Simulate(const SimulationPlan& plan, std::uint64_t piece) {
  std::vector<std::uint32_t> traces(plan.options().runs * plan.trace_size());
  SimulationRunner runner(plan);
  for (std::uint64_t run = 0; run < plan.options().runs; ++run) {
    runner.Begin(run, std::span(traces).subspan(run * plan.trace_size(), plan.trace_size()));
    while (!runner.has_ended()) EXPECT_LE(runner.Advance(piece), piece);
    EXPECT_EQ(runner.Advance(piece), 0u);
  }
  return traces;
}

SimulationPlan Plan(SimulationOptions options, std::vector<OddsItem> items = kItems) {
  return SimulationPlan::Create(std::move(items), std::move(options)).value();
}

TEST(SimulationTest, EveryRunIsWhatAPoolWithThatSeedDraws) {
  const SimulationPlan plan = Plan({.runs = 5, .draws = 600, .seed = ~std::uint64_t{0} - 1});
  const std::vector<std::uint32_t> traces = Simulate(plan, 1'000);
  for (std::uint64_t run = 0; run < 5; ++run) {
    std::vector<Item> catalog;
    for (std::size_t i = 0; i < kItems.size(); ++i) {
      catalog.push_back({std::to_string(i), kItems[i].weight, kItems[i].quantity});
    }
    PoolState pool(ItemTable::Create(catalog).value(), MakeSelector("auto").value());
    const auto random = MakeXoshiroRandom(plan.options().seed + run);
    std::vector<ItemIndex> picks(600);
    ASSERT_EQ(pool.StageDraws(*random, picks), 600u);
    for (ItemIndex i = 0; i < kItems.size(); ++i) {
      EXPECT_EQ(traces[run * kItems.size() + i], pool.items().stock()[i].drawn);
    }
  }
}

TEST(SimulationTest, PiecesOfAnySizeGiveTheSameCounts) {
  for (const char* const selector : {"auto", "envelope", "linear"}) {
    const SimulationPlan plan = Plan({.runs = 4,
                                      .draws = 5'000,
                                      .seed = 3,
                                      .selector = selector,
                                      .points = {0, 1, 100, 629, 630}});
    const std::vector<std::uint32_t> whole = Simulate(plan, 1'000'000);
    for (const std::uint64_t piece : {1u, 7u, 4'096u}) EXPECT_EQ(Simulate(plan, piece), whole);
  }
}

TEST(SimulationTest, PointsNoteTheCountsOnTheWay) {
  const SimulationPlan plan =
      Plan({.runs = 3, .draws = 600, .seed = 9, .points = {0, 10, 250, 600}});
  const std::vector<std::uint32_t> traces = Simulate(plan, 33);
  const std::uint64_t points[] = {0, 10, 250, 600};
  for (std::size_t run = 0; run < 3; ++run) {
    for (std::size_t p = 0; p < 4; ++p) {
      const SimulationPlan shorter =
          Plan({.runs = 1, .draws = std::max<std::uint64_t>(1, points[p]), .seed = 9 + run});
      const std::vector<std::uint32_t> alone = Simulate(shorter, 600);
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < kItems.size(); ++i) {
        const std::uint32_t count = traces[run * plan.trace_size() + p * kItems.size() + i];
        sum += count;
        EXPECT_EQ(count, points[p] == 0 ? 0 : alone[i]);
      }
      EXPECT_EQ(sum, points[p]);
    }
  }
}

TEST(SimulationTest, AnExhaustedPoolStaysAsItIs) {
  const SimulationPlan plan =
      Plan({.runs = 2, .draws = 2'000, .seed = 1, .points = {629, 630, 1'999}});
  const std::vector<std::uint32_t> traces = Simulate(plan, 500);
  for (const std::size_t run : {0u, 1u}) {
    const auto* const last = traces.data() + run * plan.trace_size() + 2 * kItems.size();
    EXPECT_THAT(std::vector<std::uint32_t>(last, last + kItems.size()),
                ElementsAre(30, 0, 100, 0, 500));
  }
}

TEST(SimulationTest, APoolWithoutAnythingEndsAtOnce) {
  for (const auto& items :
       {std::vector<OddsItem>{}, {{5, Quantity::Of(0)}, {0, Quantity::Of(9)}}}) {
    const SimulationPlan plan = Plan({.runs = 2, .draws = 10, .points = {0, 5, 10}}, items);
    EXPECT_THAT(Simulate(plan, 3), Each(0u));
  }
}

TEST(SimulationTest, SummariesCountAndSort) {
  const SimulationPlan plan = Plan({.runs = 4, .draws = 8, .points = {4, 8}},
                                   {{1, Quantity::Unlimited()}, {1, Quantity::Unlimited()}});
  // [run][point][item]
  const std::vector<std::uint32_t> traces{1, 3, 2, 6, 0, 4, 0, 8, 3, 1, 5, 3, 4, 0, 8, 0};
  const double quantiles[] = {0, 0.25, 0.5, 0.75, 1};
  const ItemSummary summary = SummarizeItem(plan, traces, 0, quantiles);
  EXPECT_EQ(summary.drawn, 15u);
  EXPECT_EQ(summary.runs_with_one, 3u);
  EXPECT_THAT(summary.mean_curve, ElementsAre(2.0, 3.75));
  EXPECT_THAT(summary.quantile_curves, ElementsAre(0, 0, 1, 3, 4, 0, 0, 2, 5, 8));
}

// Mean counts against exact expectations: 20,000 runs, fixed seed; a fair program
// would be farther off than 5 deviations with a chance of 1 in 300,000 an item.
TEST(SimulationTest, MeansAreNearTheExactExpectations) {
  const SimulationPlan plan = Plan({.runs = 20'000, .draws = 400, .seed = 77});
  const std::vector<std::uint32_t> traces = Simulate(plan, 400);
  const std::vector<DrawnOdds> odds = Odds::Create(kItems).value().Within(400).value();
  for (ItemIndex i = 0; i < kItems.size(); ++i) {
    double sum = 0;
    double squares = 0;
    for (std::uint64_t run = 0; run < 20'000; ++run) {
      const double count = traces[run * kItems.size() + i];
      sum += count;
      squares += count * count;
    }
    const double mean = sum / 20'000;
    const double deviation = std::sqrt(std::max(0.0, squares / 20'000 - mean * mean) / 20'000);
    EXPECT_NEAR(mean, odds[i].expected, 5 * deviation + 1e-12);
  }
}

TEST(SimulationTest, BadPlansAreRefused) {
  const auto reason = [](SimulationOptions options, std::vector<OddsItem> items = kItems) {
    const Status status = SimulationPlan::Create(std::move(items), std::move(options)).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message();
  };
  EXPECT_THAT(reason({.runs = 0}), HasSubstr("runs must be"));
  EXPECT_THAT(reason({.runs = kSimulationRunsMax + 1}), HasSubstr("runs must be"));
  EXPECT_THAT(reason({.draws = 0}), HasSubstr("draws must be"));
  EXPECT_THAT(reason({.draws = kSimulationDrawsMax + 1}), HasSubstr("draws must be"));
  EXPECT_THAT(reason({.selector = "best"}), HasSubstr("best"));
  EXPECT_THAT(reason({.draws = 5, .points = {6}}), HasSubstr("behind the last draw"));
  EXPECT_THAT(reason({.draws = 5, .points = {3, 3}}), HasSubstr("increase"));
  EXPECT_THAT(reason({.runs = 10'000'000, .draws = 20, .points = {1, 2, 3}}),
              HasSubstr("at most 134217728"));
  EXPECT_THAT(reason({}, {{kWeightMax, Quantity::Unlimited()}, {1, Quantity::Unlimited()}}),
              HasSubstr("sum of weights"));
}

}  // namespace
}  // namespace rewardpool
