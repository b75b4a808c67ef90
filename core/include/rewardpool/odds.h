// odds.h - what a pool's next draws will bring: exact odds of the next one, and
// probabilities and expectations over many, with the stock leaving.
//
// Nothing is drawn. The next draw's odds are exact fractions. Everything else is
// a double with the method that gave it and a bound of its error; the
// mathematics are in docs/odds.md. Methods, the first that fits is taken:
//
//   certain              it follows from the stock alone
//   binomial             no stock can run out, or with a probability that is
//                        part of the error
//   dynamic-programming  the probability of every state of a small pool
//   poisson-clocks       an integral over independent clocks, one for each item
//   monte-carlo          what would take the others too long: simulated, with a
//                        fixed seed; the error is the half width of a 99.9%
//                        interval (Wilson's for probabilities)
//
// All but the last are exact up to the error. Equal items (weight and quantity)
// cost as much as one.
//
// Threads: const methods are safe concurrently.
#ifndef REWARDPOOL_ODDS_H_
#define REWARDPOOL_ODDS_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/status.h"

namespace rewardpool {

// The farthest that odds look ahead.
inline constexpr std::uint64_t kOddsDrawsMax = 1'000'000'000'000;

// All that odds need to know of an item.
struct OddsItem {
  Weight weight = 0;
  Quantity quantity = Quantity::Unlimited();
};

enum class OddsMethod { kCertain, kBinomial, kDynamicProgramming, kPoissonClocks, kMonteCarlo };

// "certain", "binomial", "dynamic-programming", "poisson-clocks", "monte-carlo":
// part of the public surface.
[[nodiscard]] std::string_view OddsMethodName(OddsMethod method) noexcept;

// A chance as a fraction: an item's weight over the weight of all that is in
// stock. 0 of 1 if nothing can be drawn.
struct ExactOdds {
  Weight numerator = 0;
  Weight denominator = 1;

  friend bool operator==(const ExactOdds&, const ExactOdds&) = default;
};

// What a number of draws brings of one item.
struct DrawnOdds {
  double expected = 0;      // units, on average
  double at_least_one = 0;  // probability
  OddsMethod method = OddsMethod::kCertain;
  double error = 0;  // neither of the two is off by more
};

// The distribution of the number of units of one item. Entries are for first,
// first + 1, ... units; what is left out has a probability below 1e-15 in all.
struct CountOdds {
  std::uint64_t first = 0;
  std::vector<double> exactly;
  std::vector<double> at_least;
  OddsMethod method = OddsMethod::kCertain;
  double error = 0;  // no entry is off by more
};

// What is expected after a number of draws; one entry for each item.
struct OddsPoint {
  std::uint64_t draws = 0;
  std::vector<double> expected;  // units drawn, on average
  std::vector<double> next;      // probability that the draw after these brings the item
  OddsMethod method = OddsMethod::kCertain;
  double error = 0;  // no entry is off by more
};

// How many draws something takes on average, that draw included. Infinite if
// it cannot happen.
struct WaitingDraws {
  double until_first = std::numeric_limits<double>::infinity();
  double until_gone = std::numeric_limits<double>::infinity();  // 0: none is left
};

namespace internal {
class ItemClasses;
}

class Odds {
 public:
  // Errors: kInvalidArgument (a weight or the sum of weights above kWeightMax,
  //         more than kItemsMax items).
  // Cost:   O(n log n).
  [[nodiscard]] static Result<Odds> Create(std::span<const OddsItem> items);

  Odds(Odds&&) noexcept;
  Odds& operator=(Odds&&) noexcept;
  ~Odds();

  [[nodiscard]] std::size_t size() const noexcept;

  // The chance of the next draw. Requires index < size(). Cost: O(1).
  [[nodiscard]] ExactOdds Next(ItemIndex index) const noexcept;

  // What the next `draws` draws bring, for each item. `method`: that one or
  // none, for tests that let methods judge each other; kCertain is not asked for.
  //
  // Requires: draws <= kOddsDrawsMax.
  // Errors:   kUnsupported if `method` cannot serve this pool.
  // Cost:     see docs/odds.md; thousands of different items take about a second.
  [[nodiscard]] Result<std::vector<DrawnOdds>> Within(
      std::uint64_t draws, std::optional<OddsMethod> method = std::nullopt) const;

  // The distribution of one item's count. As Within(). Requires index < size().
  [[nodiscard]] Result<CountOdds> CountWithin(
      ItemIndex index, std::uint64_t draws, std::optional<OddsMethod> method = std::nullopt) const;

  // What is expected after each of these numbers of draws. As Within(), for each
  // of them; in the same order.
  [[nodiscard]] Result<std::vector<OddsPoint>> Course(
      std::span<const std::uint64_t> draws, std::optional<OddsMethod> method = std::nullopt) const;

  // How long each item takes to come, and to be gone. Relative error below 1e-9.
  // Cost: O(n) evaluations at some thousand moments.
  [[nodiscard]] std::vector<WaitingDraws> Waiting() const;

 private:
  explicit Odds(std::unique_ptr<const internal::ItemClasses> classes);

  std::unique_ptr<const internal::ItemClasses> classes_;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_ODDS_H_
