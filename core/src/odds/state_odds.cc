#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "odds/solver.h"

namespace rewardpool::internal {
namespace {

constexpr std::size_t kStatesMax = std::size_t{1} << 20;
// States times draws times items: some tenths of a second.
constexpr double kWorkMax = 4e7;

// One finite item: a digit of the state's number, which counts its units drawn.
struct Digit {
  std::size_t item_class = 0;
  double rate = 0;
  std::size_t base = 0;  // quantity + 1
  std::size_t stride = 0;
};

class StateSweep {
 public:
  // `horizon`: as far as any question looks.
  StateSweep(const ItemClasses& items, std::uint64_t horizon) : items_(items), horizon_(horizon) {}

  // False if that is too much.
  [[nodiscard]] bool Prepare();
  [[nodiscard]] OddsAnswer AnswerAfter(const OddsQuestion& question);

 private:
  void Step();
  [[nodiscard]] CountTail CountOf(const Digit& digit) const;
  // Of the draws that fell on items which do not run out.
  [[nodiscard]] CountTail FreeCount(std::uint64_t draws) const;
  [[nodiscard]] bool IsFree(const ItemClass& item) const { return item.quantity >= horizon_; }

  const ItemClasses& items_;
  const std::uint64_t horizon_;
  double free_rate_ = 0;
  std::vector<Digit> digits_;
  std::vector<double> probabilities_;  // of each state
  std::vector<double> inverse_rate_;   // of what each state has in stock; 0: nothing
  std::vector<std::uint32_t> units_;   // drawn in each state
  std::vector<double> chances_;        // scratch: probability times inverse rate
  std::uint64_t draws_ = 0;
};

bool StateSweep::Prepare() {
  std::size_t states = 1;
  for (std::size_t c = 0; c < items_.classes().size(); ++c) {
    const ItemClass& item = items_.classes()[c];
    if (IsFree(item)) {
      free_rate_ += item.rate * static_cast<double>(item.copies);
      continue;
    }
    for (std::uint64_t copy = 0; copy < item.copies; ++copy) {
      if (item.quantity >= kStatesMax / states) return false;
      const auto base = static_cast<std::size_t>(item.quantity + 1);
      digits_.push_back({c, item.rate, base, states});
      states *= base;
    }
  }
  if (static_cast<double>(states) * static_cast<double>(horizon_) *
          static_cast<double>(digits_.size() + 1) >
      kWorkMax) {
    return false;
  }
  probabilities_.assign(states, 0.0);
  probabilities_[0] = 1;
  inverse_rate_.resize(states);
  units_.resize(states);
  chances_.resize(states);
  std::vector<std::size_t> drawn(digits_.size());
  for (std::size_t state = 0; state < states; ++state) {
    double rate = free_rate_;
    std::size_t units = 0;
    for (std::size_t d = 0; d < digits_.size(); ++d) {
      if (drawn[d] + 1 < digits_[d].base) rate += digits_[d].rate;
      units += drawn[d];
    }
    inverse_rate_[state] = rate > 0 ? 1 / rate : 0;
    units_[state] = static_cast<std::uint32_t>(units);
    for (std::size_t d = 0; d < digits_.size() && ++drawn[d] == digits_[d].base; ++d) drawn[d] = 0;
  }
  return true;
}

void StateSweep::Step() {
  const std::size_t states = probabilities_.size();
  for (std::size_t state = 0; state < states; ++state) {
    chances_[state] = probabilities_[state] * inverse_rate_[state];
    probabilities_[state] = chances_[state] * free_rate_;
  }
  for (const Digit& digit : digits_) {
    const std::size_t block = digit.stride * digit.base;
    for (std::size_t start = 0; start < states; start += block) {
      double* const after = probabilities_.data() + start + digit.stride;
      const double* const before = chances_.data() + start;
      const std::size_t moves = block - digit.stride;
      for (std::size_t i = 0; i < moves; ++i) after[i] += digit.rate * before[i];
    }
  }
  ++draws_;
}

CountTail StateSweep::CountOf(const Digit& digit) const {
  Distribution count{0, std::vector<double>(digit.base)};
  for (std::size_t start = 0; start < probabilities_.size(); start += digit.stride) {
    double sum = 0;
    for (std::size_t i = 0; i < digit.stride; ++i) sum += probabilities_[start + i];
    count.probabilities[start / digit.stride % digit.base] += sum;
  }
  return TailOf(std::move(count));
}

CountTail StateSweep::FreeCount(std::uint64_t draws) const {
  std::uint64_t stock = 0;
  for (const Digit& digit : digits_) stock += digit.base - 1;
  const std::uint64_t first = draws - std::min(draws, stock);
  Distribution count{first, std::vector<double>(static_cast<std::size_t>(draws - first + 1))};
  for (std::size_t state = 0; state < probabilities_.size(); ++state) {
    if (units_[state] > draws) continue;
    count.probabilities[static_cast<std::size_t>(draws - units_[state] - first)] +=
        probabilities_[state];
  }
  return TailOf(std::move(count));
}

OddsAnswer StateSweep::AnswerAfter(const OddsQuestion& question) {
  assert(question.draws >= draws_);
  while (draws_ < question.draws) Step();

  const std::size_t class_count = items_.classes().size();
  OddsAnswer answer;
  answer.expected.resize(class_count);
  answer.at_least_one.resize(class_count);
  if (question.wants_next) answer.next.resize(class_count);
  for (std::size_t d = 0; d < digits_.size(); ++d) {
    const Digit& digit = digits_[d];
    if (d > 0 && digits_[d - 1].item_class == digit.item_class) continue;
    const CountTail count = CountOf(digit);
    answer.at_least_one[digit.item_class] = count.at_least[0];
    for (const double at_least : count.at_least) answer.expected[digit.item_class] += at_least;
    if (question.count_of == digit.item_class) answer.count = count;
    if (question.wants_next) {
      double next = 0;
      for (std::size_t start = 0; start < probabilities_.size();
           start += digit.stride * digit.base) {
        for (std::size_t i = start; i < start + digit.stride * (digit.base - 1); ++i) {
          next += probabilities_[i] * inverse_rate_[i];
        }
      }
      answer.next[digit.item_class] = next * digit.rate;
    }
  }
  if (free_rate_ > 0) {
    const CountTail free_count = FreeCount(question.draws);
    double next = 0;
    if (question.wants_next) {
      for (std::size_t state = 0; state < probabilities_.size(); ++state) {
        next += probabilities_[state] * inverse_rate_[state];
      }
    }
    for (std::size_t c = 0; c < class_count; ++c) {
      const ItemClass& item = items_.classes()[c];
      if (!IsFree(item)) continue;
      const double share = std::min(1.0, item.rate / free_rate_);
      const ShareOdds odds = ShareOf(free_count, share);
      answer.expected[c] = odds.expected;
      answer.at_least_one[c] = odds.at_least_one;
      if (question.wants_next) answer.next[c] = next * item.rate;
      if (question.count_of == c) answer.count = ShareCount(free_count, share);
    }
  }
  // Nothing but sums of products of positive numbers: every operation adds one
  // rounding to the relative error.
  const double roundings =
      static_cast<double>(question.draws + 2) * static_cast<double>(digits_.size() + 4) +
      std::log2(static_cast<double>(probabilities_.size())) + 50;
  const double relative = roundings * std::numeric_limits<double>::epsilon();
  for (std::size_t c = 0; c < class_count; ++c) {
    answer.errors.push_back(relative * std::max({answer.expected[c], answer.at_least_one[c],
                                                 question.wants_next ? answer.next[c] : 0.0}));
  }
  answer.count_error = relative;
  return answer;
}

}  // namespace

std::optional<std::vector<OddsAnswer>> SolveByStates(const ItemClasses& items,
                                                     std::span<const OddsQuestion> questions) {
  std::uint64_t horizon = 0;
  for (const OddsQuestion& question : questions) horizon = std::max(horizon, question.horizon());
  StateSweep sweep(items, horizon);
  if (!sweep.Prepare()) return std::nullopt;
  std::vector<OddsAnswer> answers;
  for (const OddsQuestion& question : questions) answers.push_back(sweep.AnswerAfter(question));
  return answers;
}

}  // namespace rewardpool::internal
