// Honest logs pass, at the rate that is promised; rigged ones do not.
#include "rewardpool/fairness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "rewardpool/memory_storage.h"
#include "rewardpool/random.h"
#include "rewardpool/wal_batcher.h"
#include "support/chi_square.h"
#include "support/sync_pool.h"

namespace rewardpool {
namespace {

using ::testing::ElementsAre;

// Writes a log of draws that it picks itself: honestly, or not.
class Forger {
 public:
  // Given the weights that count, by position: the position to draw.
  using Pick = std::function<std::size_t(const std::vector<Weight>& weights)>;

  Forger(const std::vector<Item>& catalog, std::uint64_t seed)
      : random_(MakeXoshiroRandom(seed)), items_(ItemTable::Create(catalog).value()) {
    ItemTable listed;
    for (const Item& item : catalog) {
      EXPECT_TRUE(listed.Add(item).ok());
      batcher_.Add(CatalogItem{item}, listed);
    }
    batcher_.Add(PoolCreated{catalog.size()}, listed);
    Seal();
  }

  [[nodiscard]] Random& random() { return *random_; }

  // As often as there is anything to draw.
  void Draw(std::size_t draws, const Pick& pick) {
    while (draws > 0) {
      DrawRun run;
      while (run.items.size() < std::min<std::size_t>(draws, 1'000)) {
        const std::vector<Weight> weights = Weights();
        if (std::count(weights.begin(), weights.end(), 0u) ==
            static_cast<std::ptrdiff_t>(weights.size())) {
          draws = run.items.size();
          break;
        }
        const auto position = static_cast<ItemIndex>(pick(weights));
        ASSERT_TRUE(items_.ApplyDraws({&position, 1}).ok());
        run.items.push_back(position);
      }
      draws -= run.items.size();
      if (!run.items.empty()) batcher_.Add(run, items_);
      if (!run.items.empty()) Seal();
    }
  }
  void DrawHonestly(std::size_t draws) {
    Draw(draws, [this](const std::vector<Weight>& weights) { return Honest(weights); });
  }
  // One request for several items.
  void DrawTogether(std::uint32_t count, const std::string& key) {
    RequestedDraw draw{key, "", count, {}};
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto position = static_cast<ItemIndex>(Honest(Weights()));
      ASSERT_TRUE(items_.ApplyDraws({&position, 1}).ok());
      draw.items.push_back(position);
    }
    batcher_.Add(draw, items_);
    Seal();
  }
  [[nodiscard]] std::size_t Honest(const std::vector<Weight>& weights) {
    Weight total = 0;
    for (const Weight weight : weights) total += weight;
    Weight place = UniformBelow(*random_, total);
    std::size_t position = 0;
    while (place >= weights[position]) place -= weights[position++];
    return position;
  }

  void Add(const Item& item) {
    ASSERT_TRUE(items_.Add(item).ok());
    batcher_.Add(ItemAdded{item}, items_);
    Seal();
  }
  void Update(const std::string& id, const ItemChange& change) {
    ASSERT_TRUE(items_.Update(id, change).ok());
    batcher_.Add(ItemUpdated{id, change}, items_);
    Seal();
  }
  void Remove(const std::string& id) {
    ASSERT_TRUE(items_.Remove(id).ok());
    batcher_.Add(ItemRemoved{id}, items_);
    Seal();
  }

  [[nodiscard]] FairnessReport Check(double significance = 0.001) {
    MemoryStorage log(disk_);
    MemorySnapshotStore snapshots(disk_);
    const Result<FairnessReport> report = CheckFairness(log, snapshots, {significance});
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    return report.ok() ? *report : FairnessReport();
  }

 private:
  [[nodiscard]] std::vector<Weight> Weights() const {
    std::vector<Weight> weights;
    for (std::size_t i = 0; i < items_.slot_count(); ++i) {
      weights.push_back(items_.DrawableWeightAt(static_cast<ItemIndex>(i)));
    }
    return weights;
  }
  void Seal() {
    // A segment names the items that it begins with.
    ASSERT_TRUE(AppendBatch(log_, batcher_.Seal(true, schema_hash_)).ok());
    batcher_.Accept();
    schema_hash_ = items_.schema_hash();
  }

