#include "odds/convolution.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <utility>

namespace rewardpool::internal {
namespace {

// Measured: about here a transform is as fast as multiplying term by term.
constexpr std::size_t kDirectLengthMax = 4096;
// What a transform costs for each value and halving, in such multiplications.
constexpr double kTransformWork = 150;

bool IsDirect(std::size_t a, std::size_t b) noexcept { return std::min(a, b) <= kDirectLengthMax; }

double Dot(const double* a, const double* b, std::size_t size) noexcept {
  // Four sums, so that the additions need not wait for one another.
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < size; ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// out[i] += factors[0] in[i] + ... + factors[3] in[i + 3]: four at once, so that
// `out` is loaded and stored a fourth as often.
void AddFour(const double* in, const double* factors, double* out, std::size_t size) noexcept {
  const double f0 = factors[0];
  const double f1 = factors[1];
  const double f2 = factors[2];
  const double f3 = factors[3];
  for (std::size_t i = 0; i < size; ++i) {
    out[i] += (f0 * in[i] + f1 * in[i + 1]) + (f2 * in[i + 2] + f3 * in[i + 3]);
  }
}

void AddOne(const double* in, double factor, double* out, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) out[i] += factor * in[i];
}

// sum = a b; requires a.size() >= b.size().
void ConvolveDirectly(std::span<const double> a, std::span<const double> b,
                      std::span<double> sum) noexcept {
  std::fill(sum.begin(), sum.end(), 0.0);
  std::size_t j = 0;
  for (; j + 4 <= b.size(); j += 4) {
    // sum[j + i] gets b[j] a[i] + ... + b[j + 3] a[i - 3].
    const double backwards[4] = {b[j + 3], b[j + 2], b[j + 1], b[j]};
    double* const out = sum.data() + j;
    AddFour(a.data(), backwards, out + 3, a.size() - 3);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t k = 0; k <= i; ++k) out[i] += b[j + k] * a[i - k];
      for (std::size_t k = i + 1; k < 4; ++k) out[a.size() + i] += b[j + k] * a[a.size() + i - k];
    }
  }
  for (; j < b.size(); ++j) AddOne(a.data(), b[j], sum.data() + j, a.size());
}

void CorrelateDirectly(std::span<const double> values, std::span<const double> weights,
                       std::span<double> means) noexcept {
  constexpr std::size_t kShort = 8;
  if (means.size() < kShort) {
    for (std::size_t i = 0; i < means.size(); ++i) {
      means[i] = Dot(values.data() + i, weights.data(), weights.size());
    }
    return;
  }
  std::fill(means.begin(), means.end(), 0.0);
  std::size_t j = 0;
  for (; j + 4 <= weights.size(); j += 4) {
    AddFour(values.data() + j, weights.data() + j, means.data(), means.size());
  }
  for (; j < weights.size(); ++j) {
    AddOne(values.data() + j, weights[j], means.data(), means.size());
  }
}

// Both parts of a transform share its rounding, so they should be of one size.
double Balance(std::span<const double> a, std::span<const double> b) noexcept {
  const double sum_a = std::accumulate(a.begin(), a.end(), 0.0);
  const double sum_b = std::accumulate(b.begin(), b.end(), 0.0);
  return sum_a > 0 && sum_b > 0 ? sum_a / sum_b : 1;
}

}  // namespace

double Convolver::Work(std::size_t a, std::size_t b) noexcept {
  if (IsDirect(a, b)) return static_cast<double>(a) * static_cast<double>(b);
  const auto size = static_cast<double>(std::bit_ceil(a + b));
  return kTransformWork * size * std::log2(size);
}

void Convolver::Convolve(std::span<const double> a, std::span<const double> b,
                         std::span<double> sum) {
  assert(sum.size() == a.size() + b.size() - 1);
  if (a.size() < b.size()) std::swap(a, b);
  if (IsDirect(a.size(), b.size())) {
    ConvolveDirectly(a, b, sum);
    return;
  }
  Prepare(std::bit_ceil(sum.size()));
  const double balance = Balance(a, b);
  for (std::size_t i = 0; i < a.size(); ++i) work_[i].real(a[i]);
  for (std::size_t j = 0; j < b.size(); ++j) work_[j].imag(b[j] * balance);
  MultiplyParts(balance);
  // Rounding may leave tiny negative values.
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = std::max(0.0, work_[i].real());
}

void Convolver::Correlate(std::span<const double> values, std::span<const double> weights,
                          std::span<double> means) {
  assert(means.size() == values.size() - weights.size() + 1);
  if (IsDirect(means.size(), weights.size())) {
    CorrelateDirectly(values, weights, means);
    return;
  }
  // A product with the weights backwards; what wraps around does not reach the
  // entries that are wanted.
  Prepare(std::bit_ceil(values.size()));
  const double balance = Balance(values, weights);
  for (std::size_t i = 0; i < values.size(); ++i) work_[i].real(values[i]);
  for (std::size_t j = 0; j < weights.size(); ++j) {
    work_[weights.size() - 1 - j].imag(weights[j] * balance);
  }
  MultiplyParts(balance);
  for (std::size_t i = 0; i < means.size(); ++i) {
    means[i] = std::max(0.0, work_[i + weights.size() - 1].real());
  }
}

void Convolver::Prepare(std::size_t size) {
  work_.assign(size, Complex());
  product_.resize(size);
  if (roots_.size() >= size / 2) return;
  roots_.resize(size / 2);
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
    roots_[i] = {std::cos(angle), std::sin(angle)};
  }
}

// Cooley and Tukey's, in place.
void Convolver::Transform(std::span<Complex> values) {
  const std::size_t size = values.size();
  for (std::size_t i = 1, j = 0; i < size; ++i) {
    std::size_t bit = size >> 1;
    for (; (j & bit) != 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(values[i], values[j]);
  }
  for (std::size_t half = 1; half < size; half *= 2) {
    const std::size_t stride = roots_.size() / half;
    for (std::size_t start = 0; start < size; start += 2 * half) {
      for (std::size_t i = 0; i < half; ++i) {
        const Complex root = roots_[i * stride];
        const Complex upper = values[start + half + i];
        // By hand: the standard's product looks after infinities.
        const Complex turned(upper.real() * root.real() - upper.imag() * root.imag(),
                             upper.real() * root.imag() + upper.imag() * root.real());
        const Complex lower = values[start + i];
        values[start + i] = lower + turned;
        values[start + half + i] = lower - turned;
      }
    }
  }
}

void Convolver::MultiplyParts(double balance) {
  const std::size_t size = work_.size();
  Transform(work_);
  // With F = A + iB: A B = (F(k)^2 - conj(F(-k))^2) / 4i. The second transform is
  // run forward on the conjugate, which gives the inverse's conjugate.
  const double scale = 1 / (4 * static_cast<double>(size) * balance);
  for (std::size_t k = 0; k < size; ++k) {
    const Complex here = work_[k];
    const Complex there = work_[(size - k) & (size - 1)];
    const double real = here.real() * here.real() - here.imag() * here.imag() -
                        there.real() * there.real() + there.imag() * there.imag();
    const double imag = 2 * here.real() * here.imag() + 2 * there.real() * there.imag();
    // (real + i imag) / i = imag - i real, and its conjugate.
    product_[k] = {imag * scale, real * scale};
  }
  std::swap(work_, product_);
  Transform(work_);
}

}  // namespace rewardpool::internal
