// simulation.h - makes the draws of a pool many times over, without a pool: the
// same selectors and generator, no log. What happened is counted.
//
// A plan says what is to be drawn. Runners make runs, one after the other, each
// a piece at a time, so that whoever drives them can stop in between: threads
// share a plan and have a runner each; a message loop has one runner and lets
// other messages in between its pieces. Run r draws exactly what a pool with these
// items would draw from MakeXoshiroRandom(seed + r), so that the result depends on
// the plan alone, whoever makes which run.
//
// Threads: a plan is never changed; a runner has one owner.
#ifndef REWARDPOOL_SIMULATION_H_
#define REWARDPOOL_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/odds.h"
#include "rewardpool/random.h"
#include "rewardpool/selector.h"
#include "rewardpool/status.h"
#include "rewardpool/stock.h"

namespace rewardpool {

inline constexpr std::uint64_t kSimulationRunsMax = 10'000'000;
inline constexpr std::uint64_t kSimulationDrawsMax = std::numeric_limits<std::uint32_t>::max();
// Runs times points times items.
inline constexpr std::uint64_t kSimulationCellsMax = std::uint64_t{1} << 27;

struct SimulationOptions {
  std::uint64_t runs = 1;   // 1 to kSimulationRunsMax
  std::uint64_t draws = 1;  // of each run, 1 to kSimulationDrawsMax
  std::uint64_t seed = 0;   // of run 0; run r has seed + r, modulo 2^64
  std::string selector = "auto";
  // After how many draws the counts are noted: increasing, 0 to draws. Empty:
  // after the last one alone.
  std::vector<std::uint64_t> points = {};
};

class SimulationPlan {
 public:
  // Errors: kInvalidArgument (an option, an unknown selector, too many cells, or
  //         weights that Odds::Create() refuses).
  [[nodiscard]] static Result<SimulationPlan> Create(std::vector<OddsItem> items,
                                                     SimulationOptions options);

  [[nodiscard]] std::span<const OddsItem> items() const noexcept { return items_; }
  [[nodiscard]] const SimulationOptions& options() const noexcept { return options_; }
  // Never empty.
  [[nodiscard]] std::span<const std::uint64_t> points() const noexcept { return options_.points; }
  // Numbers that one run notes: for each point, each item's count.
  [[nodiscard]] std::size_t trace_size() const noexcept {
    return options_.points.size() * items_.size();
  }

 private:
  SimulationPlan(std::vector<OddsItem> items, SimulationOptions options)
      : items_(std::move(items)), options_(std::move(options)) {}

  std::vector<OddsItem> items_;
  SimulationOptions options_;
};

class SimulationRunner {
 public:
  // `plan` must outlive the runner.
  explicit SimulationRunner(const SimulationPlan& plan);

  // Begins a run, from the full stock. How many of item i there were after
  // points()[p] draws goes to trace[p * items().size() + i]; the memory is the
  // caller's until the run has ended.
  // Requires: run < runs, trace.size() == trace_size().
  void Begin(std::uint64_t run, std::span<std::uint32_t> trace);

  // Makes up to `draws_max` draws of the run.
  // Returns: how many; 0 once the run has ended.
  std::uint64_t Advance(std::uint64_t draws_max);

  // The run has made all its draws, or the pool is exhausted.
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
  // Draws of the run so far.
  [[nodiscard]] std::uint64_t drawn() const noexcept { return drawn_; }

 private:
  void NoteReachedPoints();

  const SimulationPlan& plan_;
  const std::unique_ptr<Selector> selector_;
  std::unique_ptr<Random> random_;
  std::vector<Weight> weights_;
  Stock stock_;
  std::vector<ItemIndex> picks_;
  std::span<std::uint32_t> trace_;
  std::size_t next_point_ = 0;
  std::uint64_t drawn_ = 0;
  bool has_ended_ = true;
};

// One item over all runs.
struct ItemSummary {
  std::uint64_t drawn = 0;          // by all runs, at the last point
  std::uint64_t runs_with_one = 0;  // had at least one by then
  std::vector<double> mean_curve;   // for each point
  // For each point, for each quantile asked for: [point * quantiles + quantile].
  std::vector<std::uint32_t> quantile_curves;
};

// `traces`: those of all runs, one after the other. `quantiles`: 0 to 1 each; the
// one of q is the smallest count that at least the share q of the runs does not
// exceed.
// Cost: sorts runs for each item and point.
[[nodiscard]] ItemSummary SummarizeItem(const SimulationPlan& plan,
                                        std::span<const std::uint32_t> traces, ItemIndex item,
                                        std::span<const double> quantiles);

}  // namespace rewardpool

#endif  // REWARDPOOL_SIMULATION_H_
