// How long selectors take for a draw, beside a classic Fenwick tree.
//
// Names: BM_Select/<selector>/<weights>/<kind>/<items>
//   selector  one of SelectorNames(), or a peer: std-discrete, boost-discrete,
//             gsl-discrete (floating point, static only); or bare-misses, the
//             floor of large pools (static, mixed)
//   weights   equal  100 each
//             zipf   10^9 / rank, in random order
//             heavy  one item in the middle outweighs all others, 100 each, together
//   kind      static     nothing changes
//             depleting  one unit of each item, so every draw takes an item out
//             mixed      after every 10 draws an item gets another's weight, by
//                        ChangeWeight(), which is told the old one (as a textbook's
//                        Fenwick tree is told the difference); time and bytes are
//                        for a draw and its tenth of a change
//
// Draws go through DrawMany() as the engine makes them, with the generator of
// pools, ChaCha20, and take units from a stock. The reference is the selector
// `fenwick`, which is the textbook's tree, called in the same way.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if RP_BENCH_HAS_BOOST
#include <boost/random/discrete_distribution.hpp>
#endif
#if RP_BENCH_HAS_GSL
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#endif

#include "rewardpool/large_memory.h"
#include "rewardpool/native/huge_pages.h"
#include "rewardpool/random.h"
#include "rewardpool/selector.h"
#include "rewardpool/stock.h"
#include "support/allocation_counter.h"
#include "support/paired_timing.h"