  std::unique_ptr<Random> random_;
  ItemTable items_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  MemoryStorage log_{disk_};
  std::uint32_t schema_hash_ = ItemTable().schema_hash();
  WalBatcher batcher_{LogEnd{}, {.codec = FindRecordCodec("binary"), .salt_seed = 1}};
};

std::vector<std::string> Suspicious(const FairnessReport& report) {
  std::vector<std::string> names;
  for (const FairnessTest& test : report.tests) {
    if (test.is_suspicious) names.emplace_back(test.name);
  }
  return names;
}

bool IsSuspicious(const FairnessReport& report, std::string_view name) {
  const std::vector<std::string> names = Suspicious(report);
  return std::find(names.begin(), names.end(), name) != names.end();
}

const std::vector<Item> kPool = {
    {"gold", 10, Quantity::Of(200)}, {"silver", 30, Quantity::Of(2'000)}, {"bronze", 60},
    {"pin", 15, Quantity::Of(1)},    {"pen", 1, Quantity::Of(3)},         {"never", 0},
    {"gone", 50, Quantity::Of(0)}};

// A log in which everything happens that may.
void DrawEventfully(Forger& forger) {
  forger.DrawHonestly(700);
  forger.DrawTogether(7, "a key");
  forger.Update("bronze", {Weight{25}, std::nullopt});
  forger.DrawHonestly(400);
  forger.Remove("silver");
  forger.DrawHonestly(300);
  forger.Add({"copper", 40, Quantity::Of(120)});
  forger.DrawTogether(3, "another");
  forger.DrawHonestly(500);
  forger.Update("gold", {std::nullopt, Quantity::Of(0)});
  forger.Update("gone", {std::nullopt, Quantity::Of(100)});
  forger.DrawHonestly(400);
}

// Of 400 logs with fixed seeds. With every test exact, Holm's method would find
// unfair up to 5% of them: 20, and more than 36 with a chance below 1 in 1,000.
void ExpectThePromisedRate(const std::vector<Item>& pool,
                           const std::function<void(Forger&)>& draw) {
  constexpr int kLogs = 400;
  constexpr double kSignificance = 0.05;
  int unfair = 0;
  std::map<std::string, std::vector<std::uint64_t>> deciles;
  for (std::uint64_t seed = 1; seed <= kLogs; ++seed) {
    Forger forger(pool, seed);
    draw(forger);
    const FairnessReport report = forger.Check(kSignificance);
    unfair += report.is_fair() ? 0 : 1;
    for (const FairnessTest& test : report.tests) {
      if (!test.has_run) continue;
      std::vector<std::uint64_t>& counts = deciles[std::string(test.name)];
      counts.resize(10);
      ++counts[std::min<std::size_t>(static_cast<std::size_t>(test.p_value * 10), 9)];
    }
  }
  EXPECT_LE(unfair, 36);
  // Nor are they timid: the p-values of each test are about uniform.
  const std::vector<double> equal(10, 1.0);
  EXPECT_GE(deciles.size(), 3u);
  for (const auto& [name, counts] : deciles) {
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}), 400u);
    EXPECT_GT(tests::ChiSquareTest(counts, equal), 1e-4)
        << name << ": " << ::testing::PrintToString(counts);
  }
}

TEST(FairnessTest, HonestLogsPassAtThePromisedRate) {
  ExpectThePromisedRate(kPool, DrawEventfully);
}

// Here each draw changes the odds of all that follow.
TEST(FairnessTest, HonestRafflesPassAtThePromisedRate) {
  std::vector<Item> raffle;
  for (int i = 0; i < 150; ++i) {
    raffle.push_back({"ticket " + std::to_string(i), static_cast<Weight>(1 + i % 40),
                      Quantity::Of(static_cast<std::uint64_t>(1 + i % 2))});
  }
  ExpectThePromisedRate(raffle, [](Forger& forger) { forger.DrawHonestly(200); });
}

TEST(FairnessTest, ExpectationsAreTheSumsOfTheChances) {
  Forger forger({{"a", 1, Quantity::Of(1)}, {"b", 3}}, 1);
  const std::vector<std::size_t> picks{1, 0, 1, 1};
  std::size_t next = 0;
  forger.Draw(4, [&](const std::vector<Weight>&) { return picks[next++]; });
  const FairnessReport report = forger.Check();
  ASSERT_EQ(report.items.size(), 2u);
  EXPECT_EQ(report.items[0].id, "a");
  EXPECT_EQ(report.items[0].drawn, 1u);
  EXPECT_NEAR(report.items[0].expected, 0.5, 1e-15);  // 1/4 twice, then it is gone
  EXPECT_EQ(report.items[1].drawn, 3u);
  EXPECT_NEAR(report.items[1].expected, 3.5, 1e-15);
  EXPECT_NEAR(report.items[0].deviations, 0.5 / std::sqrt(2 * 3.0 / 16), 1e-12);
}

TEST(FairnessTest, RemovedItemsAreReportedToo) {
  Forger forger(kPool, 3);
  DrawEventfully(forger);
  const FairnessReport report = forger.Check();
  std::vector<std::string> ids;
  double drawn = 0;
  double expected = 0;
  for (const FairnessItem& item : report.items) {
    ids.push_back(item.id);
    drawn += static_cast<double>(item.drawn);
    expected += item.expected;
  }
  EXPECT_THAT(ids,
              ElementsAre("silver", "gold", "copper", "bronze", "pin", "pen", "never", "gone"));
  EXPECT_EQ(drawn, 2'310);
  EXPECT_NEAR(expected, 2'310, 1e-8);
}

TEST(FairnessTest, WrongOddsAreFound) {
  Forger forger(kPool, 1);
  // Gold is held back, one time in five.
  forger.Draw(8'000, [&](const std::vector<Weight>& weights) {
    const std::size_t pick = forger.Honest(weights);
    return pick == 0 && UniformBelow(forger.random(), 5) == 0 ? 2 : pick;
  });
  EXPECT_TRUE(IsSuspicious(forger.Check(), "counts"));
}

TEST(FairnessTest, ARarePrizeThatIsHeldBackIsFound) {
  // A hundred are expected, and every other one is given as mud: far less than
  // what 100,000 draws leave to chance in all.
  const std::vector<Item> pool{{"gold", 1}, {"silver", 99}, {"mud", 900}};
  Forger forger(pool, 12);
  forger.Draw(100'000, [&](const std::vector<Weight>& weights) {
    const std::size_t pick = forger.Honest(weights);
    return pick == 0 && UniformBelow(forger.random(), 2) == 0 ? 2 : pick;
  });
  const FairnessReport report = forger.Check();
  EXPECT_THAT(Suspicious(report), ElementsAre("counts"));
  EXPECT_LT(report.items[0].deviations, -4);
}

TEST(FairnessTest, OddsThatForgetTheStockAreFound) {
  // When silver is gone its share goes to the next in line, and not to all alike.
  const std::vector<Item> pool{{"silver", 30, Quantity::Of(300)}, {"bronze", 30}, {"stone", 40}};
  Forger forger(pool, 2);
  forger.Draw(3'000, [&](const std::vector<Weight>& weights) -> std::size_t {
    const std::uint64_t place = UniformBelow(forger.random(), 100);
    if (place < 30) return weights[0] > 0 ? 0 : 1;
    return place < 60 ? 1 : 2;
  });
  EXPECT_TRUE(IsSuspicious(forger.Check(), "counts"));
}

