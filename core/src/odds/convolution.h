// convolution.h - sums of independent numbers: products of their distributions.
//
// Short ones multiply term by term, long ones by a fast Fourier transform, whose
// error is about 1e-16 of the largest value and not of each.
//
// Threads: one owner.
#ifndef REWARDPOOL_CORE_SRC_ODDS_CONVOLUTION_H_
#define REWARDPOOL_CORE_SRC_ODDS_CONVOLUTION_H_

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace rewardpool::internal {

class Convolver {
 public:
  // sum[i + j] = the sum of a[i] b[j].
  // Requires: none of them empty, sum.size() == a.size() + b.size() - 1, and
  //           `sum` overlaps neither.
  void Convolve(std::span<const double> a, std::span<const double> b, std::span<double> sum);

  // means[i] = the sum over j of weights[j] values[i + j].
  // Requires: means.size() == values.size() - weights.size() + 1, and no overlap.
  void Correlate(std::span<const double> values, std::span<const double> weights,
                 std::span<double> means);

  // About how many multiplications either takes.
  [[nodiscard]] static double Work(std::size_t a, std::size_t b) noexcept;

 private:
  using Complex = std::complex<double>;

  void Prepare(std::size_t size);
  void Transform(std::span<Complex> values);
  // The cyclic product of work_'s real and imaginary parts, as real parts, with
  // the imaginary ones taken back to before they were multiplied by `balance`.
  void MultiplyParts(double balance);

  std::vector<Complex> work_;
  std::vector<Complex> product_;
  std::vector<Complex> roots_;  // of unity, the first half, for the largest size so far
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CORE_SRC_ODDS_CONVOLUTION_H_
