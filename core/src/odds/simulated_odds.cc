#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

#include "odds/discrete.h"
#include "odds/solver.h"
#include "rewardpool/random.h"
#include "rewardpool/selector.h"
#include "rewardpool/stock.h"

// A run need not make all of its draws. The clocks' rings up to a moment before
// which the draws in question have surely not come are independent numbers, each
// stopped at its quantity, and make a possible state of the pool with its right
// probability. From there on the pool's own selector draws the rest: about
// sqrt(draws) draws.

namespace rewardpool::internal {
namespace {

constexpr std::uint64_t kSeed = 0x0dd5;
constexpr int kRunsMin = 200;
constexpr int kRunsMax = 20'000;
// The moment to begin at is too late with this probability.
constexpr double kTooLate = 1e-13;
// Of a standard normal number: 0.1% is farther out, on both sides together.
constexpr double kDeviations = 3.2905;
constexpr double kOutside = 0.001;

double Uniform(Random& random) noexcept {
  return static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

// By inversion, from the mode outwards.
std::uint64_t PoissonNumber(double mean, Random& random) noexcept {
  double left = Uniform(random);
  const auto middle = static_cast<std::uint64_t>(mean);
  double up = PoissonTerm(middle, mean);
  double down = up;
  std::uint64_t high = middle;
  std::uint64_t low = middle;
  left -= up;
  while (left > 0 && (up > 0 || down > 0)) {
    up *= mean / static_cast<double>(++high);
    if ((left -= up) <= 0) return high;
    if (low == 0) continue;
    down *= static_cast<double>(low--) / mean;
    if ((left -= down) <= 0) return low;
  }
  return middle;
}

struct Moments {
  double sum = 0;
  double squares = 0;
  void Add(double value) noexcept {
    sum += value;
    squares += value * value;
  }
};

class SimulatedOdds {
 public:
  SimulatedOdds(const ItemClasses& items, const OddsQuestion& question)
      : items_(items), question_(question) {}

  [[nodiscard]] OddsAnswer Solve(double work_max);

 private:
  void ChooseBeginning();
  void Run();
  [[nodiscard]] OddsAnswer Answer() const;

  const ItemClasses& items_;
  const OddsQuestion question_;
  const std::unique_ptr<Random> random_ = MakeXoshiroRandom(kSeed);
  const std::unique_ptr<Selector> selector_ = MakeSelector("auto").value();
  double beginning_ = 0;  // time
  double mean_at_beginning_ = 0;
  Stock stock_;
  std::vector<Weight> weights_;
  std::vector<std::uint64_t> counts_;
  std::vector<ItemIndex> picks_;

  std::uint64_t runs_ = 0;
  std::vector<Moments> drawn_;       // of each class's first item
  std::vector<std::uint64_t> hits_;  // runs with at least one
  std::vector<Moments> next_;
  std::vector<std::uint64_t> asked_counts_;
};

void SimulatedOdds::ChooseBeginning() {
  const auto wanted = static_cast<double>(question_.draws);
  double early = std::log(wanted) - 1 + std::log(kTooLate) / wanted;
  double late = 100;  // rates are doubles of 63-bit fractions
  for (int step = 0; step < 60; ++step) {
    const double middle = (early + late) / 2;
    double mean = 0;
    for (const ItemClass& item : items_.classes()) {
      mean += static_cast<double>(item.copies) *
              PoissonStopped(item.rate * std::exp(middle), item.quantity);
    }
    if (mean < wanted && PoissonTailBound(wanted, mean) < kTooLate) {
      early = middle;
      mean_at_beginning_ = mean;
    } else {
      late = middle;
    }
  }
  beginning_ = std::exp(early);
}

void SimulatedOdds::Run() {
  std::uint64_t drawn = 0;
  std::size_t position = 0;
  for (const ItemClass& item : items_.classes()) {
    for (std::uint64_t copy = 0; copy < item.copies; ++copy, ++position) {
      counts_[position] = std::min(PoissonNumber(item.rate * beginning_, *random_), item.quantity);
      drawn += counts_[position];
    }
  }
  if (drawn > question_.draws) {
    // As good as impossible: begin at the beginning.
    std::fill(counts_.begin(), counts_.end(), 0);
    drawn = 0;
  }
  position = 0;
  for (const ItemClass& item : items_.classes()) {
    for (std::uint64_t copy = 0; copy < item.copies; ++copy, ++position) {
      const Quantity left = item.quantity == kWithoutEnd
                                ? Quantity::Unlimited()
                                : Quantity::Of(item.quantity - counts_[position]);
      stock_.Set(static_cast<ItemIndex>(position), {.left = left, .drawn = counts_[position]});
      weights_[position] = left.is_zero() ? 0 : item.weight;
    }
  }
  selector_->Assign(weights_);
  while (drawn < question_.draws) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(question_.draws - drawn, picks_.size()));
    drawn += selector_->DrawMany(*random_, stock_, std::span(picks_).first(wanted));
  }

