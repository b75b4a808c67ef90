// Odds against enumeration of every sequence of draws, methods against each
// other, and what no method may get wrong.
#include "rewardpool/odds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <vector>

#include "rewardpool/random.h"
#include "support/golden_json.h"

namespace rewardpool {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Each;
using ::testing::ElementsAre;

constexpr OddsMethod kExactMethods[] = {OddsMethod::kDynamicProgramming,
                                        OddsMethod::kPoissonClocks};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

OddsItem Unlimited(Weight weight) { return {weight, Quantity::Unlimited()}; }
OddsItem Finite(Weight weight, std::uint64_t count) { return {weight, Quantity::Of(count)}; }

Odds Make(const std::vector<OddsItem>& items) { return Odds::Create(items).value(); }

// Every sequence of draws there is, with its probability: what happened, added up.
class Enumeration {
 public:
  Enumeration(std::vector<OddsItem> items, std::uint64_t draws)
      : counts(items.size()), next(items.size()), items_(std::move(items)), drawn_(items_.size()) {
    for (std::vector<double>& count : counts) count.resize(static_cast<std::size_t>(draws + 1));
    Visit(draws, 1);
  }

  std::vector<std::vector<double>> counts;  // [item][n]: P(count = n)
  std::vector<double> next;                 // P(the draw after is the item)

 private:
  [[nodiscard]] bool InStock(std::size_t i) const {
    return items_[i].quantity.is_unlimited() || drawn_[i] < items_[i].quantity.count();
  }

  void Visit(std::uint64_t draws_left, double probability) {
    double total = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (InStock(i)) total += static_cast<double>(items_[i].weight);
    }
    if (draws_left == 0 || total == 0) {
      for (std::size_t i = 0; i < items_.size(); ++i) {
        counts[i][drawn_[i]] += probability;
        if (InStock(i) && total > 0) {
          next[i] += probability * static_cast<double>(items_[i].weight) / total;
        }
      }
      return;
    }
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (!InStock(i) || items_[i].weight == 0) continue;
      ++drawn_[i];
      Visit(draws_left - 1, probability * static_cast<double>(items_[i].weight) / total);
      --drawn_[i];
    }
  }

  std::vector<OddsItem> items_;
  std::vector<std::uint64_t> drawn_;
};

double AtLeast(const CountOdds& odds, std::uint64_t n) {
  if (n <= odds.first) return 1;
  return n - odds.first < odds.at_least.size()
             ? odds.at_least[static_cast<std::size_t>(n - odds.first)]
             : 0;
}

// A pool of up to `items_max` items, some unlimited, some very light or heavy.
std::vector<OddsItem> RandomPool(Random& random, std::uint64_t items_max,
                                 std::uint64_t quantity_max) {
  std::vector<OddsItem> items(1 + UniformBelow(random, items_max));
  for (OddsItem& item : items) {
    item.weight =
        UniformBelow(random, 3) == 0 ? UniformBelow(random, 1'000'000) : UniformBelow(random, 20);
    if (UniformBelow(random, 4) != 0) {
      item.quantity = Quantity::Of(UniformBelow(random, quantity_max + 1));
    }
  }
  return items;
}

void ExpectLikeEnumeration(const std::vector<OddsItem>& items, std::uint64_t draws,
                           OddsMethod method) {
  SCOPED_TRACE(OddsMethodName(method));
  const Enumeration truth(items, draws);
  const Odds odds = Make(items);
  const std::vector<DrawnOdds> within = odds.Within(draws, method).value();
  const std::uint64_t draws_of_point[] = {draws};
  const OddsPoint point = odds.Course(draws_of_point, method).value().front();
  for (std::size_t i = 0; i < items.size(); ++i) {
    SCOPED_TRACE("item " + std::to_string(i));
    double expected = 0;
    double at_least = 1;
    const CountOdds count = odds.CountWithin(static_cast<ItemIndex>(i), draws, method).value();
    for (std::size_t n = 0; n < truth.counts[i].size(); ++n) {
      expected += static_cast<double>(n) * truth.counts[i][n];
      EXPECT_NEAR(AtLeast(count, n), at_least, 1e-12);
      at_least -= truth.counts[i][n];
    }
    // A little for the enumeration's own roundings.
    const double bound = within[i].error + 1e-13 * std::max(1.0, expected);
    EXPECT_NEAR(within[i].expected, expected, bound);
    EXPECT_NEAR(within[i].at_least_one, 1 - truth.counts[i][0], bound);
    EXPECT_LT(within[i].error, 1e-9);
    EXPECT_NEAR(point.expected[i], expected, point.error + 1e-13);
    EXPECT_NEAR(point.next[i], truth.next[i], point.error + 1e-13);
  }
}

