#include "rewardpool/odds.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <string>
#include <utility>

#include "odds/item_classes.h"
#include "odds/solver.h"

namespace rewardpool {

using internal::ItemClass;
using internal::ItemClasses;
using internal::OddsAnswer;
using internal::OddsQuestion;

namespace {

// Multiplications that one call may take: about a second, a few in WebAssembly.
constexpr double kWorkMax = 1e10;
constexpr double kSimulationWork = 5e8;

// Answers with the method that gave them.
struct Solved {
  OddsMethod method = OddsMethod::kCertain;
  OddsAnswer answer;
};

// The stock does not reach beyond these draws: each item gives all that it has.
Solved SolveCertain(const ItemClasses& items, const OddsQuestion& question) {
  OddsAnswer answer;
  for (const ItemClass& item : items.classes()) {
    answer.expected.push_back(static_cast<double>(item.quantity));
    answer.at_least_one.push_back(1);
    answer.errors.push_back(0);
  }
  if (question.wants_next) answer.next.assign(items.classes().size(), 0.0);
  if (question.count_of) answer.count.certain = items.classes()[*question.count_of].quantity;
  return {OddsMethod::kCertain, std::move(answer)};
}

// Before the first draw.
Solved SolveNone(const ItemClasses& items, const OddsQuestion& question) {
  OddsAnswer answer;
  const std::size_t count = items.classes().size();
  answer.expected.assign(count, 0.0);
  answer.at_least_one.assign(count, 0.0);
  answer.errors.assign(count, 0.0);
  if (question.wants_next) {
    for (const ItemClass& item : items.classes()) answer.next.push_back(item.rate);
    answer.errors.assign(count, 1e-15);
  }
  return {OddsMethod::kCertain, std::move(answer)};
}

Status CannotServe(OddsMethod method) {
  return {StatusCode::kUnsupported,
          std::string(OddsMethodName(method)) + " cannot serve this pool"};
}

// `questions`: increasing numbers of draws.
Result<std::vector<Solved>> Solve(const ItemClasses& items, std::span<const OddsQuestion> questions,
                                  std::optional<OddsMethod> only) {
  std::vector<Solved> solved(questions.size());
  std::vector<std::size_t> open;  // what no method has answered yet
  std::vector<OddsQuestion> open_questions;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (items.total_stock() <= questions[i].draws) {
      solved[i] = SolveCertain(items, questions[i]);
    } else if (questions[i].draws == 0) {
      solved[i] = SolveNone(items, questions[i]);
    } else {
      open.push_back(i);
    }
  }
  const auto may = [&only](OddsMethod method) { return !only || *only == method; };
  if (may(OddsMethod::kBinomial)) {
    std::erase_if(open, [&](std::size_t i) {
      std::optional<OddsAnswer> answer = SolveByBinomial(items, questions[i]);
      if (!answer) return false;
      solved[i] = {OddsMethod::kBinomial, *std::move(answer)};
      return true;
    });
  }
  if (may(OddsMethod::kDynamicProgramming) && !open.empty()) {
    for (const std::size_t i : open) open_questions.push_back(questions[i]);
    if (auto answers = SolveByStates(items, open_questions)) {
      for (std::size_t n = 0; n < open.size(); ++n) {
        solved[open[n]] = {OddsMethod::kDynamicProgramming, std::move((*answers)[n])};
      }
      open.clear();
    }
  }
  if (may(OddsMethod::kPoissonClocks)) {
    double work_max = kWorkMax;
    std::erase_if(open, [&](std::size_t i) {
      std::optional<OddsAnswer> answer = SolveByClocks(items, questions[i], work_max);
      if (!answer) return false;
      solved[i] = {OddsMethod::kPoissonClocks, *std::move(answer)};
      return true;
    });
  }
  if (may(OddsMethod::kMonteCarlo)) {
    const double work =
        kSimulationWork / static_cast<double>(std::max<std::size_t>(1, open.size()));
    for (const std::size_t i : open) {
      solved[i] = {OddsMethod::kMonteCarlo, SolveBySimulation(items, questions[i], work)};
    }
    open.clear();
  }
  if (!open.empty()) return CannotServe(*only);
  return solved;
}

}  // namespace

std::string_view OddsMethodName(OddsMethod method) noexcept {
  switch (method) {
    case OddsMethod::kCertain:
      return "certain";
    case OddsMethod::kBinomial:
      return "binomial";
    case OddsMethod::kDynamicProgramming:
      return "dynamic-programming";
    case OddsMethod::kPoissonClocks:
      return "poisson-clocks";
    case OddsMethod::kMonteCarlo:
      return "monte-carlo";
  }
  return "";
}

Odds::Odds(std::unique_ptr<const ItemClasses> classes) : classes_(std::move(classes)) {}
Odds::Odds(Odds&&) noexcept = default;
Odds& Odds::operator=(Odds&&) noexcept = default;
Odds::~Odds() = default;

