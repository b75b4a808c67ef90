#include "rewardpool/fairness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "fairness/draw_replay.h"
#include "fairness/significance.h"
#include "rewardpool/random.h"

namespace rewardpool {
namespace {

using internal::ChiSquarePValue;
using internal::DrawReplay;
using internal::HolmRejections;
using internal::NormalPValue;

// An approximation by a normal or chi-square distribution needs so much variance
// of a sum, and so many expected in a cell.
constexpr double kVarianceMin = 10;
constexpr double kExpectedMin = 10;
// Groups that run out have skewed sums, and need more.
constexpr double kGroupExpectedMin = 30;

// First reading: how often each item came, and was expected to.
//
// While weights stay, an item of weight w gains w / W of expectation with each
// draw from the weight W. So two sums over all draws, of 1 / W and of 1 / W^2, are
// enough: an item is looked at only when its weight changes.
class ItemSums final : public DrawReplay {
 public:
  struct Sum {
    std::string id;
    ItemIndex position = 0;
    std::uint64_t drawn = 0;
    double expected = 0;
    double variance = 0;
  };

  struct PositionSum {
    Weight first_weight = 0;
    double expected = 0;
  };

  [[nodiscard]] std::uint64_t draws() const noexcept { return draws_; }

  // Settles what is open. Returns: by position, and those that left.
  [[nodiscard]] const std::vector<Sum>& Finish() {
    for (std::size_t i = 0; i < sums_.size(); ++i) Settle(static_cast<ItemIndex>(i));
    return sums_;
  }
  [[nodiscard]] const std::vector<Sum>& gone() const noexcept { return gone_; }
  // By position, whatever items were there. Requires: Finish() was called.
  [[nodiscard]] std::vector<PositionSum> ByPosition() const {
    std::vector<PositionSum> positions;
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      positions.push_back({since_[i].first_weight, sums_[i].expected});
    }
    for (const Sum& sum : gone_) positions[sum.position].expected += sum.expected;
    return positions;
  }

 protected:
  void OnDraw(ItemIndex position) override {
    ++draws_;
    ++sums_[position].drawn;
    const double inverse = 1 / static_cast<double>(weights().total());
    inverse_ += inverse;
    inverse_square_ += inverse * inverse;
  }
  void BeforeWeightChange(ItemIndex position) override {
    if (position == sums_.size()) {
      sums_.emplace_back();
      since_.emplace_back();
      return;
    }
    Settle(position);
  }
  void OnItem(ItemIndex position, std::string_view id) override {
    sums_[position] = Sum();
    sums_[position].id = id;
    sums_[position].position = position;
  }
  void OnItemGone(ItemIndex position) override {
    gone_.push_back(std::move(sums_[position]));
    sums_[position] = Sum();
  }

 private:
  // Of a position.
  struct Since {
    Weight first_weight = 0;  // that was not 0
    double inverse = 0;
    double inverse_square = 0;
  };

  void Settle(ItemIndex position) {
    Since& since = since_[position];
    if (since.first_weight == 0) since.first_weight = weights().WeightAt(position);
    const auto weight = static_cast<double>(weights().WeightAt(position));
    const double expected = weight * (inverse_ - since.inverse);
    sums_[position].expected += expected;
    sums_[position].variance +=
        expected - weight * weight * (inverse_square_ - since.inverse_square);
    since.inverse = inverse_;
    since.inverse_square = inverse_square_;
  }

