// catalog.h - the items that benchmarks draw.
#ifndef REWARDPOOL_BENCH_SUPPORT_CATALOG_H_
#define REWARDPOOL_BENCH_SUPPORT_CATALOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "rewardpool/item.h"

namespace rewardpool::bench {

// Zipf-like weights, no limits.
inline std::vector<Item> Catalog(std::int64_t count) {
  std::vector<Item> items;
  for (std::int64_t i = 0; i < count; ++i) {
    items.push_back({"item-" + std::to_string(i), static_cast<Weight>(1'000'000 / (i + 1) + 1)});
  }
  return items;
}

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_CATALOG_H_
