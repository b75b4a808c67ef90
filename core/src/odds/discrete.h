// discrete.h - Poisson and binomial probabilities, to nearly full precision for
// any size of their arguments.
//
// Source: C. Loader, "Fast and Accurate Computation of Binomial Probabilities",
// 2000: factorials by the remainder of Stirling's formula, and powers by the
// deviance, so that large terms never cancel. Tails are sums of terms, from the
// largest down: O(sqrt(mean)) of them.
//
// Threads: free functions without state.
#ifndef REWARDPOOL_CORE_SRC_ODDS_DISCRETE_H_
#define REWARDPOOL_CORE_SRC_ODDS_DISCRETE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rewardpool::internal {

// Probabilities of first, first + 1, ...
struct Distribution {
  std::uint64_t first = 0;
  std::vector<double> probabilities;
};

// P(N = n) for N Poisson with this mean >= 0.
[[nodiscard]] double PoissonTerm(std::uint64_t n, double mean) noexcept;
// P(N <= n) and P(N >= n). Each is summed itself, so that small ones are exact too.
[[nodiscard]] double PoissonAtMost(std::uint64_t n, double mean) noexcept;
[[nodiscard]] double PoissonAtLeast(std::uint64_t n, double mean) noexcept;
// P(N = first + i) for each entry i.
void PoissonTerms(std::uint64_t first, double mean, std::span<double> terms) noexcept;
// The numbers outside of [low, high] have less than `tail` on either side.
struct PoissonRange {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};
[[nodiscard]] PoissonRange PoissonBulk(double mean, double tail) noexcept;
// E min(N, quantity).
[[nodiscard]] double PoissonStopped(double mean, std::uint64_t quantity) noexcept;

// P(X = n) for X binomial: `draws` times a chance in [0, 1].
[[nodiscard]] double BinomialTerm(std::uint64_t n, std::uint64_t draws, double chance) noexcept;
// The bulk of a binomial, without less than `tail` on either side.
[[nodiscard]] Distribution BinomialBulk(std::uint64_t draws, double chance, double tail);

// A bound of P(X >= n) for X binomial: Chernoff's. 1 if n is not above the mean.
[[nodiscard]] double BinomialAtLeastBound(std::uint64_t n, std::uint64_t draws,
                                          double chance) noexcept;
// A bound, N Poisson, of P(N >= n) if n is above the mean, of P(N <= n) if below:
// Chernoff's. Also holds for a sum of independent Poisson numbers that are each
// stopped at some quantity, with the mean of that sum (docs/odds.md).
[[nodiscard]] double PoissonTailBound(double n, double mean) noexcept;

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_ODDS_DISCRETE_H_