TEST(FairnessTest, OddsThatForgetAnUpdateAreFound) {
  const std::vector<Item> pool{{"a", 50}, {"b", 50}};
  Forger forger(pool, 3);
  forger.DrawHonestly(500);
  forger.Update("a", {Weight{40}, std::nullopt});
  forger.Draw(4'000, [&](const std::vector<Weight>&) {
    return static_cast<std::size_t>(UniformBelow(forger.random(), 2));
  });
  EXPECT_TRUE(IsSuspicious(forger.Check(), "counts"));
}

TEST(FairnessTest, DrawsThatRepeatTheOneBeforeAreFound) {
  Forger forger(kPool, 4);
  std::size_t last = 2;
  forger.Draw(6'000, [&](const std::vector<Weight>& weights) {
    if (weights[last] == 0 || UniformBelow(forger.random(), 12) != 0) last = forger.Honest(weights);
    return last;
  });
  EXPECT_TRUE(IsSuspicious(forger.Check(), "runs"));
}

TEST(FairnessTest, DrawsThatAvoidTheOneBeforeAreFound) {
  // Counts are right: two equal items take turns too often.
  const std::vector<Item> pool{{"heads", 1}, {"tails", 1}};
  Forger forger(pool, 5);
  std::size_t last = 0;
  forger.Draw(3'000, [&](const std::vector<Weight>& weights) {
    last = UniformBelow(forger.random(), 10) == 0 ? 1 - last : forger.Honest(weights);
    return last;
  });
  EXPECT_THAT(Suspicious(forger.Check()), ::testing::Contains("runs"));
}