Result<Odds> Odds::Create(std::span<const OddsItem> items) {
  if (items.size() > kItemsMax) {
    return Status(StatusCode::kInvalidArgument,
                  "more than " + std::to_string(kItemsMax) + " items");
  }
  Weight sum = 0;
  for (const OddsItem& item : items) {
    if (item.weight > kWeightMax || item.weight > kWeightMax - sum) {
      return Status(StatusCode::kInvalidArgument,
                    "the sum of weights is above " + std::to_string(kWeightMax));
    }
    sum += item.weight;
  }
  return Odds(std::make_unique<const ItemClasses>(items));
}

std::size_t Odds::size() const noexcept { return classes_->item_count(); }

ExactOdds Odds::Next(ItemIndex index) const noexcept {
  assert(index < size());
  const std::uint32_t item_class = classes_->class_of(index);
  const Weight total = classes_->total_weight();
  return {item_class == ItemClasses::kNone ? 0 : classes_->classes()[item_class].weight,
          total == 0 ? 1 : total};
}

Result<std::vector<DrawnOdds>> Odds::Within(std::uint64_t draws,
                                            std::optional<OddsMethod> method) const {
  assert(draws <= kOddsDrawsMax);
  const OddsQuestion question{draws, false, std::nullopt};
  Result<std::vector<Solved>> solved = Solve(*classes_, {&question, 1}, method);
  if (!solved.ok()) return solved.status();
  const OddsAnswer& answer = solved->front().answer;
  std::vector<DrawnOdds> odds(size());
  for (std::size_t i = 0; i < odds.size(); ++i) {
    const std::uint32_t c = classes_->class_of(static_cast<ItemIndex>(i));
    if (c == ItemClasses::kNone) continue;
    odds[i] = {answer.expected[c], answer.at_least_one[c], solved->front().method,
               answer.errors[c]};
  }
  return odds;
}

Result<CountOdds> Odds::CountWithin(ItemIndex index, std::uint64_t draws,
                                    std::optional<OddsMethod> method) const {
  assert(index < size() && draws <= kOddsDrawsMax);
  const std::uint32_t item_class = classes_->class_of(index);
  if (item_class == ItemClasses::kNone) {
    return CountOdds{0, {1.0}, {1.0}, OddsMethod::kCertain, 0};
  }
  const OddsQuestion question{draws, false, item_class};
  Result<std::vector<Solved>> solved = Solve(*classes_, {&question, 1}, method);
  if (!solved.ok()) return solved.status();
  const OddsAnswer& answer = solved->front().answer;
  CountOdds odds;
  odds.method = solved->front().method;
  odds.error = answer.count_error;
  odds.first = answer.count.certain;
  odds.at_least.push_back(1);
  odds.at_least.insert(odds.at_least.end(), answer.count.at_least.begin(),
                       answer.count.at_least.end());
  for (std::size_t i = 0; i < odds.at_least.size(); ++i) {
    const double above = i + 1 < odds.at_least.size() ? odds.at_least[i + 1] : 0;
    odds.exactly.push_back(std::max(0.0, odds.at_least[i] - above));
  }
  return odds;
}

Result<std::vector<OddsPoint>> Odds::Course(std::span<const std::uint64_t> draws,
                                            std::optional<OddsMethod> method) const {
  std::vector<std::size_t> order(draws.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return draws[a] < draws[b]; });
  std::vector<OddsQuestion> questions;
  for (const std::size_t i : order) {
    assert(draws[i] <= kOddsDrawsMax);
    questions.push_back({draws[i], true, std::nullopt});
  }
  Result<std::vector<Solved>> solved = Solve(*classes_, questions, method);
  if (!solved.ok()) return solved.status();
  std::vector<OddsPoint> points(draws.size());
  for (std::size_t n = 0; n < order.size(); ++n) {
    const OddsAnswer& answer = (*solved)[n].answer;
    OddsPoint& point = points[order[n]];
    point.draws = questions[n].draws;
    point.method = (*solved)[n].method;
    point.expected.resize(size());
    point.next.resize(size());
    for (const double error : answer.errors) point.error = std::max(point.error, error);
    for (std::size_t i = 0; i < size(); ++i) {
      const std::uint32_t c = classes_->class_of(static_cast<ItemIndex>(i));
      if (c == ItemClasses::kNone) continue;
      point.expected[i] = answer.expected[c];
      point.next[i] = answer.next[c];
    }
  }
  return points;
}

std::vector<WaitingDraws> Odds::Waiting() const {
  const std::vector<WaitingDraws> of_class = internal::SolveWaiting(*classes_);
  std::vector<WaitingDraws> waiting(size());
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const auto item = static_cast<ItemIndex>(i);
    const std::uint32_t c = classes_->class_of(item);
    if (c != ItemClasses::kNone) waiting[i] = of_class[c];
    if (classes_->is_gone(item)) waiting[i].until_gone = 0;
  }
  return waiting;
}

}  // namespace rewardpool
