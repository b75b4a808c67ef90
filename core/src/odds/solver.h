// solver.h - the methods by which odds over many draws are found. Each answers
// the same questions; docs/odds.md has the mathematics of all.
//
// Requires of every method: the pool can serve all the draws asked about
// (total_stock() > draws); the rest is certain and answered before.
//
// Threads: free functions without state.
#ifndef REWARDPOOL_CORE_SRC_ODDS_SOLVER_H_
#define REWARDPOOL_CORE_SRC_ODDS_SOLVER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "odds/discrete.h"
#include "odds/item_classes.h"

namespace rewardpool::internal {

struct OddsQuestion {
  std::uint64_t draws = 1;
  // Also: what the draw after these brings.
  bool wants_next = false;
  // Also: the distribution of the count of an item of this class.
  std::optional<std::size_t> count_of;

  // Stock of this much cannot run out as far as the question looks.
  [[nodiscard]] std::uint64_t horizon() const noexcept { return draws + (wants_next ? 1 : 0); }
};

// A number that is at least `certain`: P(number >= certain + 1 + i) for each entry,
// and 0 behind the last.
struct CountTail {
  std::uint64_t certain = 0;
  std::vector<double> at_least;
};

struct OddsAnswer {
  // One entry for each class, about one item of it.
  std::vector<double> expected;
  std::vector<double> at_least_one;
  std::vector<double> next;    // only if asked for
  std::vector<double> errors;  // of any of the three
  CountTail count;             // only if asked for
  double count_error = 0;
};

// Independent draws, if the stock is so large that it makes no difference.
[[nodiscard]] std::optional<OddsAnswer> SolveByBinomial(const ItemClasses& items,
                                                        const OddsQuestion& question);

// Dynamic programming over the states of the stock, all questions in one sweep;
// none if there are too many states. Requires: increasing numbers of draws.
[[nodiscard]] std::optional<std::vector<OddsAnswer>> SolveByStates(
    const ItemClasses& items, std::span<const OddsQuestion> questions);

// The integral over Poisson clocks; none if it takes more than about `work_max`
// multiplications, which are then taken off it.
[[nodiscard]] std::optional<OddsAnswer> SolveByClocks(const ItemClasses& items,
                                                      const OddsQuestion& question,
                                                      double& work_max);

// Simulation, with about so many steps.
[[nodiscard]] OddsAnswer SolveBySimulation(const ItemClasses& items, const OddsQuestion& question,
                                           double work_max);

// Until the first unit of an item of each class, and until the last.
[[nodiscard]] std::vector<WaitingDraws> SolveWaiting(const ItemClasses& items);

// Requires: not empty.
[[nodiscard]] CountTail TailOf(Distribution exactly);

// What one item gets of the draws of all those that do not run out: of m such
// draws a binomial number with chance `share`. `total` is the distribution of m.
struct ShareOdds {
  double expected = 0;
  double at_least_one = 0;
};
[[nodiscard]] ShareOdds ShareOf(const CountTail& total, double share);
[[nodiscard]] CountTail ShareCount(const CountTail& total, double share);

// Probabilities at the edge of a distribution that nobody misses.
inline constexpr double kTailNegligible = 1e-17;

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_ODDS_SOLVER_H_