namespace rewardpool::bench {
namespace {

constexpr std::size_t kItemCounts[] = {5, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
constexpr std::string_view kShapes[] = {"equal", "zipf", "heavy"};
enum class Kind { kStatic, kDepleting, kMixed };
constexpr std::pair<Kind, std::string_view> kKinds[] = {
    {Kind::kStatic, "static"}, {Kind::kDepleting, "depleting"}, {Kind::kMixed, "mixed"}};

constexpr std::string_view kReference = "fenwick";
constexpr std::size_t kPicksPerCall = 4'096;  // as many as the actor stages at a time
constexpr std::size_t kDrawsPerChange = 10;
constexpr std::int64_t kIterations = 31;
// In each iteration so many draws, or fewer where one takes microseconds.
constexpr std::size_t kDraws = 65'536;
constexpr std::size_t kSlowDraws = 4'096;

std::vector<Weight> MakeWeights(std::string_view shape, std::size_t items) {
  std::vector<Weight> weights(items, 100);
  if (shape == "heavy") weights[items / 2] = 100 * items;
  if (shape == "zipf") {
    for (std::size_t i = 0; i < items; ++i) weights[i] = 1'000'000'000 / (i + 1);
    const auto random = MakeXoshiroRandom(items);
    for (std::size_t i = items; i > 1; --i) {
      std::swap(weights[i - 1], weights[UniformBelow(*random, i)]);
    }
  }
  return weights;
}

// Those of the latest row: in rows of the same pool they are made once.
const std::vector<Weight>& WeightsOf(std::string_view shape, std::size_t items) {
  static std::string_view latest_shape;
  static std::vector<Weight> weights;
  if (latest_shape != shape || weights.size() != items) {
    weights = MakeWeights(shape, items);
    latest_shape = shape;
  }
  return weights;
}

// A pool: a selector and the stock that it draws from.
class DrawnPool {
 public:
  explicit DrawnPool(std::string_view selector_name)
      : selector_(std::move(MakeSelector(selector_name).value())) {
    native::AskForHugePages();
  }

  void Fill(std::span<const Weight> weights, Quantity quantity) {
    selector_->Assign(weights);
    stock_.Resize(weights.size());
    for (ItemIndex i = 0; i < weights.size(); ++i) stock_.Set(i, {.left = quantity, .drawn = 0});
  }

  void Draw(Random& random, std::size_t draws) {
    static std::vector<ItemIndex> picks(kPicksPerCall);
    while (draws > 0) {
      const auto wanted = std::span(picks).first(std::min(draws, kPicksPerCall));
      benchmark::DoNotOptimize(selector_->DrawMany(random, stock_, wanted));
      draws -= wanted.size();
    }
  }

  void ChangeWeight(ItemIndex index, Weight before, Weight after) {
    selector_->ChangeWeight(index, before, after);
  }

 private:
  std::unique_ptr<Selector> selector_;
  Stock stock_;
};

std::unique_ptr<Random> MakeRandom() { return MakeChaCha20Random(SecureKey{}); }

// Times `own` and `reference`, and counts the bytes that `own` takes from the heap.
class DrawTiming {
 public:
  explicit DrawTiming(benchmark::State& state)
      : state_(state), timing_(state, std::string(kReference)) {}
  ~DrawTiming() {
    state_.counters["heap_bytes_per_draw"] =
        static_cast<double>(bytes_) / static_cast<double>(draws_);
  }
  DrawTiming(const DrawTiming&) = delete;
  DrawTiming& operator=(const DrawTiming&) = delete;

  template <typename Subject, typename Reference>
  void Time(std::size_t draws, Subject subject, Reference reference) {
    const auto count = static_cast<std::int64_t>(draws);
    timing_.Time(
        count,
        [&] {
          const std::uint64_t before = AllocationsSoFar().bytes;
          subject();
          bytes_ += AllocationsSoFar().bytes - before;
        },
        reference);
    draws_ += count;
  }

 private:
  benchmark::State& state_;
  PairedTiming timing_;
  std::uint64_t bytes_ = 0;
  std::int64_t draws_ = 0;
};

struct Row {
  std::string_view selector;
  std::string_view shape;
  std::size_t items;
  std::size_t draws;
};

void TimeStatic(benchmark::State& state, const Row& row) {
  const auto random = MakeRandom();
  DrawnPool own(row.selector);
  DrawnPool reference(kReference);
  for (DrawnPool* const pool : {&own, &reference}) {
    pool->Fill(WeightsOf(row.shape, row.items), Quantity::Unlimited());
    pool->Draw(*random, row.draws);
  }
  DrawTiming timing(state);
  for (auto _ : state) {
    timing.Time(
        row.draws, [&] { own.Draw(*random, row.draws); },
        [&] { reference.Draw(*random, row.draws); });
  }
}

// Pools, small ones many at a time, are filled, and then emptied in one
// iteration or, if they are large, in several. Filling is not timed.
void TimeDepleting(benchmark::State& state, const Row& row) {
  const auto random = MakeRandom();
  const std::size_t pools = std::max<std::size_t>(1, row.draws / row.items);
  const std::size_t draws_at_once = std::min(row.items, row.draws);
  std::vector<DrawnPool> own;
  std::vector<DrawnPool> reference;
  for (std::size_t p = 0; p < pools; ++p) {
    own.emplace_back(row.selector);
    reference.emplace_back(kReference);
  }
  std::size_t left = 0;  // in each pool
  const auto draw = [&](std::vector<DrawnPool>& pools_of_one_kind) {
    for (DrawnPool& pool : pools_of_one_kind) pool.Draw(*random, draws_at_once);
  };
  DrawTiming timing(state);
  for (auto _ : state) {
    if (left < draws_at_once) {
      for (std::size_t p = 0; p < pools; ++p) {
        own[p].Fill(WeightsOf(row.shape, row.items), Quantity::Of(1));
        reference[p].Fill(WeightsOf(row.shape, row.items), Quantity::Of(1));
      }
      left = row.items;
    }
    timing.Time(
        pools * draws_at_once, [&] { draw(own); }, [&] { draw(reference); });
    left -= draws_at_once;
  }
}

void TimeMixed(benchmark::State& state, const Row& row) {
  struct Change {
    ItemIndex index;
    Weight before;
    Weight after;
  };
  const std::vector<Weight>& first_weights = WeightsOf(row.shape, row.items);
  std::vector<Weight> weights = first_weights;
  const auto random = MakeRandom();
  DrawnPool own(row.selector);
  DrawnPool reference(kReference);
  own.Fill(weights, Quantity::Unlimited());
  reference.Fill(weights, Quantity::Unlimited());
  std::vector<Change> changes(row.draws / kDrawsPerChange);
  const auto draw = [&](DrawnPool& pool) {
    for (const Change& change : changes) {
      pool.Draw(*random, kDrawsPerChange);
      pool.ChangeWeight(change.index, change.before, change.after);
    }
  };
  DrawTiming timing(state);
  for (auto _ : state) {
    for (Change& change : changes) {
      change.index = static_cast<ItemIndex>(UniformBelow(*random, row.items));
      change.after = first_weights[UniformBelow(*random, row.items)];
      change.before = std::exchange(weights[change.index], change.after);
    }
    timing.Time(
        changes.size() * kDrawsPerChange, [&] { draw(own); }, [&] { draw(reference); });
  }
}

// A peer: `draw()` returns one position.
template <typename DrawOne>
void TimePeer(benchmark::State& state, const Row& row, DrawOne draw_one) {
  const auto random = MakeRandom();
  DrawnPool reference(kReference);
  reference.Fill(WeightsOf(row.shape, row.items), Quantity::Unlimited());
  reference.Draw(*random, row.draws);
  DrawTiming timing(state);
  for (auto _ : state) {
    timing.Time(
        row.draws,
        [&] {
          for (std::size_t d = 0; d < row.draws; ++d) benchmark::DoNotOptimize(draw_one());
        },
        [&] { reference.Draw(*random, row.draws); });
  }
}

void TimeStdDiscrete(benchmark::State& state, const Row& row) {
  const std::vector<Weight>& weights = WeightsOf(row.shape, row.items);
  std::discrete_distribution<ItemIndex> distribution(weights.begin(), weights.end());
  std::mt19937_64 generator;
  TimePeer(state, row, [&] { return distribution(generator); });
}

#if RP_BENCH_HAS_BOOST
void TimeBoostDiscrete(benchmark::State& state, const Row& row) {
  const std::vector<Weight>& weights = WeightsOf(row.shape, row.items);
  boost::random::discrete_distribution<ItemIndex> distribution(weights);
  std::mt19937_64 generator;
  TimePeer(state, row, [&] { return distribution(generator); });
}
#endif

#if RP_BENCH_HAS_GSL
void TimeGslDiscrete(benchmark::State& state, const Row& row) {
  const std::vector<Weight>& weights = WeightsOf(row.shape, row.items);
  const std::vector<double> odds(weights.begin(), weights.end());
  const std::unique_ptr<gsl_ran_discrete_t, decltype(&gsl_ran_discrete_free)> table(
      gsl_ran_discrete_preproc(odds.size(), odds.data()), &gsl_ran_discrete_free);
  const std::unique_ptr<gsl_rng, decltype(&gsl_rng_free)> generator(gsl_rng_alloc(gsl_rng_mt19937),
                                                                    &gsl_rng_free);
  TimePeer(state, row, [&] { return gsl_ran_discrete(generator.get(), table.get()); });
}
#endif

// The least that a draw from many items takes, whatever the selector: a random word, a
// look into a table as large as the items to see which item it is, and then a unit of its
// stock. The items are those of draws made before, of which several are under way at once,
// so that their misses overlap. A change of a weight writes to two places.
class BareMisses {
 public:
  BareMisses(std::span<const Weight> weights, std::size_t draws) : picks_(draws) {
    native::AskForHugePages();
    slots_ = LargeVector<std::uint64_t>(weights.size());
    units_ = LargeVector<std::uint64_t>(weights.size());
    const std::unique_ptr<Selector> selector = std::move(MakeSelector("auto").value());
    selector->Assign(weights);
    Stock stock;
    stock.Resize(weights.size());
    for (ItemIndex i = 0; i < weights.size(); ++i) {
      stock.Set(i, {.left = Quantity::Unlimited(), .drawn = 0});
    }
    (void)selector->DrawMany(*random_, stock, picks_);
    std::vector<ItemIndex> slot_of(weights.size());
    std::iota(slot_of.begin(), slot_of.end(), 0);
    for (std::size_t i = slot_of.size(); i > 1; --i) {
      std::swap(slot_of[i - 1], slot_of[UniformBelow(*random_, i)]);
    }
    for (ItemIndex item = 0; item < weights.size(); ++item) slots_[slot_of[item]] = item;
    for (ItemIndex& pick : picks_) pick = slot_of[pick];
  }

  // At a time: all of them are under way at once, as far as the processor can.
  static constexpr std::size_t kAhead = 128;

  // Goes on where it was, and from the beginning after the last of the draws.
  // `draws`: a multiple of `ahead`, which is at most kAhead.
  void Draw(std::size_t draws, std::size_t ahead = kAhead) {
    std::array<std::uint64_t, kAhead> items;
    std::uint64_t sum = 0;
    for (std::size_t drawn = 0; drawn < draws; drawn += ahead) {
      if (next_ + ahead > picks_.size()) next_ = 0;
      const auto slots = std::span(picks_).subspan(next_, ahead);
      next_ += ahead;
      for (std::size_t i = 0; i < ahead; ++i) sum += random_->Next();
      for (const ItemIndex slot : slots) __builtin_prefetch(&slots_[slot]);
      for (std::size_t i = 0; i < ahead; ++i) items[i] = slots_[slots[i]];
      for (std::size_t i = 0; i < ahead; ++i) {
        __builtin_prefetch(&units_[items[i]], /*for writing*/ 1);
      }
      for (std::size_t i = 0; i < ahead; ++i) ++units_[items[i]];
    }
    benchmark::DoNotOptimize(sum);
    benchmark::DoNotOptimize(units_.data());
  }

  void Change(std::size_t before, std::size_t after) {
    ++units_[before];
    ++units_[after];
  }

 private:
  const std::unique_ptr<Random> random_ = MakeXoshiroRandom(1);
  std::vector<ItemIndex> picks_;  // the slots of what was drawn
  std::size_t next_ = 0;
  LargeVector<std::uint64_t> slots_;
  LargeVector<std::uint64_t> units_;
};

void TimeBareMisses(benchmark::State& state, const Row& row) {
  const auto random = MakeRandom();
  const std::vector<Weight>& weights = WeightsOf(row.shape, row.items);
  BareMisses own(weights, (kIterations + 1) * row.draws);
  DrawnPool reference(kReference);
  reference.Fill(weights, Quantity::Unlimited());
  reference.Draw(*random, row.draws);
  own.Draw(row.draws);
  DrawTiming timing(state);
  for (auto _ : state) {
    timing.Time(
        row.draws, [&] { own.Draw(row.draws); }, [&] { reference.Draw(*random, row.draws); });
  }
}

void TimeBareMissesMixed(benchmark::State& state, const Row& row) {
  struct Change {
    ItemIndex item;
    std::size_t new_place;
  };
  const auto random = MakeRandom();
  const std::vector<Weight>& weights = WeightsOf(row.shape, row.items);
  BareMisses own(weights, (kIterations + 1) * row.draws);
  std::vector<Change> changes(row.draws / kDrawsPerChange);
  DrawnPool reference(kReference);
  reference.Fill(weights, Quantity::Unlimited());
  DrawTiming timing(state);
  for (auto _ : state) {
    for (Change& change : changes) {
      change = {.item = static_cast<ItemIndex>(UniformBelow(*random, row.items)),
                .new_place = static_cast<std::size_t>(UniformBelow(*random, row.items))};
    }
    timing.Time(
        changes.size() * kDrawsPerChange,
        [&] {
          for (const Change& change : changes) {
            own.Draw(kDrawsPerChange, kDrawsPerChange);
            own.Change(change.item, change.new_place);
          }
        },
        [&] {
          for (const Change& change : changes) {
            reference.Draw(*random, kDrawsPerChange);
            const Weight weight = weights[change.item];
            reference.ChangeWeight(change.item, weight, weight);
          }
        });
  }
}

// How many items a selector is sensible for.
std::size_t ItemsMax(std::string_view selector, Kind kind) {
  const bool scans = selector == "linear" || selector == "flat";
  const bool rewrites = selector == "prefix-sum" && kind != Kind::kStatic;
  return scans || rewrites ? 10'000 : kItemCounts[std::size(kItemCounts) - 1];
}

void Register(void (*time)(benchmark::State&, const Row&), std::string_view kind, const Row& row) {
  const std::string name = "BM_Select/" + std::string(row.selector) + "/" + std::string(row.shape) +
                           "/" + std::string(kind) + "/" + std::to_string(row.items);
  benchmark::RegisterBenchmark(name.c_str(),
                               [time, row](benchmark::State& state) { time(state, row); })
      ->UseManualTime()
      ->Iterations(kIterations);
}

// Pool by pool, so that rows next to each other share its weights.
const bool kRegistered = [] {
  for (const std::size_t items : kItemCounts) {
    for (const std::string_view shape : kShapes) {
      for (const auto& [kind, kind_name] : kKinds) {
        const auto time = kind == Kind::kStatic      ? &TimeStatic
                          : kind == Kind::kDepleting ? &TimeDepleting
                                                     : &TimeMixed;
        for (const std::string_view selector : SelectorNames()) {
          const std::size_t items_max = ItemsMax(selector, kind);
          if (items > items_max) continue;
          const bool is_slow = items >= 1'000 && items_max <= 10'000;
          Register(time, kind_name, {selector, shape, items, is_slow ? kSlowDraws : kDraws});
        }
      }
      Register(&TimeBareMisses, "static", {"bare-misses", shape, items, kDraws});
      Register(&TimeBareMissesMixed, "mixed", {"bare-misses", shape, items, kDraws});
      Register(&TimeStdDiscrete, "static", {"std-discrete", shape, items, kDraws});
#if RP_BENCH_HAS_BOOST
      Register(&TimeBoostDiscrete, "static", {"boost-discrete", shape, items, kDraws});
#endif
#if RP_BENCH_HAS_GSL
      Register(&TimeGslDiscrete, "static", {"gsl-discrete", shape, items, kDraws});
#endif
    }
  }
  return true;
}();

}  // namespace
}  // namespace rewardpool::bench
