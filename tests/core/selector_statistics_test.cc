// Samples of every selector against the exact probabilities. The seeds are
// fixed, so the tests pass or fail for good; over all seeds, a fair program
// would fail one of these tests with a chance of at most kSignificance.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "rewardpool/selector.h"
#include "support/chi_square.h"
#include "support/pool_shapes.h"

namespace rewardpool {
namespace {

using tests::ChiSquareTest;
using tests::HolmRejections;

constexpr double kSignificance = 1e-6;

// p-values with names, judged together.
class Verdict {
 public:
  void Add(std::string name, double p_value) {
    names_.push_back(std::move(name));
    p_values_.push_back(p_value);
  }
  [[nodiscard]] std::string Rejected() const {
    std::string rejected;
    for (const std::size_t i : HolmRejections(p_values_, kSignificance)) {
      rejected += names_[i] + ": p = " + std::to_string(p_values_[i]) + "\n";
    }
    return rejected;
  }

 private:
  std::vector<std::string> names_;
  std::vector<double> p_values_;
};

TEST(SelectorStatisticsTest, SamplesFollowTheWeights) {
  Verdict verdict;
  std::uint64_t seed = 1'000;
  for (const std::string_view name : SelectorNames()) {
    for (const std::string_view shape : {"equal", "zipf", "one-huge", "zero-weights"}) {
      for (const std::size_t n : {5u, 60u, 2'100u}) {
        if (n == 2'100 && name != "envelope" && name != "auto" && name != "wide") continue;
        const std::vector<Weight> weights = tests::ShapeWeights(shape, n);
        const auto selector = std::move(MakeSelector(name)).value();
        selector->Assign(weights);
        const auto random = MakeXoshiroRandom(++seed);
        Stock stock = tests::UnlimitedStock(n);
        std::vector<ItemIndex> picks(60'000);
        ASSERT_EQ(selector->DrawMany(*random, stock, picks), picks.size());
        std::vector<std::uint64_t> counts(n);
        for (const ItemIndex pick : picks) ++counts[pick];
        verdict.Add(std::string(name) + ", " + std::string(shape) + ", " + std::to_string(n),
                    ChiSquareTest(counts, std::vector<double>(weights.begin(), weights.end())));
      }
    }
  }
  EXPECT_EQ(verdict.Rejected(), "");
}

TEST(SelectorStatisticsTest, TheSecureGeneratorFollowsTheWeightsToo) {
  Verdict verdict;
  const std::vector<Weight> weights = tests::ShapeWeights("zipf", 60);
  for (const std::string_view name : SelectorNames()) {
    SecureKey key{};
    key[0] = static_cast<std::byte>(name.size());
    const auto random = MakeChaCha20Random(key);
    const auto selector = std::move(MakeSelector(name)).value();
    selector->Assign(weights);
    std::vector<std::uint64_t> counts(weights.size());
    for (int draw = 0; draw < 60'000; ++draw) ++counts[selector->Select(*random)];
    verdict.Add(std::string(name),
                ChiSquareTest(counts, std::vector<double>(weights.begin(), weights.end())));
  }
  EXPECT_EQ(verdict.Rejected(), "");
}

// A small pool that is drawn until it is empty: every possible order of draws,
// with its exact probability.
class OrdersOfDepletion {
 public:
  OrdersOfDepletion(std::vector<Weight> weights, std::vector<std::uint64_t> quantities)
      : weights_(std::move(weights)), quantities_(std::move(quantities)) {
    std::vector<std::uint64_t> left = quantities_;
    std::vector<ItemIndex> order;
    Enumerate(left, order, 1);
  }

  [[nodiscard]] const std::vector<Weight>& weights() const { return weights_; }

  [[nodiscard]] Stock FullStock() const {
    Stock stock;
    stock.Resize(quantities_.size());
    for (ItemIndex i = 0; i < quantities_.size(); ++i) {
      stock.Set(i, {.left = Quantity::Of(quantities_[i]), .drawn = 0});
    }
    return stock;
  }
  [[nodiscard]] std::size_t draws() const {
    return std::accumulate(quantities_.begin(), quantities_.end(), std::size_t{0});
  }

  // The p-value of `runs` orders that `draw_all` writes.
  [[nodiscard]] double PValue(int runs,
                              const std::function<void(std::span<ItemIndex>)>& draw_all) const {
    std::vector<std::uint64_t> counts(probabilities_.size());
    std::vector<ItemIndex> order(draws());
    for (int run = 0; run < runs; ++run) {
      draw_all(order);
      const auto found = numbers_.find(order);
      if (found == numbers_.end()) return 0;
      ++counts[found->second];
    }
    return ChiSquareTest(counts, probabilities_);
  }

 private:
  void Enumerate(std::vector<std::uint64_t>& left, std::vector<ItemIndex>& order,
                 double probability) {
    Weight total = 0;
    for (std::size_t i = 0; i < left.size(); ++i) total += left[i] > 0 ? weights_[i] : 0;
    if (total == 0) {
      numbers_.emplace(order, probabilities_.size());
      probabilities_.push_back(probability);
      return;
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (left[i] == 0) continue;
      --left[i];
      order.push_back(static_cast<ItemIndex>(i));
      Enumerate(left, order,
                probability * static_cast<double>(weights_[i]) / static_cast<double>(total));
      order.pop_back();
      ++left[i];
    }
  }

  std::vector<Weight> weights_;
  std::vector<std::uint64_t> quantities_;
  std::map<std::vector<ItemIndex>, std::size_t> numbers_;
  std::vector<double> probabilities_;
};

std::vector<OrdersOfDepletion> SmallPools() {
  std::vector<OrdersOfDepletion> pools;
  pools.emplace_back(std::vector<Weight>{1, 2, 3, 4}, std::vector<std::uint64_t>{1, 1, 1, 1});
  pools.emplace_back(std::vector<Weight>{13, 11, 7, 5, 90},
                     std::vector<std::uint64_t>{1, 1, 1, 1, 1});
  pools.emplace_back(std::vector<Weight>{9, 3, 17}, std::vector<std::uint64_t>{2, 1, 3});
  return pools;
}

constexpr int kRuns = 20'000;

TEST(SelectorStatisticsTest, OrdersWithoutReplacementHaveTheirExactProbabilities) {
  Verdict verdict;
  std::uint64_t seed = 2'000;
  for (const OrdersOfDepletion& pool : SmallPools()) {
    for (const std::string_view name : SelectorNames()) {
      const auto selector = std::move(MakeSelector(name)).value();
      const auto random = MakeXoshiroRandom(++seed);
      verdict.Add(std::string(name), pool.PValue(kRuns, [&](std::span<ItemIndex> order) {
        selector->Assign(pool.weights());
        Stock stock = pool.FullStock();
        ASSERT_EQ(selector->DrawMany(*random, stock, order), order.size());
      }));
    }
  }
  EXPECT_EQ(verdict.Rejected(), "");
}

// The check must be able to fail. Both mistakes keep every single draw from the
// full pool fair, and show only in the order.
using NextLive = std::function<std::size_t(Random&, const std::vector<Weight>& all,
                                           const std::vector<Weight>& live)>;

std::size_t PositionOf(std::uint64_t number, const std::vector<Weight>& weights) {
  std::size_t i = 0;
  while (number >= weights[i]) number -= weights[i++];
  return i;
}

void ExpectRejected(const NextLive& next_live) {
  for (const OrdersOfDepletion& pool : SmallPools()) {
    const auto random = MakeXoshiroRandom(3'000);
    const double p_value = pool.PValue(kRuns, [&](std::span<ItemIndex> order) {
      std::vector<Weight> live = pool.weights();
      Stock stock = pool.FullStock();
      for (ItemIndex& pick : order) {
        pick = static_cast<ItemIndex>(next_live(*random, pool.weights(), live));
        if (stock.TakeOne(pick)) live[pick] = 0;
      }
    });
    EXPECT_LT(p_value, kSignificance);
  }
}

TEST(SelectorStatisticsTest, TakingTheNextLiveItemForADeadOneIsCaught) {
  ExpectRejected([](Random& random, const std::vector<Weight>& all,
                    const std::vector<Weight>& live) {
    std::size_t i =
        PositionOf(UniformBelow(random, std::accumulate(all.begin(), all.end(), Weight{0})), all);
    while (live[i] == 0) i = (i + 1) % live.size();
    return i;
  });
}

TEST(SelectorStatisticsTest, ReusingAStaleNumberModuloTheNewTotalIsCaught) {
  ExpectRejected(
      [](Random& random, const std::vector<Weight>& all, const std::vector<Weight>& live) {
        const std::uint64_t stale =
            UniformBelow(random, std::accumulate(all.begin(), all.end(), Weight{0}));
        return PositionOf(stale % std::accumulate(live.begin(), live.end(), Weight{0}), live);
      });
}

}  // namespace
}  // namespace rewardpool
