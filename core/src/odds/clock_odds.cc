#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "odds/discrete.h"
#include "odds/quadrature.h"
#include "odds/solver.h"
#include "odds/stock_tree.h"

namespace rewardpool::internal {
namespace {

// Outside of the window of time that is integrated over, the draw in question
// has not come yet, or has, but for this.
constexpr double kWindowTail = 1e-14;
// What is left out at each edge of each distribution in the tree.
constexpr double kTreeTail = 1e-18;
// An item whose clock reaches its quantity with less than this does not run out.
constexpr double kRunOut = 1e-25;
// Relative to the result.
constexpr double kTolerance = 1e-11;
constexpr int kPanelsMax = 400;

// One class of finite items that may run out.
struct FiniteClass {
  std::size_t item_class = 0;
  double rate = 0;
  std::uint64_t quantity = 0;
};

class ClockIntegral {
 public:
  ClockIntegral(const ItemClasses& items, const OddsQuestion& question)
      : items_(items), question_(question) {}

  [[nodiscard]] std::optional<OddsAnswer> Solve(double& work_max);

 private:
  // Moments are logarithms of time, since clocks differ by orders of magnitude.
  struct Window {
    double begin = 0;
    double end = 0;
  };
  // What is integrated, one value for each result, in one row.
  struct Layout {
    std::size_t at_least_one = 0;
    std::size_t expected = 0;
    std::size_t next = 0;
    std::size_t free_tail = 0;
    std::size_t free_next = 0;
    std::size_t count = 0;
    std::size_t size = 0;
  };

  [[nodiscard]] std::uint64_t draws() const noexcept { return question_.draws; }
  // The most draws that keep the window open: those asked about or, for what the
  // draw after them brings, one more.
  [[nodiscard]] std::uint64_t last_draws() const noexcept { return question_.horizon() - 1; }

  // Bounds of P(`draws` or more by then) and P(last_draws or fewer by then).
  [[nodiscard]] double EarlyBound(double moment) const;
  [[nodiscard]] double LateBound(double moment) const;
  [[nodiscard]] Window WindowByBounds() const;
  // The same probabilities, worked out.
  [[nodiscard]] double Early(double moment);
  [[nodiscard]] double Late(double moment);
  // Moves the window's edges inwards as far as its tails allow.
  void Narrow(Window& window);

  // Sorts the classes into those that may run out before the window ends, and
  // the others, whose clocks are put together.
  void SplitClasses(const Window& window);
  void SetTime(double time);
  void PlanRow(const Window& window);
  void AddMoment(double moment, double weight, std::vector<double>& row);
  void AddFreeDraws(double time, double weight, std::vector<double>& row);
  void Integrate(const Window& window);
  [[nodiscard]] OddsAnswer Answer(const Window& window) const;

  // The largest of some entries of errors_.
  [[nodiscard]] double WorstError(std::size_t begin, std::size_t end) const {
    double worst = 0;
    for (std::size_t i = begin; i < end; ++i) worst = std::max(worst, errors_[i]);
    return worst;
  }

  // function_[i] = P(free draws <= most - n) for n = total.first + i.
  void FillAtMost(double time, std::uint64_t most);
  // function_[i] = P(free draws >= least - n).
  void FillAtLeast(double time, std::uint64_t least);
  // E function_ of the finite items' units.
  [[nodiscard]] double MeanOfFunction() const;
  // function_[i] = P(free draws == sum - n).
  void FillExactly(double time, std::uint64_t sum);

  const ItemClasses& items_;
  const OddsQuestion question_;

  std::vector<FiniteClass> finite_;
  std::vector<std::size_t> free_;  // classes
  double free_rate_ = 0;
  double ran_out_ = 0;  // bound: any of the free ones does
  std::optional<StockTree> tree_;
  StockTree::View total_;  // of the finite items' units, by now
  std::vector<double> function_;
  std::vector<double> terms_;

