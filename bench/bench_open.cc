// bench_open.cc - how long it takes until a pool can be drawn from: a new one, and
// one that was there and closed in order, after a snapshot or with its log alone.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "rewardpool/item_table.h"
#include "rewardpool/rewardpool.h"
#include "rewardpool/testing/temporary_folder.h"
#include "support/catalog.h"
#include "support/paired_timing.h"
#include "support/time_of.h"

namespace {

using rewardpool::ItemTable;
using rewardpool::Pool;
using rewardpool::PoolOptions;
using rewardpool::StorageKind;
using rewardpool::bench::PairedTiming;
using rewardpool::bench::TimeOf;
using rewardpool::testing::TemporaryFolder;
using std::chrono::nanoseconds;

void EndIf(bool failed) {
  if (failed) std::abort();
}

PoolOptions OptionsFor(StorageKind storage, const TemporaryFolder& folder) {
  PoolOptions options;
  options.storage = storage;
  options.dir = folder.path() + "/pool";
  return options;
}

// Opens, and closes what is open already.
nanoseconds TimeOfOpening(const PoolOptions& options) {
  std::optional<rewardpool::Result<Pool>> pool;
  const nanoseconds opening = TimeOf([&] { pool.emplace(Pool::Open(options)); });
  EndIf(!pool->ok());
  return opening;
}

// The reference is the table of items alone.
void BM_OpenNew(benchmark::State& state, StorageKind storage) {
  const TemporaryFolder folder;
  PoolOptions options = OptionsFor(storage, folder);
  options.catalog = rewardpool::bench::Catalog(state.range(0));
  PairedTiming timing(state, "the table alone");
  for (auto _ : state) {
    std::filesystem::remove_all(options.dir);
    const nanoseconds opening = TimeOfOpening(options);
    timing.Add(1, opening,
               TimeOf([&] { benchmark::DoNotOptimize(ItemTable::Create(*options.catalog)); }));
  }
}

void ReadFiles(const std::string& folder) {
  std::vector<char> bytes(std::size_t{1} << 20);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    while (file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
      benchmark::DoNotOptimize(bytes.data());
    }
  }
}

// The reference is reading its files.
void BM_OpenExisting(benchmark::State& state, bool has_snapshot) {
  constexpr int kDraws = 1000;
  const TemporaryFolder folder;
  PoolOptions options = OptionsFor(StorageKind::kFile, folder);
  {
    options.catalog = rewardpool::bench::Catalog(state.range(0));
    Pool pool = Pool::Open(options).value();
    std::vector<rewardpool::ItemRef> picks(kDraws);
    EndIf(pool.NewProducer(1)->DrawMany(picks).drawn != kDraws);
    EndIf(has_snapshot && !pool.Snapshot().ok());
    EndIf(!pool.Close().ok());
    options.catalog.reset();
  }
  PairedTiming timing(state, "reading its files");
  for (auto _ : state) {
    const nanoseconds reading = TimeOf([&] { ReadFiles(options.dir); });
    timing.Add(1, TimeOfOpening(options), reading);
  }
}

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("items")->Arg(5)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
  bench->UseManualTime()->Iterations(9)->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(BM_OpenNew, memory, StorageKind::kMemory)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_OpenNew, file, StorageKind::kFile)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_OpenExisting, log, false)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_OpenExisting, snapshot, true)->Apply(Sizes);

}  // namespace