TEST(OddsTest, NextDrawIsWeightOverWeightInStock) {
  const Odds odds = Make({Finite(3, 1), Unlimited(6), Finite(5, 0), Unlimited(0)});
  EXPECT_EQ(odds.Next(0), (ExactOdds{3, 9}));
  EXPECT_EQ(odds.Next(1), (ExactOdds{6, 9}));
  EXPECT_EQ(odds.Next(2), (ExactOdds{0, 9}));
  EXPECT_EQ(odds.Next(3), (ExactOdds{0, 9}));
}

TEST(OddsTest, NextDrawOfTheHeaviestPoolIsExact) {
  const Odds odds = Make({Unlimited(kWeightMax - 1), Unlimited(1)});
  EXPECT_EQ(odds.Next(1), (ExactOdds{1, kWeightMax}));
}

TEST(OddsTest, WeightsBeyondTheLimitAreRefused) {
  const std::vector<OddsItem> too_heavy{Unlimited(kWeightMax), Unlimited(1)};
  EXPECT_EQ(Odds::Create(too_heavy).status().code(), StatusCode::kInvalidArgument);
}

TEST(OddsTest, EverySequenceOfDrawsAgrees) {
  for (const std::vector<OddsItem>& items : {
           std::vector<OddsItem>{Finite(1, 1), Finite(1, 1), Finite(1, 1), Finite(1, 1)},
           std::vector<OddsItem>{Finite(1, 2), Finite(10, 1), Unlimited(3)},
           std::vector<OddsItem>{Finite(5, 3), Finite(2, 2), Finite(9, 1), Unlimited(1),
                                 Unlimited(4)},
           std::vector<OddsItem>{Finite(1'000'000'000, 2), Finite(1, 3), Unlimited(2)},
           std::vector<OddsItem>{Finite(7, 3), Finite(0, 3), Finite(7, 0), Finite(1, 4)},
       }) {
    for (std::uint64_t draws = 1; draws <= 6; ++draws) {
      SCOPED_TRACE(std::to_string(items.size()) + " items, " + std::to_string(draws) + " draws");
      for (const OddsMethod method : kExactMethods) ExpectLikeEnumeration(items, draws, method);
    }
  }
}

TEST(OddsTest, EverySequenceOfDrawsAgreesOnRandomPools) {
  constexpr std::uint64_t kSeed = 20'261'101;
  const auto random = MakeXoshiroRandom(kSeed);
  for (int trial = 0; trial < 60; ++trial) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", trial " + std::to_string(trial));
    const std::vector<OddsItem> items = RandomPool(*random, 5, 3);
    const std::uint64_t draws = 1 + UniformBelow(*random, 6);
    for (const OddsMethod method : kExactMethods) ExpectLikeEnumeration(items, draws, method);
  }
}

