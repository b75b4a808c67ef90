// What a pool takes from the heap for each item.
//
// Names: BM_Memory/<items>. The time is that of filling the pool. Counters, in
// bytes an item:
//   table     its ItemTable, without the texts of ids (one byte of length each)
//   selector  its selector, auto
//   without_id_texts  both
//   id_texts  the texts of ids
//   pool      the whole PoolState, texts included
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/item_table.h"
#include "rewardpool/native/huge_pages.h"
#include "rewardpool/pool_state.h"
#include "rewardpool/selector.h"
#include "support/allocation_counter.h"
#include "support/catalog.h"

namespace rewardpool::bench {
namespace {

void BM_Memory(benchmark::State& state) {
  native::AskForHugePages();
  const std::vector<Item> items = Catalog(state.range(0));
  std::uint64_t id_bytes = 0;
  for (const Item& item : items) id_bytes += 1 + item.id.size();
  std::uint64_t table_bytes = 0;
  std::uint64_t pool_bytes = 0;
  for (auto _ : state) {
    const std::uint64_t before = HeapBytesInUse();
    ItemTable table = ItemTable::Create(items).value();
    table_bytes = HeapBytesInUse() - before;
    const PoolState pool(std::move(table), MakeSelector("auto").value());
    pool_bytes = HeapBytesInUse() - before;
  }
  const auto for_an_item = [&](std::uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(items.size());
  };
  state.counters["table"] = for_an_item(table_bytes - id_bytes);
  state.counters["selector"] = for_an_item(pool_bytes - table_bytes);
  state.counters["without_id_texts"] = for_an_item(pool_bytes - id_bytes);
  state.counters["id_texts"] = for_an_item(id_bytes);
  state.counters["pool"] = for_an_item(pool_bytes);
}
BENCHMARK(BM_Memory)
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rewardpool::bench