  Layout layout_;
  std::uint64_t free_certain_ = 0;
  std::uint64_t count_certain_ = 0;
  std::size_t longest_ = 1;  // of all distributions: bounds roundings
  std::vector<double> sums_;
  std::vector<double> errors_;
};

constexpr double kPointMass = 1;

double ClockIntegral::EarlyBound(double moment) const {
  const double time = std::exp(moment);
  double mean = 0;
  for (const ItemClass& item : items_.classes()) {
    mean += static_cast<double>(item.copies) * PoissonStopped(item.rate * time, item.quantity);
  }
  const auto wanted = static_cast<double>(draws());
  return wanted <= mean ? 1 : PoissonTailBound(wanted, mean);
}

double ClockIntegral::LateBound(double moment) const {
  const double time = std::exp(moment);
  double mean = 0;
  double mean_left = 0;
  for (const ItemClass& item : items_.classes()) {
    const auto copies = static_cast<double>(item.copies);
    mean += copies * PoissonStopped(item.rate * time, item.quantity);
    if (items_.total_stock() != kWithoutEnd) {
      mean_left += copies * static_cast<double>(item.quantity) *
                   PoissonAtMost(item.quantity - 1, item.rate * time);
    }
  }
  const auto most = static_cast<double>(last_draws());
  double bound = most >= mean ? 1 : PoissonTailBound(most, mean);
  if (items_.total_stock() != kWithoutEnd) {
    // Markov's: so few draws leave so many units.
    bound = std::min(bound, mean_left / static_cast<double>(items_.total_stock() - last_draws()));
  }
  return bound;
}

ClockIntegral::Window ClockIntegral::WindowByBounds() const {
  constexpr double kPrecision = 0.01;
  const auto wanted = static_cast<double>(draws());
  // All rates are 1 together, so nothing is faster than one Poisson process.
  double early = std::log(wanted) - 1 + std::log(kWindowTail) / wanted;
  double late = early;
  double step = 1 / std::sqrt(wanted);
  while (LateBound(late) > kWindowTail) {
    if (EarlyBound(late) <= kWindowTail) early = late;
    late += step;
    step *= 1.5;
  }
  Window window{early, late};
  // Both edges by bisection.
  double outside = late;
  while (outside - early > kPrecision * (late - window.begin)) {
    const double middle = (early + outside) / 2;
    (EarlyBound(middle) <= kWindowTail ? early : outside) = middle;
  }
  window.begin = early;
  double inside = early;
  while (late - inside > kPrecision * (window.end - early)) {
    const double middle = (late + inside) / 2;
    (LateBound(middle) <= kWindowTail ? late : inside) = middle;
  }
  window.end = late;
  return window;
}

void ClockIntegral::SplitClasses(const Window& window) {
  const double time = std::exp(window.end);
  std::vector<StockTree::Leaf> leaves;
  for (std::size_t c = 0; c < items_.classes().size(); ++c) {
    const ItemClass& item = items_.classes()[c];
    bool is_free = item.quantity >= question_.horizon();
    const double mean = item.rate * time;
    if (!is_free && static_cast<double>(item.quantity) > mean) {
      const double bound = PoissonTailBound(static_cast<double>(item.quantity), mean) *
                           static_cast<double>(item.copies);
      if (bound < kRunOut) {
        is_free = true;
        ran_out_ += bound;
      }
    }
    if (is_free) {
      free_.push_back(c);
      free_rate_ += item.rate * static_cast<double>(item.copies);
    } else {
      finite_.push_back({c, item.rate, item.quantity});
      leaves.push_back({item.rate, item.quantity, item.copies});
    }
  }
  if (!leaves.empty()) tree_.emplace(std::move(leaves), kTreeTail);
}

void ClockIntegral::SetTime(double time) {
  if (!tree_) {
    total_ = {0, {&kPointMass, 1}};
    return;
  }
  tree_->SetTime(time);
  total_ = tree_->total();
  longest_ = std::max(longest_, total_.values.size());
}

void ClockIntegral::FillAtMost(double time, std::uint64_t most) {
  function_.assign(total_.values.size(), 0.0);
  if (total_.first > most) return;
  const double mean = free_rate_ * time;
  // From the fewest free draws upwards, which is backwards through the function.
  const std::uint64_t last = std::min(total_.first + total_.values.size() - 1, most);
  const auto used = static_cast<std::size_t>(last - total_.first + 1);
  terms_.resize(used);
  PoissonTerms(most - last, mean, terms_);
  double sum = PoissonAtMost(most - last, mean);
  for (std::size_t i = 0; i < used; ++i) {
    if (i > 0) sum += terms_[i];
    function_[used - 1 - i] = std::min(1.0, sum);
  }
}

void ClockIntegral::FillExactly(double time, std::uint64_t sum) {
  function_.assign(total_.values.size(), 0.0);
  if (total_.first > sum) return;
  const std::uint64_t last = std::min(total_.first + total_.values.size() - 1, sum);
  const auto used = static_cast<std::size_t>(last - total_.first + 1);
  terms_.resize(used);
  PoissonTerms(sum - last, free_rate_ * time, terms_);
  for (std::size_t i = 0; i < used; ++i) function_[used - 1 - i] = terms_[i];
}

void ClockIntegral::FillAtLeast(double time, std::uint64_t least) {
  function_.assign(total_.values.size(), 1.0);
  if (total_.first >= least) return;
  const double mean = free_rate_ * time;
  // From the most free draws downwards: their tail is the smallest.
  const std::uint64_t most = least - total_.first;
  const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(total_.values.size(), most));
  terms_.resize(used);
  PoissonTerms(most + 1 - used, mean, terms_);
  double sum = PoissonAtLeast(most, mean);
  for (std::size_t i = 0; i < used; ++i) {
    if (i > 0) sum += terms_[used - 1 - i];
    function_[i] = std::min(1.0, sum);
  }
}

double ClockIntegral::MeanOfFunction() const {
  double mean = 0;
  for (std::size_t i = 0; i < function_.size(); ++i) mean += total_.values[i] * function_[i];
  return mean;
}

double ClockIntegral::Early(double moment) {
  const double time = std::exp(moment);
  SetTime(time);
  FillAtLeast(time, draws());
  return MeanOfFunction();
}

double ClockIntegral::Late(double moment) {
  const double time = std::exp(moment);
  SetTime(time);
  FillAtMost(time, last_draws());
  return MeanOfFunction();
}

void ClockIntegral::Narrow(Window& window) {
  constexpr double kStepMin = 0.04;
  for (double step = 0.25; step >= kStepMin;) {
    const double moment = window.begin + step * (window.end - window.begin);
    if (Early(moment) <= kWindowTail) {
      window.begin = moment;
    } else {
      step /= 2;
    }
  }
  for (double step = 0.25; step >= kStepMin;) {
    const double moment = window.end - step * (window.end - window.begin);
    if (Late(moment) <= kWindowTail) {
      window.end = moment;
    } else {
      step /= 2;
    }
  }
}

void ClockIntegral::PlanRow(const Window& window) {
  const double begin = std::exp(window.begin);
  const double end = std::exp(window.end);
  layout_.at_least_one = 0;
  layout_.expected = finite_.size();
  layout_.next = 2 * finite_.size();
  layout_.free_tail = (question_.wants_next ? 3 : 2) * finite_.size();
  layout_.free_next = layout_.free_tail;
  if (!free_.empty()) {
    // Free draws are what the finite items leave, and a Poisson number.
    SetTime(begin);
    const std::uint64_t finite_min = std::min(total_.first, draws());
    SetTime(end);
    const std::uint64_t finite_max = std::min(total_.first + total_.values.size() - 1, draws());
    free_certain_ = std::max(draws() - finite_max,
                             std::min(draws(), PoissonBulk(free_rate_ * begin, kTreeTail).low));
    const std::uint64_t most =
        std::min(draws() - finite_min, PoissonBulk(free_rate_ * end, kTreeTail).high);
    layout_.free_next += static_cast<std::size_t>(std::max(most, free_certain_) - free_certain_);
  }
  layout_.count = layout_.free_next + 1;
  layout_.size = layout_.count;
  if (question_.count_of) {
    for (const FiniteClass& finite : finite_) {
      if (finite.item_class != *question_.count_of) continue;
      count_certain_ = std::min(PoissonBulk(finite.rate * begin, kTreeTail).low, finite.quantity);
      const std::uint64_t most =
          std::min(PoissonBulk(finite.rate * end, kTreeTail).high, finite.quantity);
      layout_.size += static_cast<std::size_t>(std::max(most, count_certain_) - count_certain_);
    }
  }
  sums_.assign(layout_.size, 0.0);
  errors_.assign(layout_.size, 0.0);

  // Before the window every draw that is asked about is still to come.
  for (std::size_t f = 0; f < finite_.size(); ++f) {
    const FiniteClass& finite = finite_[f];
    const double mean = finite.rate * begin;
    sums_[layout_.at_least_one + f] = -std::expm1(-mean);
    sums_[layout_.expected + f] = PoissonStopped(mean, finite.quantity);
    if (question_.count_of == finite.item_class) {
      for (std::size_t i = layout_.count; i < layout_.size; ++i) {
        sums_[i] = PoissonAtLeast(count_certain_ + 1 + i - layout_.count, mean);
      }
    }
  }
  for (std::size_t i = layout_.free_tail; i < layout_.free_next; ++i) {
    sums_[i] = PoissonAtLeast(free_certain_ + 1 + i - layout_.free_tail, free_rate_ * begin);
  }
}

void ClockIntegral::AddFreeDraws(double time, double weight, std::vector<double>& row) {
  // The j-th free draw is within the draws if by then the finite items have had
  // draws - j at most.
  const std::size_t size = layout_.free_next - layout_.free_tail;
  terms_.resize(size);
  PoissonTerms(free_certain_, free_rate_ * time, terms_);
  double at_most = 0;
  std::size_t next = 0;
  for (std::size_t i = size; i > 0; --i) {
    const std::uint64_t finite = draws() - (free_certain_ + i);
    while (next < total_.values.size() && total_.first + next <= finite) {
      at_most += total_.values[next++];
    }
    row[layout_.free_tail + i - 1] += weight * free_rate_ * terms_[i - 1] * at_most;
  }
}

void ClockIntegral::AddMoment(double moment, double weight, std::vector<double>& row) {
  const double time = std::exp(moment);
  weight *= time;
  SetTime(time);
  if (!free_.empty()) AddFreeDraws(time, weight, row);
  if (tree_) {
    FillAtMost(time, draws() - 1);
    tree_->Average(function_);
    for (std::size_t f = 0; f < finite_.size(); ++f) {
      const FiniteClass& finite = finite_[f];
      const StockTree::View item = tree_->item(f);
      const StockTree::View average = tree_->average(f);
      longest_ = std::max(longest_, item.values.size());
      const bool counts = question_.count_of == finite.item_class;
      double sum = 0;
      for (std::size_t i = 0; i < item.values.size() && item.first + i < finite.quantity; ++i) {
        const double rings = item.values[i] * average.values[i];
        sum += rings;
        if (item.first + i == 0) row[layout_.at_least_one + f] += weight * finite.rate * rings;
        // The ring after item.first + i is unit number item.first + i + 1.
        if (counts && item.first + i >= count_certain_) {
          const std::size_t place =
              layout_.count + static_cast<std::size_t>(item.first + i - count_certain_);
          if (place < layout_.size) row[place] += weight * finite.rate * rings;
        }
      }
      row[layout_.expected + f] += weight * finite.rate * sum;
    }
  }
  if (!question_.wants_next) return;
  FillExactly(time, draws());
  if (tree_) total_ = tree_->total();  // Average() may have moved it
  row[layout_.free_next] += weight * MeanOfFunction();
  if (!tree_) return;
  tree_->Average(function_);
  for (std::size_t f = 0; f < finite_.size(); ++f) {
    const StockTree::View item = tree_->item(f);
    const StockTree::View average = tree_->average(f);
    double sum = 0;
    for (std::size_t i = 0; i < item.values.size() && item.first + i < finite_[f].quantity; ++i) {
      sum += item.values[i] * average.values[i];
    }
    row[layout_.next + f] += weight * finite_[f].rate * sum;
  }
}

void ClockIntegral::Integrate(const Window& window) {
  // Two rules on the same panel: the better one is taken, and their difference
  // is the error, which is far more than the better one's.
  static const GaussRule coarse_rule(28);
  static const GaussRule fine_rule(36);
  const auto integrate = [this](const GaussRule& rule, const Window& panel,
                                std::vector<double>& row) {
    row.assign(layout_.size, 0.0);
    const double middle = (panel.begin + panel.end) / 2;
    const double half = (panel.end - panel.begin) / 2;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      AddMoment(middle + half * rule.nodes[i], half * rule.weights[i], row);
    }
  };
  std::vector<double> scales;
  std::vector<double> coarse;
  std::vector<double> fine;
  std::vector<Window> panels{window};
  int panel_count = 0;
  while (!panels.empty()) {
    const Window panel = panels.back();
    panels.pop_back();
    integrate(coarse_rule, panel, coarse);
    integrate(fine_rule, panel, fine);
    ++panel_count;
    if (scales.empty()) {
      for (std::size_t i = 0; i < layout_.size; ++i) scales.push_back(sums_[i] + fine[i]);
      // Entries of distributions are small at the edges: they share one scale.
      std::fill(scales.begin() + static_cast<std::ptrdiff_t>(layout_.free_tail),
                scales.begin() + static_cast<std::ptrdiff_t>(layout_.free_next), 1.0);
      std::fill(scales.begin() + static_cast<std::ptrdiff_t>(layout_.count), scales.end(), 1.0);
    }
    bool is_good = true;
    for (std::size_t i = 0; i < layout_.size && is_good; ++i) {
      is_good = std::abs(fine[i] - coarse[i]) <= kTolerance * scales[i];
    }
    if (is_good || panel_count + static_cast<int>(panels.size()) >= kPanelsMax) {
      for (std::size_t i = 0; i < layout_.size; ++i) {
        sums_[i] += fine[i];
        errors_[i] += std::abs(fine[i] - coarse[i]);
      }
    } else {
      const double middle = (panel.begin + panel.end) / 2;
      panels.push_back({panel.begin, middle});
      panels.push_back({middle, panel.end});
    }
  }
}

