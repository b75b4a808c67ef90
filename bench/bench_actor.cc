// bench_actor.cc - draws per second and latency through the whole pool, with the
// disk's own floor measured in the same run. Absolute numbers depend on the
// machine and its disk; the ratios are what counts.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/rewardpool.h"
#include "support/append_floor.h"
#include "support/catalog.h"
#include "support/temporary_folder.h"

namespace {

using rewardpool::Durability;
using rewardpool::Pool;
using rewardpool::PoolOptions;
using rewardpool::Producer;
using rewardpool::StorageKind;
using rewardpool::bench::AppendFloor;
using rewardpool::bench::TemporaryFolder;

Pool OpenPool(const TemporaryFolder& folder, StorageKind storage, Durability durability,
              std::int64_t items) {
  PoolOptions options;
  options.storage = storage;
  options.dir = folder.path() + "/pool";
  options.catalog = rewardpool::bench::Catalog(items);
  options.durability = durability;
  auto pool = Pool::Open(options);
  if (!pool.ok()) std::abort();
  return *std::move(pool);
}

double MedianUs(std::vector<double>& seconds) {
  if (seconds.empty()) return 0;
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle * 1e6;
}

void CountDraws(benchmark::State& state, std::int64_t draws, const Pool& pool) {
  state.SetItemsProcessed(draws);
  const rewardpool::PoolStats stats = pool.Stats();
  state.counters["wal_bytes_per_draw"] =
      static_cast<double>(stats.wal_bytes) /
      static_cast<double>(std::max<std::uint64_t>(stats.draws, 1));
  state.counters["draws_per_batch"] =
      static_cast<double>(stats.draws) /
      static_cast<double>(std::max<std::uint64_t>(stats.batches, 1));
}

// One caller, one draw after the other. Each draw is followed by a bare write
// and sync of as many bytes, so that both see the same disk.
void BM_SynchronousDraw(benchmark::State& state, StorageKind storage, Durability durability) {
  using Clock = std::chrono::steady_clock;
  const TemporaryFolder folder;
  Pool pool = OpenPool(folder, storage, durability, state.range(0));
  AppendFloor floor(folder.path());
  (void)pool.Draw();  // begins the segment
  const std::uint64_t bytes_before = pool.Stats().wal_bytes;
  (void)pool.Draw();
  const std::size_t bytes = pool.Stats().wal_bytes - bytes_before;
  std::vector<double> draw_seconds;
  std::vector<double> floor_seconds;
  for (auto _ : state) {
    const auto begin = Clock::now();
    if (!pool.Draw().ok()) state.SkipWithError("a draw failed");
    const auto middle = Clock::now();
    floor.AppendAndSync(bytes);
    const auto end = Clock::now();
    draw_seconds.push_back(std::chrono::duration<double>(middle - begin).count());
    floor_seconds.push_back(std::chrono::duration<double>(end - middle).count());
    state.SetIterationTime(draw_seconds.back());
  }
  const double draw_us = MedianUs(draw_seconds);
  const double floor_us = MedianUs(floor_seconds);
  state.counters["draw_p50_us"] = draw_us;
  state.counters["floor_p50_us"] = floor_us;
  state.counters["ratio"] = draw_us / floor_us;
  CountDraws(state, state.iterations(), pool);
}

// One producer that keeps its window full.
void BM_WindowedDraws(benchmark::State& state, StorageKind storage, Durability durability) {
  constexpr std::size_t kWindow = 16'384;
  const TemporaryFolder folder;
  Pool pool = OpenPool(folder, storage, durability, state.range(0));
  auto producer = pool.NewProducer(kWindow);
  if (!producer.ok()) std::abort();
  std::vector<rewardpool::DrawResult> results(kWindow);
  std::int64_t draws = 0;
  for (auto _ : state) {
    (void)producer->Submit(kWindow);
    draws += static_cast<std::int64_t>(producer->Wait(results));
  }
  while (producer->in_flight() != 0) {
    draws += static_cast<std::int64_t>(producer->Wait(results));
  }
  CountDraws(state, draws, pool);
}

// One producer with 32 bulks of 4096 in flight.
void BM_BulkDraws(benchmark::State& state, StorageKind storage, Durability durability) {
  constexpr std::size_t kBulks = 32;
  constexpr std::size_t kBulkDraws = 4096;
  const TemporaryFolder folder;
  Pool pool = OpenPool(folder, storage, durability, state.range(0));
  auto producer = pool.NewProducer(1);
  if (!producer.ok()) std::abort();
  std::vector<std::vector<rewardpool::ItemRef>> picks(kBulks,
                                                      std::vector<rewardpool::ItemRef>(kBulkDraws));
  std::size_t submitted = 0;
  std::int64_t draws = 0;
  const auto submit = [&] {
    if (producer->SubmitMany(picks[submitted++ % kBulks]) != rewardpool::StatusCode::kOk) {
      std::abort();
    }
  };
  while (producer->bulks_in_flight() < kBulks) submit();
  for (auto _ : state) {
    draws += static_cast<std::int64_t>(producer->WaitMany().drawn);
    submit();
  }
  while (producer->bulks_in_flight() != 0) {
    draws += static_cast<std::int64_t>(producer->WaitMany().drawn);
  }
  CountDraws(state, draws, pool);
}

constexpr std::int64_t kFewItems = 6;
constexpr std::int64_t kManyItems = 1000;

void SynchronousArguments(benchmark::internal::Benchmark* bench) {
  // A fixed number: the floor takes longer than a draw that needs no disk.
  bench->Arg(kManyItems)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(2000);
}
void StreamArguments(benchmark::internal::Benchmark* bench) {
  bench->Arg(kFewItems)->Arg(kManyItems)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(BM_SynchronousDraw, memory, StorageKind::kMemory, Durability::Durable())
    ->Apply(SynchronousArguments);
BENCHMARK_CAPTURE(BM_SynchronousDraw, file, StorageKind::kFile, Durability::Durable())
    ->Apply(SynchronousArguments);
BENCHMARK_CAPTURE(BM_SynchronousDraw, mmap, StorageKind::kMmap, Durability::Durable())
    ->Apply(SynchronousArguments);
BENCHMARK_CAPTURE(BM_WindowedDraws, memory, StorageKind::kMemory, Durability::Durable())
    ->Apply(StreamArguments);
BENCHMARK_CAPTURE(BM_WindowedDraws, file, StorageKind::kFile, Durability::Durable())
    ->Apply(StreamArguments);
BENCHMARK_CAPTURE(BM_WindowedDraws, mmap_async, StorageKind::kMmap, Durability::Async())
    ->Apply(StreamArguments);
BENCHMARK_CAPTURE(BM_BulkDraws, memory, StorageKind::kMemory, Durability::Durable())
    ->Apply(StreamArguments);
BENCHMARK_CAPTURE(BM_BulkDraws, file, StorageKind::kFile, Durability::Durable())
    ->Apply(StreamArguments);
BENCHMARK_CAPTURE(BM_BulkDraws, mmap_async, StorageKind::kMmap, Durability::Async())
    ->Apply(StreamArguments);

}  // namespace
