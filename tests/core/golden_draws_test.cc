// Draws from fixed seeds, pinned: see tests/golden/README.md.
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rewardpool/selector.h"
#include "support/golden_json.h"
#include "support/pool_shapes.h"

namespace rewardpool {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFile = RP_GOLDEN_DIR "/draws.json";
constexpr std::size_t kFirst = 24;
constexpr std::size_t kUnlimitedDraws = 1'000;

struct GoldenPool {
  std::string_view shape;
  std::size_t items;
  std::string_view stock;
};

constexpr GoldenPool kPools[] = {
    {"equal", 12, "unlimited"},
    {"zipf", 3'000, "unlimited"},
    {"one-huge", 300, "unlimited"},
    {"zero-weights", 300, "unlimited"},
    {"zipf", 12, "small"},
    {"zipf", 300, "small"},
    {"zero-weights", 3'000, "small"},
};

std::unique_ptr<Random> MakeGenerator(std::string_view name) {
  if (name == "xoshiro256++") return MakeXoshiroRandom(42);
  SecureKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
  return MakeChaCha20Random(key);
}

std::string Digest(const std::vector<ItemIndex>& picks) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const ItemIndex pick : picks) {
    for (int byte = 0; byte < 4; ++byte) {
      hash = (hash ^ ((pick >> (8 * byte)) & 0xFF)) * 0x100000001b3;
    }
  }
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

Json Run(std::string_view generator, std::string_view selector_name, const GoldenPool& pool) {
  const auto random = MakeGenerator(generator);
  const auto selector = std::move(MakeSelector(selector_name)).value();
  selector->Assign(tests::ShapeWeights(pool.shape, pool.items));
  Stock stock;
  std::size_t draws = kUnlimitedDraws;
  if (pool.stock == "unlimited") {
    stock = tests::UnlimitedStock(pool.items);
  } else {
    stock = tests::SmallStock(pool.items);
    draws = 3 * pool.items;
  }
  std::vector<ItemIndex> picks(draws);
  picks.resize(selector->DrawMany(*random, stock, picks));
  const std::vector<ItemIndex> first(picks.begin(), picks.begin() + std::min(kFirst, picks.size()));
  return {{"generator", generator}, {"selector", selector_name}, {"shape", pool.shape},
          {"items", pool.items},    {"stock", pool.stock},       {"draws", picks.size()},
          {"first", first},         {"digest", Digest(picks)}};
}

Json AllRuns() {
  Json runs = Json::array();
  for (const std::string_view generator : {"chacha20", "xoshiro256++"}) {
    for (const std::string_view selector : SelectorNames()) {
      for (const GoldenPool& pool : kPools) runs.push_back(Run(generator, selector, pool));
    }
  }
  return runs;
}

TEST(GoldenDrawsTest, FixedSeedsStillGiveTheSameDraws) {
  const Json runs = AllRuns();
  const Json golden = tests::GoldenEntries(std::string(kFile), runs);
  ASSERT_EQ(golden.size(), runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) EXPECT_EQ(runs[i], golden[i]);
}

}  // namespace
}  // namespace rewardpool
