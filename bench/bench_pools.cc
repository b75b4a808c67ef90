// bench_pools.cc - many pools in one process on the same few threads: what it
// costs to open one more, to draw from it, and to keep it, from 1 to 100,000.
//
// On files up to 10,000, which takes 20,000 descriptors and 10 GB of the disk. Where
// fewer are allowed, the row has fewer pools, says so, and tells how many in `pools`.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/rewardpool.h"
#include "rewardpool/testing/temporary_folder.h"
#include "support/allocation_counter.h"
#include "support/append_floor.h"
#include "support/catalog.h"
#include "support/paired_timing.h"

namespace {

using rewardpool::DrawOutcome;
using rewardpool::Pool;
using rewardpool::PoolOptions;
using rewardpool::PoolThreads;
using rewardpool::Result;
using rewardpool::StorageKind;
using rewardpool::bench::AppendFloor;
using rewardpool::bench::HeapBytesInUse;
using rewardpool::bench::PairedTiming;
using rewardpool::testing::TemporaryFolder;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kItems = 10;

void EndIf(bool failed, const char* what) {
  if (!failed) return;
  std::fprintf(stderr, "%s\n", what);
  std::exit(EXIT_FAILURE);
}

// What the process holds in memory, heap and stacks and all.
double ResidentBytes() {
  long pages = 0;
  long resident_pages = 0;
  std::FILE* const statm = std::fopen("/proc/self/statm", "r");
  EndIf(statm == nullptr || std::fscanf(statm, "%ld %ld", &pages, &resident_pages) != 2,
        "/proc/self/statm cannot be read");
  std::fclose(statm);
  return static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// How many of `wanted` pools on files may be open at once.
std::int64_t AllowedPools(benchmark::State& state, std::int64_t wanted) {
  constexpr std::int64_t kOfEachPool = 2;  // the lock and the log's segment
  constexpr std::int64_t kOfTheProcess = 100;
  rlimit limit{};
  EndIf(getrlimit(RLIMIT_NOFILE, &limit) != 0, "no limit of descriptors is known");
  limit.rlim_cur = limit.rlim_max;
  EndIf(setrlimit(RLIMIT_NOFILE, &limit) != 0, "the limit of descriptors cannot be raised");
  if (limit.rlim_cur >= static_cast<rlim_t>(wanted * kOfEachPool + kOfTheProcess)) return wanted;
  const auto descriptors = static_cast<std::int64_t>(limit.rlim_cur);
  const std::int64_t allowed = (descriptors - kOfTheProcess) / kOfEachPool;
  EndIf(allowed < 1, "too few descriptors are allowed for a pool");
  std::fprintf(stderr, "%lld pools in place of %lld: %lld descriptors are allowed (ulimit -n)\n",
               static_cast<long long>(allowed), static_cast<long long>(wanted),
               static_cast<long long>(descriptors));
  state.counters["pools"] = static_cast<double>(allowed);
  return allowed;
}

std::shared_ptr<PoolThreads> StartThreads(unsigned syncers) {
  auto threads = PoolThreads::Start({.actors = 2, .syncers = syncers});
  EndIf(!threads.ok(), "no threads");
  return *std::move(threads);
}

// So many pools, each with the same small catalog.
class Pools {
 public:
  Pools(StorageKind storage, std::int64_t count, unsigned syncers)
      : storage_(storage), count_(count), threads_(StartThreads(syncers)) {
    pools_.reserve(static_cast<std::size_t>(count));
  }

  // Opens all of them; makes them if they are not there.
  void Open() {
    PoolOptions options;
    options.storage = storage_;
    options.catalog = rewardpool::bench::Catalog(kItems);
    options.threads = threads_;
    for (std::int64_t i = 0; i < count_; ++i) {
      options.dir = folder_.path() + "/" + std::to_string(i);
      auto pool = Pool::Open(options);
      if (!pool.ok()) EndIf(true, pool.status().ToString().c_str());
      pools_.push_back(*std::move(pool));
    }
  }
  void Close() { pools_.clear(); }

  // One draw of each pool after the other.
  void DrawOneByOne() {
    for (Pool& pool : pools_) EndIf(!pool.Draw().ok(), "a draw failed");
  }
  // One draw of each pool, all under way at once.
  void DrawAtOnce() {
    left_.store(count_, std::memory_order_relaxed);
    for (Pool& pool : pools_) {
      const auto answered = [this](const Result<DrawOutcome>& outcome) {
        EndIf(!outcome.ok(), "a draw failed");
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_one();
      };
      EndIf(!pool.DrawAsync({}, answered).ok(), "a draw was refused");
    }
    for (std::int64_t left = left_.load(); left != 0; left = left_.load()) left_.wait(left);
  }

  [[nodiscard]] const std::string& folder() const noexcept { return folder_.path(); }

 private:
  const TemporaryFolder folder_;
  const StorageKind storage_;
  const std::int64_t count_;
  const std::shared_ptr<PoolThreads> threads_;
  std::vector<Pool> pools_;
  std::atomic<std::int64_t> left_{0};
};

void BM_PoolsOpen(benchmark::State& state, StorageKind storage) {
  const std::int64_t count =
      storage == StorageKind::kMemory ? state.range(0) : AllowedPools(state, state.range(0));
  for (auto _ : state) {
    Pools pools(storage, count, 1);
    malloc_trim(0);
    const double heap_before = static_cast<double>(HeapBytesInUse());
    const double resident_before = ResidentBytes();
    const auto begin = Clock::now();
    pools.Open();
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
    const auto for_each = [count](double all) { return all / static_cast<double>(count); };
    state.counters["heap_bytes_per_pool"] =
        for_each(static_cast<double>(HeapBytesInUse()) - heap_before);
    state.counters["resident_bytes_per_pool"] = for_each(ResidentBytes() - resident_before);
  }
  state.SetItemsProcessed(state.iterations() * count);
}

void BM_PoolsReopen(benchmark::State& state) {
  const std::int64_t count = AllowedPools(state, state.range(0));
  Pools pools(StorageKind::kFile, count, 1);
  pools.Open();
  for (auto _ : state) {
    pools.DrawOneByOne();
    pools.Close();
    const auto begin = Clock::now();
    pools.Open();
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  state.SetItemsProcessed(state.iterations() * count);
}

// Draws in memory, against the same draws of one pool.
void BM_PoolsDrawOneByOne(benchmark::State& state) {
  constexpr std::int64_t kDraws = 100'000;
  const std::int64_t count = state.range(0);
  Pools pools(StorageKind::kMemory, count, 1);
  pools.Open();
  Pools one(StorageKind::kMemory, 1, 1);
  one.Open();
  PairedTiming timing(state, "one pool");
  const std::int64_t rounds = std::max<std::int64_t>(kDraws / count, 1);
  for (auto _ : state) {
    timing.Time(
        rounds * count,
        [&] {
          for (std::int64_t round = 0; round < rounds; ++round) pools.DrawOneByOne();
        },
        [&] {
          for (std::int64_t draw = 0; draw < rounds * count; ++draw) one.DrawOneByOne();
        });
  }
}

// Draws in memory through the shared threads, one of each pool under way.
void BM_PoolsDrawAtOnce(benchmark::State& state) {
  const std::int64_t count = state.range(0);
  Pools pools(StorageKind::kMemory, count, 1);
  pools.Open();
  for (auto _ : state) pools.DrawAtOnce();
  state.SetItemsProcessed(state.iterations() * count);
}

// Durable draws on files, one of each pool under way, against as many bare writes
// and syncs one after the other: more syncers sync more pools at once.
void BM_PoolsDrawDurably(benchmark::State& state) {
  constexpr std::size_t kFrameBytes = 24;
  const std::int64_t count = AllowedPools(state, state.range(0));
  Pools pools(StorageKind::kFile, count, static_cast<unsigned>(state.range(1)));
  pools.Open();
  pools.DrawAtOnce();  // begins the segments
  AppendFloor floor(pools.folder());
  PairedTiming timing(state, "a write and sync for each");
  for (auto _ : state) {
    timing.Time(
        count, [&] { pools.DrawAtOnce(); },
        [&] {
          for (std::int64_t draw = 0; draw < count; ++draw) floor.AppendAndSync(kFrameBytes);
        });
  }
}

void UpTo(benchmark::internal::Benchmark* bench, std::int64_t most) {
  for (std::int64_t count = 1; count <= most; count *= 10) bench->Arg(count);
  bench->ArgName("pools")->Unit(benchmark::kMillisecond);
}
void InMemory(benchmark::internal::Benchmark* bench) { UpTo(bench, 100'000); }
void OnFiles(benchmark::internal::Benchmark* bench) { UpTo(bench, 1000); }
void OnManyFiles(benchmark::internal::Benchmark* bench) {
  bench->Arg(10'000)->ArgName("pools")->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(BM_PoolsOpen, memory, StorageKind::kMemory)
    ->Apply(InMemory)
    ->Iterations(1)
    ->UseManualTime();
BENCHMARK_CAPTURE(BM_PoolsOpen, file, StorageKind::kFile)
    ->Apply(OnFiles)
    ->Iterations(1)
    ->UseManualTime();
BENCHMARK_CAPTURE(BM_PoolsOpen, file, StorageKind::kFile)
    ->Apply(OnManyFiles)
    ->Iterations(1)
    ->UseManualTime();
BENCHMARK(BM_PoolsReopen)->Apply(OnFiles)->Iterations(3)->UseManualTime();
BENCHMARK(BM_PoolsReopen)->Apply(OnManyFiles)->Iterations(1)->UseManualTime();
BENCHMARK(BM_PoolsDrawOneByOne)->Apply(InMemory)->Iterations(15)->UseManualTime();
BENCHMARK(BM_PoolsDrawAtOnce)->Apply(InMemory)->UseRealTime();
BENCHMARK(BM_PoolsDrawDurably)
    ->ArgsProduct({{1, 10, 100, 1000}, {1, 4, 16}})
    ->ArgNames({"pools", "syncers"})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(15)
    ->UseManualTime();
BENCHMARK(BM_PoolsDrawDurably)
    ->Args({10'000, 16})
    ->ArgNames({"pools", "syncers"})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3)
    ->UseManualTime();

}  // namespace