OddsAnswer ClockIntegral::Answer(const Window& window) const {
  const std::size_t class_count = items_.classes().size();
  OddsAnswer answer;
  answer.expected.resize(class_count);
  answer.at_least_one.resize(class_count);
  answer.errors.resize(class_count);
  if (question_.wants_next) answer.next.resize(class_count);
  const auto wanted = static_cast<double>(draws());
  const double roundings =
      (static_cast<double>(2 * longest_) + 200) * std::numeric_limits<double>::epsilon();
  const double relative = roundings + 4 * kWindowTail + (tree_ ? tree_->left_out() : 0);
  const auto error_of = [&](double quadrature, double rate, std::uint64_t quantity) {
    // What was left out could have been any of the item's rings up to the end.
    const double rings = PoissonStopped(rate * std::exp(window.end), quantity);
    return quadrature + relative * rings + ran_out_ * wanted;
  };

  for (std::size_t f = 0; f < finite_.size(); ++f) {
    const std::size_t c = finite_[f].item_class;
    answer.at_least_one[c] = std::min(1.0, sums_[layout_.at_least_one + f]);
    answer.expected[c] = sums_[layout_.expected + f];
    double quadrature = std::max(errors_[layout_.at_least_one + f], errors_[layout_.expected + f]);
    if (question_.wants_next) {
      answer.next[c] = sums_[layout_.next + f];
      quadrature = std::max(quadrature, errors_[layout_.next + f]);
    }
    answer.errors[c] = error_of(quadrature, finite_[f].rate, finite_[f].quantity);
    if (question_.count_of == c) {
      answer.count.certain = count_certain_;
      answer.count.at_least.assign(sums_.begin() + static_cast<std::ptrdiff_t>(layout_.count),
                                   sums_.end());
      answer.count_error = WorstError(layout_.count, layout_.size) + relative + ran_out_;
    }
  }

  CountTail free_count{free_certain_,
                       {sums_.begin() + static_cast<std::ptrdiff_t>(layout_.free_tail),
                        sums_.begin() + static_cast<std::ptrdiff_t>(layout_.free_next)}};
  const double free_error =
      std::accumulate(errors_.begin() + static_cast<std::ptrdiff_t>(layout_.free_tail),
                      errors_.begin() + static_cast<std::ptrdiff_t>(layout_.free_next), 0.0);
  for (const std::size_t c : free_) {
    const double share = std::min(1.0, items_.classes()[c].rate / free_rate_);
    const ShareOdds odds = ShareOf(free_count, share);
    answer.expected[c] = odds.expected;
    answer.at_least_one[c] = std::min(1.0, odds.at_least_one);
    double quadrature = free_error * share;
    if (question_.wants_next) {
      const double rate = items_.classes()[c].rate;
      answer.next[c] = sums_[layout_.free_next] * rate;
      quadrature = std::max(quadrature, errors_[layout_.free_next] * rate);
    }
    answer.errors[c] = error_of(quadrature, free_rate_ * share, kWithoutEnd);
    if (question_.count_of == c) {
      answer.count = ShareCount(free_count, share);
      answer.count_error = WorstError(layout_.free_tail, layout_.free_next) + relative + ran_out_;
    }
  }
  return answer;
}

std::optional<OddsAnswer> ClockIntegral::Solve(double& work_max) {
  Window window = WindowByBounds();
  SplitClasses(window);
  SetTime(std::exp((window.begin + window.end) / 2));
  if (tree_) {
    constexpr double kMoments = 80;
    const double work = kMoments * (tree_->set_time_work() +
                                    tree_->average_work() * (question_.wants_next ? 2 : 1));
    if (work > work_max) return std::nullopt;
    work_max -= work;
  }
  Narrow(window);
  PlanRow(window);
  Integrate(window);
  return Answer(window);
}

}  // namespace

std::optional<OddsAnswer> SolveByClocks(const ItemClasses& items, const OddsQuestion& question,
                                        double& work_max) {
  return ClockIntegral(items, question).Solve(work_max);
}

}  // namespace rewardpool::internal