  position = 0;
  const double rest = static_cast<double>(selector_->total());
  for (std::size_t c = 0; c < items_.classes().size(); ++c) {
    const Stock::Entry& entry = stock_[static_cast<ItemIndex>(position)];
    drawn_[c].Add(static_cast<double>(entry.drawn));
    hits_[c] += entry.drawn > 0 ? 1 : 0;
    if (question_.wants_next && !entry.left.is_zero()) {
      next_[c].Add(static_cast<double>(items_.classes()[c].weight) / rest);
    }
    if (question_.count_of == c) asked_counts_.push_back(entry.drawn);
    position += static_cast<std::size_t>(items_.classes()[c].copies);
  }
  ++runs_;
}

OddsAnswer SimulatedOdds::Answer() const {
  OddsAnswer answer;
  const auto runs = static_cast<double>(runs_);
  const double spread = kDeviations * kDeviations;
  // A sample of equal values has no deviation, and yet is not certain.
  const auto half_width = [&](const Moments& moments, double unit) {
    const double mean = moments.sum / runs;
    const double variance = std::max(0.0, moments.squares / runs - mean * mean);
    return kDeviations * std::sqrt(variance / (runs - 1)) + unit * spread / runs;
  };
  for (std::size_t c = 0; c < items_.classes().size(); ++c) {
    const double share = static_cast<double>(hits_[c]) / runs;
    // E. B. Wilson, "Probable Inference", JASA 22, 1927.
    const double middle = (share + spread / (2 * runs)) / (1 + spread / runs);
    const double half = kDeviations / (1 + spread / runs) *
                        std::sqrt(share * (1 - share) / runs + spread / (4 * runs * runs));
    double error = std::abs(middle - share) + half;
    error = std::max(error, half_width(drawn_[c], 1));
    answer.expected.push_back(drawn_[c].sum / runs);
    answer.at_least_one.push_back(share);
    if (question_.wants_next) {
      answer.next.push_back(next_[c].sum / runs);
      error = std::max(error, half_width(next_[c], answer.next.back()));
    }
    answer.errors.push_back(error);
  }
  if (question_.count_of) {
    std::vector<std::uint64_t> counts = asked_counts_;
    std::sort(counts.begin(), counts.end());
    answer.count.certain = counts.front();
    for (std::uint64_t n = counts.front() + 1; n <= counts.back(); ++n) {
      const auto below = std::lower_bound(counts.begin(), counts.end(), n) - counts.begin();
      answer.count.at_least.push_back(1 - static_cast<double>(below) / runs);
    }
    // P. Massart, "The Tight Constant in the Dvoretzky-Kiefer-Wolfowitz
    // Inequality", Annals of Probability 18(3), 1990.
    answer.count_error = std::sqrt(std::log(2 / kOutside) / (2 * runs));
  }
  return answer;
}

OddsAnswer SimulatedOdds::Solve(double work_max) {
  ChooseBeginning();
  std::size_t item_count = 0;
  double work = 1000;
  for (const ItemClass& item : items_.classes()) {
    const auto copies = static_cast<double>(item.copies);
    item_count += static_cast<std::size_t>(item.copies);
    work += copies * (100 + 10 * std::sqrt(item.rate * beginning_));
  }
  // Draws cost more than additions.
  work += 30 * (static_cast<double>(question_.draws) - mean_at_beginning_);
  counts_.resize(item_count);
  weights_.resize(item_count);
  stock_.Resize(item_count);
  picks_.resize(4096);
  const std::size_t class_count = items_.classes().size();
  drawn_.resize(class_count);
  hits_.resize(class_count);
  next_.resize(class_count);
  const int runs = static_cast<int>(
      std::clamp(work_max / work, static_cast<double>(kRunsMin), static_cast<double>(kRunsMax)));
  for (int run = 0; run < runs; ++run) Run();
  return Answer();
}

}  // namespace

OddsAnswer SolveBySimulation(const ItemClasses& items, const OddsQuestion& question,
                             double work_max) {
  return SimulatedOdds(items, question).Solve(work_max);
}

}  // namespace rewardpool::internal