  std::uint64_t draws_ = 0;
  double inverse_ = 0;
  double inverse_square_ = 0;
  std::vector<Sum> sums_;
  std::vector<Since> since_;
  std::vector<Sum> gone_;
};

// Items in groups that are each expected often enough to be judged: the frequent
// ones alone, the others with those of about the same weight. By weight and not by
// what was expected of each: that is more for the items which, by chance, did not
// come and so stayed in stock.
class Groups {
 public:
  explicit Groups(const std::vector<ItemSums::PositionSum>& sums) : group_of_(sums.size()) {
    constexpr std::size_t kGroupsMax = 64;
    std::vector<std::size_t> order(sums.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return sums[a].first_weight > sums[b].first_weight;
    });
    for (double enough = kGroupExpectedMin;; enough *= 1.5) {
      Fill(sums, order, enough);
      if (size_ <= kGroupsMax) break;
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t of(ItemIndex position) const noexcept { return group_of_[position]; }
  [[nodiscard]] std::size_t positions() const noexcept { return group_of_.size(); }

 private:
  // Groups of which each is expected this often.
  void Fill(const std::vector<ItemSums::PositionSum>& sums, const std::vector<std::size_t>& order,
            double enough) {
    double after = 0;  // expected of those that are not in a group yet
    for (const ItemSums::PositionSum& sum : sums) after += sum.expected;
    double open = 0;  // expected of the group being filled
    size_ = 0;
    for (const std::size_t position : order) {
      group_of_[position] = size_;
      open += sums[position].expected;
      after -= sums[position].expected;
      // What is left must be enough for another group.
      if (open >= enough && after >= enough) {
        ++size_;
        open = 0;
      }
    }
    if (!order.empty()) ++size_;
  }

  std::vector<std::size_t> group_of_;
  std::size_t size_ = 0;
};

// (observed - expected)' covariance^-1 (observed - expected), by Cholesky's method,
// leaving out what follows from the rest: the last group, which the sum of all
// gives, and any other without a variance of its own.
struct Quadratic {
  double statistic = 0;
  double degrees = 0;
};
Quadratic ChiSquareOf(std::vector<double> difference, std::vector<double> covariance) {
  const std::size_t size = difference.size();
  const auto at = [&](std::size_t row, std::size_t column) -> double& {
    return covariance[row * size + column];
  };
  Quadratic result;
  for (std::size_t k = 0; k + 1 < size; ++k) {
    const double pivot = at(k, k);
    if (pivot < kVarianceMin / 2) continue;
    result.statistic += difference[k] * difference[k] / pivot;
    ++result.degrees;
    for (std::size_t row = k + 1; row < size; ++row) {
      const double factor = at(row, k) / pivot;
      difference[row] -= factor * difference[k];
      for (std::size_t column = k + 1; column < size; ++column) {
        at(row, column) -= factor * at(k, column);
      }
    }
  }
  return result;
}

// Second reading: the tests.
class DrawTests final : public DrawReplay {
 public:
  DrawTests(const Groups& groups, std::uint64_t draws, std::uint64_t seed)
      : groups_(groups),
        draws_max_(draws),
        split_(MakeXoshiroRandom(seed)),
        stretches_(std::clamp<std::uint64_t>(draws / kDrawsPerStretch, 1, kStretchesMax)),
        observed_(groups.size()),
        expected_(groups.size()),
        covariance_(groups.size() * groups.size()),
        weight_of_group_(groups.size()),
        is_changed_(groups.positions()),
        bins_(stretches_ * kBins) {}

  [[nodiscard]] std::uint64_t draws() const noexcept { return draws_; }

  [[nodiscard]] FairnessTest Counts();
  [[nodiscard]] FairnessTest Uniformity() const;
  [[nodiscard]] FairnessTest Runs() const;
  [[nodiscard]] FairnessTest Serial() const;

 protected:
  void OnDraw(ItemIndex position) override;
  void BeforeWeightChange(ItemIndex position) override;
  void OnItem(ItemIndex, std::string_view) override { has_previous_ = false; }
  void OnItemGone(ItemIndex) override { has_previous_ = false; }

 private:
  static constexpr std::size_t kBins = 10;
  static constexpr std::uint64_t kDrawsPerStretch = 500;
  static constexpr std::uint64_t kStretchesMax = 8;
  static constexpr std::size_t kLags = 8;

  [[nodiscard]] bool IsPast(ItemIndex position) const noexcept {
    return draws_ == draws_max_ || position >= groups_.positions();
  }
  void CloseEpoch();
  void AddUniform(double uniform);

  const Groups& groups_;
  const std::uint64_t draws_max_;
  const std::unique_ptr<Random> split_;
  std::uint64_t draws_ = 0;

