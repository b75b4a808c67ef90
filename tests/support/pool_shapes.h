// pool_shapes.h - the pools that tests draw from, by integer rules that any
// language can repeat (tests/golden/README.md does so for the golden draws).
#ifndef REWARDPOOL_TESTS_SUPPORT_POOL_SHAPES_H_
#define REWARDPOOL_TESTS_SUPPORT_POOL_SHAPES_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string_view>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/stock.h"

namespace rewardpool::tests {

// Weight of position i of n, counted from 0:
//   equal       10
//   zipf        1,000,000 / (i + 1), rounded down, at least 1
//   one-huge    10^12 for i = n / 2 (rounded down), 1 for the others
//   zero-weights  0 if i is a multiple of 3, otherwise i
inline std::vector<Weight> ShapeWeights(std::string_view shape, std::size_t n) {
  std::vector<Weight> weights(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (shape == "equal") {
      weights[i] = 10;
    } else if (shape == "zipf") {
      weights[i] = std::max<Weight>(1, 1'000'000 / (i + 1));
    } else if (shape == "one-huge") {
      weights[i] = i == n / 2 ? 1'000'000'000'000 : 1;
    } else {
      assert(shape == "zero-weights");
      weights[i] = i % 3 == 0 ? 0 : i;
    }
  }
  return weights;
}

inline Stock UnlimitedStock(std::size_t n) {
  Stock stock;
  stock.Resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    stock.Set(static_cast<ItemIndex>(i), {.left = Quantity::Unlimited(), .drawn = 0});
  }
  return stock;
}

// Quantity 1 + i % 3 for position i.
inline Stock SmallStock(std::size_t n) {
  Stock stock;
  stock.Resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    stock.Set(static_cast<ItemIndex>(i), {.left = Quantity::Of(1 + i % 3), .drawn = 0});
  }
  return stock;
}

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_POOL_SHAPES_H_
