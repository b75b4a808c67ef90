#include "support/paired_timing.h"

#include <algorithm>
#include <cstddef>

namespace rewardpool::bench {
namespace {

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

PairedTiming::PairedTiming(benchmark::State& state, std::string reference_name)
    : state_(state), reference_name_(std::move(reference_name)) {}

void PairedTiming::Add(std::int64_t items, std::chrono::nanoseconds own,
                       std::chrono::nanoseconds reference) {
  state_.SetIterationTime(std::chrono::duration<double>(own).count());
  items_ += items;
  own_ns_.push_back(static_cast<double>(own.count()) / static_cast<double>(items));
  reference_ns_.push_back(static_cast<double>(reference.count()) / static_cast<double>(items));
}

PairedTiming::~PairedTiming() {
  if (own_ns_.empty()) return;
  const double own_ns = Median(own_ns_);
  const double reference_ns = Median(reference_ns_);
  state_.SetItemsProcessed(items_);
  state_.SetLabel("against " + reference_name_);
  state_.counters["own_ns"] = own_ns;
  state_.counters["reference_ns"] = reference_ns;
  state_.counters["ratio"] = own_ns / reference_ns;
}

}  // namespace rewardpool::bench