// Nobody can enumerate these any more.
TEST(OddsTest, StatesAndClocksAgreeWithinTheirErrors) {
  constexpr std::uint64_t kSeed = 7;
  const auto random = MakeXoshiroRandom(kSeed);
  for (int trial = 0; trial < 150; ++trial) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", trial " + std::to_string(trial));
    const std::vector<OddsItem> items = RandomPool(*random, 5, 9);
    const std::uint64_t draws = 1 + UniformBelow(*random, 40);
    const Odds odds = Make(items);
    const auto states = odds.Within(draws, OddsMethod::kDynamicProgramming).value();
    const auto clocks = odds.Within(draws, OddsMethod::kPoissonClocks).value();
    for (std::size_t i = 0; i < items.size(); ++i) {
      const double error = states[i].error + clocks[i].error;
      EXPECT_LT(error, 1e-9);
      EXPECT_NEAR(states[i].expected, clocks[i].expected, error);
      EXPECT_NEAR(states[i].at_least_one, clocks[i].at_least_one, error);
      const auto index = static_cast<ItemIndex>(i);
      const auto by_states =
          odds.CountWithin(index, draws, OddsMethod::kDynamicProgramming).value();
      const auto by_clocks = odds.CountWithin(index, draws, OddsMethod::kPoissonClocks).value();
      for (std::uint64_t n = 0; n <= draws; ++n) {
        EXPECT_NEAR(AtLeast(by_states, n), AtLeast(by_clocks, n),
                    by_states.error + by_clocks.error);
      }
    }
    const std::vector<std::uint64_t> course{draws, 0, draws / 2};
    const auto points_by_states = odds.Course(course, OddsMethod::kDynamicProgramming).value();
    const auto points_by_clocks = odds.Course(course, OddsMethod::kPoissonClocks).value();
    for (std::size_t p = 0; p < course.size(); ++p) {
      EXPECT_EQ(points_by_states[p].draws, course[p]);
      const double error = points_by_states[p].error + points_by_clocks[p].error;
      for (std::size_t i = 0; i < items.size(); ++i) {
        EXPECT_NEAR(points_by_states[p].expected[i], points_by_clocks[p].expected[i], error);
        EXPECT_NEAR(points_by_states[p].next[i], points_by_clocks[p].next[i], error);
      }
    }
  }
}

TEST(OddsTest, SimulationAgreesWithinItsInterval) {
  constexpr std::uint64_t kSeed = 11;
  const auto random = MakeXoshiroRandom(kSeed);
  // Some 150 intervals of 99.9%: three or more of them miss with a chance of 1 in
  // 1,000.
  int misses = 0;
  int intervals = 0;
  for (int trial = 0; trial < 15; ++trial) {
    const std::vector<OddsItem> items = RandomPool(*random, 6, 9);
    const std::uint64_t draws = 2 + UniformBelow(*random, 40);
    const Odds odds = Make(items);
    const auto exact = odds.Within(draws, OddsMethod::kDynamicProgramming).value();
    const auto simulated = odds.Within(draws, OddsMethod::kMonteCarlo).value();
    for (std::size_t i = 0; i < items.size(); ++i) {
      misses += std::abs(exact[i].expected - simulated[i].expected) > simulated[i].error;
      misses += std::abs(exact[i].at_least_one - simulated[i].at_least_one) > simulated[i].error;
      intervals += 2;
      EXPECT_LT(simulated[i].error, 0.1);
    }
    const std::uint64_t course[] = {draws};
    const OddsPoint exact_point =
        odds.Course(course, OddsMethod::kDynamicProgramming).value().front();
    const OddsPoint point = odds.Course(course, OddsMethod::kMonteCarlo).value().front();
    for (std::size_t i = 0; i < items.size(); ++i) {
      misses += std::abs(exact_point.next[i] - point.next[i]) > point.error;
      ++intervals;
    }
  }
  EXPECT_LE(misses, 2) << "of " << intervals << ", seed " << kSeed;
}

