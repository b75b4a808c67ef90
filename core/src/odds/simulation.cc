#include "rewardpool/simulation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace rewardpool {
namespace {

constexpr std::size_t kPicksAtOnce = 4'096;

Status Refuse(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }

Status CheckNumber(const char* name, std::uint64_t number, std::uint64_t max) {
  if (number >= 1 && number <= max) return Status::Ok();
  return Refuse(std::string(name) + " must be from 1 to " + std::to_string(max));
}

}  // namespace

Result<SimulationPlan> SimulationPlan::Create(std::vector<OddsItem> items,
                                              SimulationOptions options) {
  RP_RETURN_IF_ERROR(Odds::Create(items).status());
  RP_RETURN_IF_ERROR(CheckNumber("runs", options.runs, kSimulationRunsMax));
  RP_RETURN_IF_ERROR(CheckNumber("draws", options.draws, kSimulationDrawsMax));
  RP_RETURN_IF_ERROR(MakeSelector(options.selector).status());
  if (options.points.empty()) options.points.push_back(options.draws);
  for (std::size_t p = 0; p < options.points.size(); ++p) {
    if (options.points[p] > options.draws) return Refuse("a point lies behind the last draw");
    if (p > 0 && options.points[p] <= options.points[p - 1]) return Refuse("points must increase");
  }
  const std::uint64_t trace_size =
      static_cast<std::uint64_t>(options.points.size()) * std::max<std::size_t>(1, items.size());
  if (trace_size > kSimulationCellsMax / options.runs) {
    return Refuse("runs times points times items must be at most " +
                  std::to_string(kSimulationCellsMax));
  }
  return SimulationPlan(std::move(items), std::move(options));
}

SimulationRunner::SimulationRunner(const SimulationPlan& plan)
    : plan_(plan),
      selector_(MakeSelector(plan.options().selector).value()),
      picks_(
          static_cast<std::size_t>(std::min<std::uint64_t>(plan.options().draws, kPicksAtOnce))) {
  for (const OddsItem& item : plan.items()) {
    weights_.push_back(item.quantity.is_zero() ? 0 : item.weight);
  }
  stock_.Resize(weights_.size());
}

void SimulationRunner::Begin(std::uint64_t run, std::span<std::uint32_t> trace) {
  assert(run < plan_.options().runs && trace.size() == plan_.trace_size());
  random_ = MakeXoshiroRandom(plan_.options().seed + run);
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    stock_.Set(static_cast<ItemIndex>(i), {plan_.items()[i].quantity, 0});
  }
  selector_->Assign(weights_);
  trace_ = trace;
  next_point_ = 0;
  drawn_ = 0;
  has_ended_ = false;
  NoteReachedPoints();
}

std::uint64_t SimulationRunner::Advance(std::uint64_t draws_max) {
  const std::uint64_t before = drawn_;
  while (!has_ended_ && drawn_ - before < draws_max) {
    const std::span<const std::uint64_t> points = plan_.points();
    const std::uint64_t stop =
        next_point_ < points.size() ? points[next_point_] : plan_.options().draws;
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>({stop - drawn_, draws_max - (drawn_ - before), picks_.size()}));
    const std::size_t made = selector_->DrawMany(*random_, stock_, std::span(picks_).first(wanted));
    drawn_ += made;
    // What is exhausted stays as it is up to the last point.
    has_ended_ = made < wanted || drawn_ == plan_.options().draws;
    NoteReachedPoints();
  }
  return drawn_ - before;
}

void SimulationRunner::NoteReachedPoints() {
  const std::span<const std::uint64_t> points = plan_.points();
  for (; next_point_ < points.size() && (has_ended_ || points[next_point_] == drawn_);
       ++next_point_) {
    std::uint32_t* const counts = trace_.data() + next_point_ * weights_.size();
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      counts[i] = static_cast<std::uint32_t>(stock_[static_cast<ItemIndex>(i)].drawn);
    }
  }
}

ItemSummary SummarizeItem(const SimulationPlan& plan, std::span<const std::uint32_t> traces,
                          ItemIndex item, std::span<const double> quantiles) {
  const std::size_t item_count = plan.items().size();
  const auto runs = static_cast<std::size_t>(plan.options().runs);
  assert(item < item_count && traces.size() == runs * plan.trace_size());
  ItemSummary summary;
  std::vector<std::uint32_t> counts(runs);
  for (std::size_t p = 0; p < plan.points().size(); ++p) {
    std::uint64_t sum = 0;
    for (std::size_t run = 0; run < runs; ++run) {
      counts[run] = traces[run * plan.trace_size() + p * item_count + item];
      sum += counts[run];
    }
    std::sort(counts.begin(), counts.end());
    summary.mean_curve.push_back(static_cast<double>(sum) / static_cast<double>(runs));
    for (const double quantile : quantiles) {
      assert(quantile >= 0 && quantile <= 1);
      const double rank = std::ceil(quantile * static_cast<double>(runs));
      const auto place = static_cast<std::size_t>(std::max(1.0, rank)) - 1;
      summary.quantile_curves.push_back(counts[std::min(place, runs - 1)]);
    }
    if (p + 1 < plan.points().size()) continue;
    summary.drawn = sum;
    summary.runs_with_one = static_cast<std::uint64_t>(
        counts.end() - std::upper_bound(counts.begin(), counts.end(), 0u));
  }
  return summary;
}

}  // namespace rewardpool
