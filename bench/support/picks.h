// picks.h - drawn positions, as a pool of benchmark items draws them.
#ifndef REWARDPOOL_BENCH_SUPPORT_PICKS_H_
#define REWARDPOOL_BENCH_SUPPORT_PICKS_H_

#include <cstddef>
#include <vector>

#include "rewardpool/item.h"
#include "rewardpool/item_table.h"
#include "rewardpool/random.h"
#include "rewardpool/selector.h"

namespace rewardpool::bench {

// `count` draws of `items`, the same in every run. Requires unlimited stock.
inline std::vector<ItemIndex> Picks(const ItemTable& items, std::size_t count) {
  std::vector<Weight> weights;
  for (ItemIndex i = 0; i < items.slot_count(); ++i) weights.push_back(items.WeightAt(i));
  const auto selector = MakeSelector("auto").value();
  selector->Assign(weights);
  const auto random = MakeXoshiroRandom(1);
  std::vector<ItemIndex> picks(count);
  for (ItemIndex& pick : picks) pick = selector->Select(*random);
  return picks;
}

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_PICKS_H_
