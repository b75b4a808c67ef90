#include "rewardpool/native/parallel_simulation.h"

#include <gtest/gtest.h>

#include <vector>

namespace rewardpool::native {
namespace {

SimulationPlan Plan(std::uint64_t runs, std::uint64_t draws) {
  const std::vector<OddsItem> items{
      {5, Quantity::Of(30)}, {20, Quantity::Of(100)}, {75, Quantity::Unlimited()}};
  return SimulationPlan::Create(items, {.runs = runs, .draws = draws, .seed = 5, .points = {draws}})
      .value();
}

bool GoOn(std::uint64_t /*draws_done*/) { return true; }

TEST(ParallelSimulationTest, AnyNumberOfThreadsGivesWhatOneRunnerDoes) {
  const SimulationPlan plan = Plan(101, 300);
  std::vector<std::uint32_t> expected(101 * plan.trace_size());
  SimulationRunner runner(plan);
  for (std::uint64_t run = 0; run < 101; ++run) {
    runner.Begin(run, std::span(expected).subspan(run * plan.trace_size(), plan.trace_size()));
    while (!runner.has_ended()) (void)runner.Advance(50);
  }
  for (const unsigned threads : {0u, 1u, 3u, 200u}) {
    EXPECT_EQ(SimulateInParallel(plan, threads, GoOn).value(), expected);
  }
}

TEST(ParallelSimulationTest, ProgressGrowsAndEndsWithAllDraws) {
  const SimulationPlan plan = Plan(40, 1'000'000);
  std::uint64_t last = 0;
  const auto traces = SimulateInParallel(plan, 2, [&](std::uint64_t done) {
    EXPECT_GE(done, last);
    last = done;
    return true;
  });
  ASSERT_TRUE(traces.ok());
  EXPECT_EQ(last, 40'000'000u);
}

TEST(ParallelSimulationTest, ItEndsWhenItIsTold) {
  // Hours of draws.
  const SimulationPlan plan = Plan(100'000, kSimulationDrawsMax);
  std::uint64_t done = 0;
  const auto traces = SimulateInParallel(plan, 2, [&](std::uint64_t draws_done) {
    done = draws_done;
    return false;
  });
  EXPECT_EQ(traces.status().code(), StatusCode::kClosed);
  EXPECT_LT(done, plan.options().runs * plan.options().draws);
}

}  // namespace
}  // namespace rewardpool::native
