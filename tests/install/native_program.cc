// A program of another project: reads a configuration, opens a pool, draws.
#include <rewardpool/native/config.h>
#include <rewardpool/rewardpool.h>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto options = rewardpool::native::ParseConfig(
      "pool: {catalog: [{item_id: gold, weight: 1, quantity: 1}]}", "built in");
  if (!options.ok()) {
    std::puts(options.status().ToString().c_str());
    return 1;
  }
  options->dir = argv[1];
  auto pool = rewardpool::Pool::Open(*options);
  if (!pool.ok()) {
    std::puts(pool.status().ToString().c_str());
    return 1;
  }
  const rewardpool::DrawResult drawn = pool->Draw();
  const bool right = drawn.ok() && pool->ItemId(drawn.item) == "gold";
  const bool then_none = pool->Draw().code == rewardpool::StatusCode::kExhausted;
  if (!right || !then_none || !pool->Close().ok()) return 1;
  std::puts("native works");
  return 0;
}