  // Counts: draws since the last change of any weight share one set of chances.
  std::uint64_t stretches_;
  std::uint64_t epoch_draws_ = 0;
  std::vector<double> observed_;
  std::vector<double> expected_;
  std::vector<double> covariance_;
  std::vector<Weight> weight_of_group_;
  // Positions whose new weight is not in their group's yet.
  std::vector<ItemIndex> changed_;
  std::vector<bool> is_changed_;

  // Uniformity and serial correlation.
  std::vector<std::uint64_t> bins_;
  std::array<double, kLags> recent_ = {};  // uniform - 1/2, by number modulo kLags
  std::array<double, kLags> products_ = {};

  // Runs.
  ItemIndex previous_ = 0;
  bool has_previous_ = false;
  double repeats_ = 0;  // more than expected
  double repeats_variance_ = 0;
};

void DrawTests::OnDraw(ItemIndex position) {
  if (IsPast(position)) return;
  for (const ItemIndex changed : changed_) {
    weight_of_group_[groups_.of(changed)] += weights().WeightAt(changed);
    is_changed_[changed] = false;
  }
  changed_.clear();
  ++epoch_draws_;
  observed_[groups_.of(position)] += 1;

  const auto total = static_cast<double>(weights().total());
  const double chance = static_cast<double>(weights().WeightAt(position)) / total;
  const double below = static_cast<double>(weights().WeightBefore(position)) / total;
  AddUniform(below + chance * static_cast<double>(split_->Next() >> 11) * 0x1p-53);

  if (has_previous_) {
    const double again = static_cast<double>(weights().WeightAt(previous_)) / total;
    repeats_ += (position == previous_ ? 1 : 0) - again;
    repeats_variance_ += again * (1 - again);
  }
  previous_ = position;
  has_previous_ = true;
  ++draws_;
}

void DrawTests::AddUniform(double uniform) {
  const auto bin = std::min(static_cast<std::size_t>(uniform * kBins), kBins - 1);
  const std::uint64_t stretch = std::min(draws_ / (draws_max_ / stretches_), stretches_ - 1);
  ++bins_[static_cast<std::size_t>(stretch) * kBins + bin];
  const double centred = uniform - 0.5;
  for (std::size_t lag = 1; lag <= std::min<std::uint64_t>(kLags, draws_); ++lag) {
    products_[lag - 1] += centred * recent_[(draws_ - lag) % kLags];
  }
  recent_[draws_ % kLags] = centred;
}

void DrawTests::BeforeWeightChange(ItemIndex position) {
  if (IsPast(position) || is_changed_[position]) return;
  CloseEpoch();
  if (position < weights().size()) {
    weight_of_group_[groups_.of(position)] -= weights().WeightAt(position);
  }
  changed_.push_back(position);
  is_changed_[position] = true;
}

void DrawTests::CloseEpoch() {
  if (epoch_draws_ == 0) return;
  const auto draws = static_cast<double>(epoch_draws_);
  epoch_draws_ = 0;
  const auto total = static_cast<double>(
      std::accumulate(weight_of_group_.begin(), weight_of_group_.end(), Weight{0}));
  const std::size_t size = groups_.size();
  for (std::size_t g = 0; g < size; ++g) {
    const double mean = draws * static_cast<double>(weight_of_group_[g]) / total;
    expected_[g] += mean;
    covariance_[g * size + g] += mean;
    for (std::size_t h = 0; h < size; ++h) {
      covariance_[g * size + h] -= mean * static_cast<double>(weight_of_group_[h]) / total;
    }
  }
}

FairnessTest DrawTests::Counts() {
  CloseEpoch();
  std::vector<double> difference(observed_);
  for (std::size_t g = 0; g < difference.size(); ++g) difference[g] -= expected_[g];
  const Quadratic quadratic = ChiSquareOf(std::move(difference), covariance_);
  FairnessTest test{"counts"};
  test.has_run = quadratic.degrees > 0;
  if (!test.has_run) return test;
  test.statistic = quadratic.statistic;
  test.degrees = quadratic.degrees;
  test.p_value = ChiSquarePValue(test.statistic, test.degrees);
  return test;
}

FairnessTest DrawTests::Uniformity() const {
  FairnessTest test{"uniformity"};
  test.has_run = static_cast<double>(draws_) >= kExpectedMin * kBins;
  if (!test.has_run) return test;
  for (std::size_t first = 0; first < bins_.size(); first += kBins) {
    std::uint64_t draws = 0;
    for (std::size_t b = first; b < first + kBins; ++b) draws += bins_[b];
    const double expected = static_cast<double>(draws) / kBins;
    for (std::size_t b = first; b < first + kBins; ++b) {
      const double difference = static_cast<double>(bins_[b]) - expected;
      test.statistic += difference * difference / expected;
    }
    test.degrees += kBins - 1;
  }
  test.p_value = ChiSquarePValue(test.statistic, test.degrees);
  return test;
}

FairnessTest DrawTests::Runs() const {
  FairnessTest test{"runs"};
  test.has_run = repeats_variance_ >= kVarianceMin;
  if (!test.has_run) return test;
  test.statistic = repeats_ / std::sqrt(repeats_variance_);
  test.p_value = NormalPValue(test.statistic);
  return test;
}

FairnessTest DrawTests::Serial() const {
  constexpr double kDrawsMin = 100;
  FairnessTest test{"serial"};
  const auto draws = static_cast<double>(draws_);
  test.has_run = draws >= kDrawsMin;
  if (!test.has_run) return test;
  for (std::size_t lag = 1; lag <= kLags; ++lag) {
    // A product of two independent ones has the variance 1 / 144; products that
    // share one are uncorrelated.
    const double correlation = products_[lag - 1] * 12;
    test.statistic += correlation * correlation / (draws - static_cast<double>(lag));
  }
  test.degrees = kLags;
  test.p_value = ChiSquarePValue(test.statistic, test.degrees);
  return test;
}

FairnessItem Describe(const ItemSums::Sum& sum) {
  FairnessItem item{sum.id, sum.drawn, sum.expected, 0};
  // Below this it is rounding: the item was the only one.
  constexpr double kNoVariance = 1e-6;
  if (sum.variance > kNoVariance) {
    item.deviations = (static_cast<double>(sum.drawn) - sum.expected) / std::sqrt(sum.variance);
  }
  return item;
}

}  // namespace

Result<FairnessReport> CheckFairness(WalSource& log, SnapshotStore& snapshots,
                                     const FairnessOptions& options) {
  InspectOptions inspect;
  inspect.from = InspectOptions::From::kLogStart;
  ItemSums sums;
  inspect.visitor = &sums;
  const Result<Inspection> first = InspectPool(log, snapshots, inspect);
  if (!first.ok()) return first.status();
  if (!first->exists) return Status(StatusCode::kNotFound, "there is no pool");

  FairnessReport report;
  report.draws = sums.draws();
  report.log_starts_after = first->log_starts_after;
  report.significance = options.significance;
  const std::vector<ItemSums::Sum>& by_position = sums.Finish();
  for (const ItemSums::Sum& sum : sums.gone()) report.items.push_back(Describe(sum));
  for (const ItemSums::Sum& sum : by_position) {
    if (!sum.id.empty()) report.items.push_back(Describe(sum));
  }

  const Groups groups(sums.ByPosition());
  // A seed for all logs would share its luck among them.
  const std::uint64_t seed = std::uint64_t{first->log_end.crc} << 32 ^ sums.draws();
  DrawTests tests(groups, sums.draws(), seed);
  inspect.visitor = &tests;
  const Result<Inspection> second = InspectPool(log, snapshots, inspect);
  if (!second.ok()) return second.status();
  if (tests.draws() != report.draws || second->log_starts_after != report.log_starts_after) {
    return Status(StatusCode::kIo,
                  "the log was shortened by a snapshot while it was being read; read it again");
  }
  report.tests = {tests.Counts(), tests.Uniformity(), tests.Runs(), tests.Serial()};
  std::vector<double> p_values;
  std::vector<std::size_t> ran;
  for (std::size_t i = 0; i < report.tests.size(); ++i) {
    if (!report.tests[i].has_run) continue;
    p_values.push_back(report.tests[i].p_value);
    ran.push_back(i);
  }
  for (const std::size_t i : HolmRejections(p_values, options.significance)) {
    report.tests[ran[i]].is_suspicious = true;
  }
  return report;
}

}  // namespace rewardpool