TEST(FairnessTest, AShiftInTheMiddleThatCancelsOutIsFound) {
  // More heads in the first half, more tails in the second.
  const std::vector<Item> pool{{"heads", 1}, {"tails", 1}};
  Forger forger(pool, 6);
  int draws = 0;
  forger.Draw(8'000, [&](const std::vector<Weight>&) {
    const std::uint64_t heads = draws++ < 4'000 ? 55 : 45;
    return static_cast<std::size_t>(UniformBelow(forger.random(), 100) < heads ? 0 : 1);
  });
  const FairnessReport report = forger.Check();
  EXPECT_FALSE(IsSuspicious(report, "counts"));
  EXPECT_TRUE(IsSuspicious(report, "uniformity"));
}

TEST(FairnessTest, ASequenceThatIsTooEvenIsFound) {
  const std::vector<Item> pool(
      {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"f", 1}, {"g", 1}});
  Forger forger(pool, 7);
  std::size_t place = 0;
  // Each exactly as often as it should, by steps of 3.
  forger.Draw(2'100, [&](const std::vector<Weight>&) { return place = (place + 3) % 7; });
  const FairnessReport report = forger.Check();
  EXPECT_THAT(Suspicious(report), ElementsAre("runs", "serial"));
}

TEST(FairnessTest, ThousandsOfItemsThatRunOutAreJudgedToo) {
  std::vector<Item> raffle;
  for (int i = 0; i < 3'000; ++i) {
    raffle.push_back(
        {"ticket " + std::to_string(i), static_cast<Weight>(1 + i % 50), Quantity::Of(1)});
  }
  Forger honest(raffle, 8);
  honest.DrawHonestly(1'500);
  EXPECT_TRUE(honest.Check().is_fair());
  // The heavy ones are held back at first.
  Forger rigged(raffle, 8);
  rigged.Draw(1'500, [&](const std::vector<Weight>& weights) {
    const std::size_t pick = rigged.Honest(weights);
    return weights[pick] > 40 ? rigged.Honest(weights) : pick;
  });
  EXPECT_FALSE(rigged.Check().is_fair());
}

TEST(FairnessTest, TooFewDrawsAreNotJudged) {
  Forger forger(kPool, 9);
  forger.DrawHonestly(5);
  const FairnessReport report = forger.Check();
  EXPECT_EQ(report.draws, 5u);
  EXPECT_TRUE(report.is_fair());
  for (const FairnessTest& test : report.tests) EXPECT_FALSE(test.has_run) << test.name;
}

TEST(FairnessTest, AnExhaustedPoolOfOneItemIsFair) {
  Forger forger({{"only", 5, Quantity::Of(300)}}, 10);
  forger.DrawHonestly(500);
  const FairnessReport report = forger.Check();
  EXPECT_EQ(report.draws, 300u);
  EXPECT_TRUE(report.is_fair());
  EXPECT_EQ(report.items[0].deviations, 0);
}

TEST(FairnessTest, TheSameLogGivesTheSameReport) {
  Forger forger(kPool, 11);
  DrawEventfully(forger);
  const FairnessReport a = forger.Check();
  const FairnessReport b = forger.Check();
  for (std::size_t i = 0; i < a.tests.size(); ++i)
    EXPECT_EQ(a.tests[i].p_value, b.tests[i].p_value);
}

// Drawn by the real engine, with a log that begins at a snapshot.
TEST(FairnessTest, ALogThatWasShortenedIsJudgedFromItsSnapshotOn) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryStorage log(disk);
  MemorySnapshotStore snapshots(disk);
  testing::SyncPoolOptions options;
  options.segment_bytes_max = 1 << 16;
  Result<testing::SyncPool> pool = testing::SyncPool::Open(log, snapshots, kPool, options);
  ASSERT_TRUE(pool.ok());
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(pool->Draw(100).drawn, 100u);
      ASSERT_TRUE(pool->Flush().ok());
    }
    ASSERT_TRUE(pool->Snapshot().ok());
  }
  MemoryStorage reader(disk);
  const Result<FairnessReport> report = CheckFairness(reader, snapshots, {0.001});
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_GT(report->log_starts_after, 0u);
  EXPECT_EQ(report->draws, 4'000 - report->log_starts_after);
  EXPECT_TRUE(report->is_fair()) << ::testing::PrintToString(Suspicious(*report));
}

TEST(FairnessTest, WithoutAPoolThereIsNothingToJudge) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryStorage log(disk);
  MemorySnapshotStore snapshots(disk);
  EXPECT_EQ(CheckFairness(log, snapshots, {}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace rewardpool
