// bench_loop.cc - bulk draws per second through the message-loop actor, compiled
// natively: what WebAssembly is measured against (bench/wasm), with the same work
// on one thread, item names and frames copied out as for JavaScript.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "pool_loop.h"
#include "support/catalog.h"

namespace {

using rewardpool::wasm::PoolLoop;

// As many bulks to a batch as bench_actor.cc has in flight.
constexpr std::size_t kBulks = 32;
constexpr std::size_t kBulkDraws = 4096;

void BM_LoopBulkDraws(benchmark::State& state) {
  PoolLoop loop;
  loop.options().secure_key.fill(std::byte{7});
  if (!loop.Open(rewardpool::bench::Catalog(state.range(0))).ok()) std::abort();
  (void)loop.TakeOperations();

  std::vector<std::vector<std::uint32_t>> answers(kBulks);
  std::vector<std::byte> log;
  std::int64_t draws = 0;
  for (auto _ : state) {
    for (std::vector<std::uint32_t>& answer : answers) {
      const PoolLoop::StagedDraws staged = loop.StageDraws(kBulkDraws);
      answer.assign(staged.names.begin(), staged.names.end());
      draws += static_cast<std::int64_t>(staged.names.size());
    }
    const rewardpool::WalBatch& batch = loop.SealBatch();
    // The log in memory: each segment in place of the one before.
    if (batch.starts_segment) log.clear();
    log.insert(log.end(), batch.frames.begin(), batch.frames.end());
    const std::uint64_t number = batch.number;
    loop.OnWritten();
    loop.OnDurable(number);
    benchmark::DoNotOptimize(answers);
    benchmark::DoNotOptimize(log.data());
  }
  state.SetItemsProcessed(draws);
}

BENCHMARK(BM_LoopBulkDraws)->Arg(6)->Arg(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