TEST(OddsTest, ManyDrawsFromAFewItemsAgree) {
  // States still can, and clocks have all but run out.
  const std::vector<OddsItem> items{Finite(1, 10), Finite(40, 100), Unlimited(1'000)};
  const Odds odds = Make(items);
  for (const std::uint64_t draws : {1'000u, 5'000u, 9'000u}) {
    const auto states = odds.Within(draws, OddsMethod::kDynamicProgramming).value();
    const auto clocks = odds.Within(draws, OddsMethod::kPoissonClocks).value();
    for (std::size_t i = 0; i < items.size(); ++i) {
      EXPECT_NEAR(states[i].expected, clocks[i].expected, states[i].error + clocks[i].error);
      EXPECT_NEAR(states[i].at_least_one, clocks[i].at_least_one, 1e-9);
    }
  }
}

TEST(OddsTest, ExpectationsOfThousandsOfItemsSumToTheDraws) {
  const auto random = MakeXoshiroRandom(3);
  std::vector<OddsItem> items;
  for (int i = 0; i < 2'000; ++i) {
    items.push_back(Finite(1 + UniformBelow(*random, 1'000'000), 1 + UniformBelow(*random, 3)));
  }
  items.push_back(Unlimited(100'000'000));
  constexpr std::uint64_t kDraws = 1'500;
  const auto within = Make(items).Within(kDraws).value();
  double sum = 0;
  double error = 0;
  for (const DrawnOdds& odds : within) {
    EXPECT_EQ(odds.method, OddsMethod::kPoissonClocks);
    sum += odds.expected;
    error += odds.error;
  }
  EXPECT_NEAR(sum, kDraws, error);
  EXPECT_LT(error, 1e-6);
}

TEST(OddsTest, EqualItemsHaveEqualOdds) {
  // 52 cards, of which 5 are drawn.
  const std::vector<OddsItem> cards(52, Finite(1, 1));
  const Odds odds = Make(cards);
  const auto within = odds.Within(5).value();
  for (const DrawnOdds& card : within) {
    EXPECT_NEAR(card.at_least_one, 5.0 / 52, card.error);
    EXPECT_NEAR(card.expected, 5.0 / 52, card.error);
  }
  const std::uint64_t course[] = {51};
  const OddsPoint last = odds.Course(course).value().front();
  for (const double next : last.next) EXPECT_NEAR(next, 1.0 / 52, 1e-12);
}

TEST(OddsTest, UrnsAreHypergeometric) {
  // 30 equal items, 4 of them of one kind: drawn without replacement.
  std::vector<OddsItem> items(30, Finite(6, 1));
  items.push_back(Finite(6, 4));
  // One item with 4 units is not 4 items with one: here it has the weight of one.
  const auto split = Make(std::vector<OddsItem>(34, Finite(6, 1))).Within(10).value();
  EXPECT_NEAR(split[0].at_least_one, 10.0 / 34, 1e-11);
  const auto within = Make(items).Within(10).value();
  EXPECT_GT(within[30].expected, within[0].expected);
  EXPECT_NEAR(30 * within[0].expected + within[30].expected, 10, 1e-10);
}

TEST(OddsTest, WithoutDepletionTheCountIsBinomial) {
  const Odds odds = Make({Unlimited(1), Unlimited(9)});
  const auto within = odds.Within(1'000'000).value();
  EXPECT_EQ(within[0].method, OddsMethod::kBinomial);
  EXPECT_NEAR(within[0].expected, 100'000, within[0].error);
  EXPECT_EQ(within[0].at_least_one, 1);
  const CountOdds count = odds.CountWithin(0, 10).value();
  // 10 over 3 times 0.1^3 0.9^7.
  EXPECT_NEAR(count.exactly.at(3 - count.first), 0.057395628, 1e-14);
}

TEST(OddsTest, StockThatCannotRunOutIsAsGoodAsUnlimited) {
  const auto finite = Make({Finite(1, 1'000'000), Finite(9, 1'000'000)}).Within(10'000).value();
  const auto unlimited = Make({Unlimited(1), Unlimited(9)}).Within(10'000).value();
  EXPECT_EQ(finite[0].method, OddsMethod::kBinomial);
  EXPECT_NEAR(finite[0].expected, unlimited[0].expected, finite[0].error);
}

TEST(OddsTest, ManyBillionDrawsAreServed) {
  const Odds odds = Make({Finite(1, 100), Finite(1'000, 1'000'000), Unlimited(1'000'000'000)});
  const auto within = odds.Within(kOddsDrawsMax).value();
  EXPECT_NEAR(within[0].expected, 100, 1e-6);
  // About a Poisson number of mean 999,999, stopped at a million: half a normal
  // curve's mean deviation below it.
  EXPECT_NEAR(within[1].expected, 999'999 - 1'000 / std::sqrt(2 * std::numbers::pi), 1);
  EXPECT_NEAR(within[2].expected, 1e12 - 100 - within[1].expected, within[2].error);
}

TEST(OddsTest, AnEmptyPoolGivesNothing) {
  EXPECT_EQ(Make({}).Within(5).value().size(), 0u);
  const Odds odds = Make({Finite(1, 0), Unlimited(0), Finite(0, 5)});
  EXPECT_EQ(odds.Next(0), (ExactOdds{0, 1}));
  const auto within = odds.Within(100).value();
  for (const DrawnOdds& item : within) {
    EXPECT_EQ(item.expected, 0);
    EXPECT_EQ(item.at_least_one, 0);
    EXPECT_EQ(item.error, 0);
    EXPECT_EQ(item.method, OddsMethod::kCertain);
  }
  const std::uint64_t course[] = {0, 10};
  const auto points = odds.Course(course).value();
  for (const OddsPoint& point : points) EXPECT_THAT(point.next, Each(0.0));
  EXPECT_THAT(odds.CountWithin(1, 10).value().at_least, ElementsAre(1.0));
}

TEST(OddsTest, OneItemIsCertain) {
  const Odds odds = Make({Finite(4, 3)});
  EXPECT_EQ(odds.Next(0), (ExactOdds{4, 4}));
  for (std::uint64_t draws = 1; draws <= 5; ++draws) {
    const DrawnOdds item = odds.Within(draws).value().front();
    EXPECT_NEAR(item.expected, static_cast<double>(std::min<std::uint64_t>(draws, 3)), item.error);
    EXPECT_NEAR(item.at_least_one, 1, item.error);
  }
  EXPECT_NEAR(odds.Waiting()[0].until_first, 1, 1e-12);
  EXPECT_NEAR(odds.Waiting()[0].until_gone, 3, 1e-9);
}

TEST(OddsTest, MoreDrawsThanStockTakeAllOfIt) {
  const Odds odds = Make({Finite(1, 2), Finite(1'000, 5)});
  for (const std::uint64_t draws : {7u, 8u, 1'000'000u}) {
    const auto within = odds.Within(draws).value();
    EXPECT_EQ(within[0].method, OddsMethod::kCertain);
    EXPECT_EQ(within[0].expected, 2);
    EXPECT_EQ(within[1].expected, 5);
    EXPECT_EQ(odds.CountWithin(1, draws).value().first, 5u);
  }
  // All but one unit: it is of the light item, almost always.
  const auto within = odds.Within(6).value();
  EXPECT_NEAR(within[0].expected + within[1].expected, 6, 1e-12);
  EXPECT_LT(within[0].expected, 1.02);
}

TEST(OddsTest, NoDrawsBringNothingAndTheNextOddsAreExact) {
  const Odds odds = Make({Finite(1, 2), Finite(3, 5)});
  EXPECT_EQ(odds.Within(0).value()[0].expected, 0);
  const std::uint64_t course[] = {0};
  EXPECT_THAT(odds.Course(course).value().front().next, ElementsAre(0.25, 0.75));
}

TEST(OddsTest, AMethodThatCannotServeSaysSo) {
  const std::vector<OddsItem> many(100, Finite(3, 7));
  EXPECT_EQ(Make(many).Within(300, OddsMethod::kDynamicProgramming).status().code(),
            StatusCode::kUnsupported);
  EXPECT_EQ(Make(many).Within(300, OddsMethod::kBinomial).status().code(),
            StatusCode::kUnsupported);
}

// E of the draws until the j-th unit of item i, from the state on.
double EnumeratedWait(std::vector<OddsItem>& items, std::size_t i, std::uint64_t units) {
  if (units == 0) return 0;
  double total = 0;
  for (const OddsItem& item : items) {
    if (!item.quantity.is_zero()) total += static_cast<double>(item.weight);
  }
  // Draws of unlimited items change nothing: wait them out.
  double change = 0;
  double wait = 0;
  for (std::size_t j = 0; j < items.size(); ++j) {
    if (items[j].quantity.is_zero()) continue;
    const auto weight = static_cast<double>(items[j].weight);
    if (items[j].quantity.is_unlimited() && j != i) continue;
    change += weight / total;
    const Quantity before = items[j].quantity;
    items[j].quantity.TakeOne();
    wait += weight / total * EnumeratedWait(items, i, units - (j == i ? 1 : 0));
    items[j].quantity = before;
  }
  return (1 + wait) / change;
}

TEST(OddsTest, WaitingAgreesWithEverySequenceOfDraws) {
  constexpr std::uint64_t kSeed = 5;
  const auto random = MakeXoshiroRandom(kSeed);
  for (int trial = 0; trial < 40; ++trial) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", trial " + std::to_string(trial));
    std::vector<OddsItem> items = RandomPool(*random, 4, 3);
    const std::vector<WaitingDraws> waiting = Make(items).Waiting();
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].quantity.is_zero()) {
        EXPECT_EQ(waiting[i].until_gone, 0);
        EXPECT_EQ(waiting[i].until_first, kInfinity);
        continue;
      }
      if (items[i].weight == 0) {
        EXPECT_EQ(waiting[i].until_gone, kInfinity);
        EXPECT_EQ(waiting[i].until_first, kInfinity);
        continue;
      }
      const double first = EnumeratedWait(items, i, 1);
      EXPECT_NEAR(waiting[i].until_first / first, 1, 1e-10);
      if (items[i].quantity.is_unlimited()) {
        EXPECT_EQ(waiting[i].until_gone, kInfinity);
      } else {
        const double gone = EnumeratedWait(items, i, items[i].quantity.count());
        EXPECT_NEAR(waiting[i].until_gone / gone, 1, 1e-10);
      }
    }
  }
}

// By the closed form: clock j rings m times before clock i's first ring with the
// chance (w_j / (w_i + w_j))^m.
TEST(OddsTest, WaitingForTheFirstAgreesWithItsClosedForm) {
  const auto random = MakeXoshiroRandom(9);
  std::vector<OddsItem> items;
  for (int i = 0; i < 50; ++i) {
    items.push_back(Finite(1 + UniformBelow(*random, 10'000), 1 + UniformBelow(*random, 100'000)));
  }
  items.push_back(Unlimited(12'345));
  const std::vector<WaitingDraws> waiting = Make(items).Waiting();
  for (std::size_t i = 0; i < items.size(); ++i) {
    double wait = 1;
    for (std::size_t j = 0; j < items.size(); ++j) {
      if (j == i) continue;
      const double ratio =
          static_cast<double>(items[j].weight) / static_cast<double>(items[i].weight);
      wait += items[j].quantity.is_unlimited()
                  ? ratio
                  : ratio * -std::expm1(static_cast<double>(items[j].quantity.count()) *
                                        -std::log1p(1 / ratio));
    }
    EXPECT_NEAR(waiting[i].until_first / wait, 1, 1e-10);
  }
}

TEST(OddsTest, CountsAreDistributionsWithTheRightMean) {
  const Odds odds = Make({Finite(2, 40), Finite(5, 300), Finite(11, 9), Unlimited(30)});
  const auto within = odds.Within(600).value();
  for (ItemIndex i = 0; i < odds.size(); ++i) {
    const CountOdds count = odds.CountWithin(i, 600).value();
    double sum = 0;
    double mean = 0;
    for (std::size_t n = 0; n < count.exactly.size(); ++n) {
      sum += count.exactly[n];
      mean += count.exactly[n] * static_cast<double>(count.first + n);
    }
    EXPECT_NEAR(sum, 1, 1e-11);
    EXPECT_NEAR(mean, within[i].expected, within[i].error + 1e-9);
  }
}

struct GoldenPool {
  std::vector<Item> items;
  std::uint64_t draws;
};

std::vector<GoldenPool> GoldenPools() {
  const auto finite = [](std::string id, Weight weight, std::uint64_t count) {
    return Item{std::move(id), weight, Quantity::Of(count)};
  };
  const auto unlimited = [](std::string id, Weight weight) {
    return Item{std::move(id), weight, Quantity::Unlimited()};
  };
  std::vector<Item> raffle;
  for (int i = 0; i < 40; ++i) {
    const auto n = static_cast<std::uint64_t>(i);
    raffle.push_back(finite("ticket " + std::to_string(i), 1 + n * n, 1 + n % 3));
  }
  return {
      {{finite("gold", 1, 10), unlimited("mud", 9)}, 1},
      {{finite("gold", 1, 10), unlimited("mud", 9)}, 100},
      {{finite("gold", 1, 100), finite("silver", 99, 1'000)}, 1'050},
      {{finite("trip", 20, 3), finite("gold", 1'980, 9'000), finite("silver", 48'000, 200'000),
        finite("sticker", 250'000, 1'000'000), unlimited("thanks", 700'000)},
       1'000'000},
      {{finite("gone", 5, 0), unlimited("never", 0), finite("last", 7, 2)}, 5},
      {raffle, 50},
      {{unlimited("heads", kWeightMax / 2), unlimited("tails", kWeightMax / 2)}, 1'000},
  };
}

Json NumberOrNull(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

Json Describe(const GoldenPool& pool) {
  std::vector<OddsItem> odds_items;
  for (const Item& item : pool.items) odds_items.push_back({item.weight, item.quantity});
  const Odds odds = Make(odds_items);
  const auto within = odds.Within(pool.draws).value();
  const auto waiting = odds.Waiting();
  Json items = Json::array();
  for (std::size_t i = 0; i < pool.items.size(); ++i) {
    const Item& item = pool.items[i];
    const ExactOdds next = odds.Next(static_cast<ItemIndex>(i));
    items.push_back(
        {{"item_id", item.id},
         {"weight", std::to_string(item.weight)},
         {"quantity",
          item.quantity.is_unlimited() ? "unlimited" : std::to_string(item.quantity.count())},
         {"next_num", std::to_string(next.numerator)},
         {"next_den", std::to_string(next.denominator)},
         {"expected", within[i].expected},
         {"p_at_least_one", within[i].at_least_one},
         {"method", OddsMethodName(within[i].method)},
         {"until_first", NumberOrNull(waiting[i].until_first)},
         {"until_gone", NumberOrNull(waiting[i].until_gone)}});
  }
  return {{"draws", pool.draws}, {"items", items}};
}

// Numbers may differ by 1e-9, relatively; all else must be equal.
void ExpectLikeGolden(const Json& found, const Json& golden) {
  ASSERT_EQ(found.type_name(), std::string(golden.type_name()));
  if (golden.is_number_float()) {
    const double scale = std::max(1.0, std::abs(golden.get<double>()));
    EXPECT_NEAR(found.get<double>(), golden.get<double>(), 1e-9 * scale);
  } else if (golden.is_structured()) {
    ASSERT_EQ(found.size(), golden.size());
    for (const auto& [key, value] : golden.items()) {
      SCOPED_TRACE(key);
      ExpectLikeGolden(golden.is_array() ? found.at(std::stoul(key)) : found.at(key), value);
    }
  } else {
    EXPECT_EQ(found, golden);
  }
}

TEST(GoldenOddsTest, OddsAreWhatTheyWere) {
  constexpr std::string_view kFile = RP_GOLDEN_DIR "/odds.json";
  Json found = Json::array();
  for (const GoldenPool& pool : GoldenPools()) found.push_back(Describe(pool));
  ExpectLikeGolden(found, tests::GoldenEntries(std::string(kFile), found));
}

}  // namespace
}  // namespace rewardpool
