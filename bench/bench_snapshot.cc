// bench_snapshot.cc - how long draws wait for a snapshot: in the engine alone, and
// as a caller of a whole pool sees it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rewardpool/engine.h"
#include "rewardpool/native/huge_pages.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/rewardpool.h"
#include "rewardpool/testing/temporary_folder.h"
#include "support/catalog.h"
#include "support/paired_timing.h"
#include "support/time_of.h"

namespace {

using rewardpool::DrawResult;
using rewardpool::Engine;
using rewardpool::ItemIndex;
using rewardpool::ItemTable;
using rewardpool::Pool;
using rewardpool::PoolOptions;
using rewardpool::Producer;
using rewardpool::SnapshotCopy;
using rewardpool::StorageKind;
using rewardpool::WalBatch;
using rewardpool::bench::PairedTiming;
using rewardpool::bench::TimeOf;
using rewardpool::testing::TemporaryFolder;
using std::chrono::nanoseconds;

using Clock = std::chrono::steady_clock;

void EndIf(bool failed) {
  if (failed) std::abort();
}

double Us(nanoseconds duration) { return static_cast<double>(duration.count()) / 1e3; }

// Takes one snapshot as the native actor does: bit by bit, draws in between. Its
// reference is a copy of the whole table, which would make draws wait as long.
void BM_EngineSnapshot(benchmark::State& state) {
  rewardpool::native::AskForHugePages();  // as Pool::Open() does
  constexpr std::size_t kBit = 8192;
  constexpr std::size_t kDraws = 4096;
  const std::vector<rewardpool::Item> catalog = rewardpool::bench::Catalog(state.range(0));
  Engine::Options options;
  options.wal = {.codec = rewardpool::FindRecordCodec("binary")};
  Engine engine(ItemTable::Create(catalog).value(), rewardpool::KeyTable(), {},
                rewardpool::MakeSelector("auto").value(), rewardpool::MakeXoshiroRandom(1),
                options);
  std::vector<ItemIndex> picks(kDraws);
  const auto write = [&] {
    const WalBatch batch = engine.SealBatch();
    engine.OnWritten();
    engine.OnDurable(batch.number);
  };
  nanoseconds take_max{0};
  nanoseconds bit_max{0};
  nanoseconds settle_max{0};
  {
    PairedTiming timing(state, "a copy of the table");
    for (auto _ : state) {
      std::optional<SnapshotCopy> copy;
      const nanoseconds take = TimeOf([&] { copy = engine.TakeSnapshot(); });
      nanoseconds longest = take;
      for (bool whole = false; !whole;) {
        const nanoseconds bit = TimeOf([&] { whole = engine.ContinueSnapshot(*copy, kBit); });
        bit_max = std::max(bit_max, bit);
        longest = std::max(longest, bit);
        EndIf(engine.StageDraws(picks).drawn != kDraws);
        write();
      }
      take_max = std::max(take_max, take);
      settle_max = std::max(settle_max, TimeOf([&] { copy->Settle(); }));
      copy.reset();
      std::optional<ItemTable> table;
      timing.Add(1, longest, TimeOf([&] { table = engine.items(); }));
    }
  }
  state.counters["take_us_max"] = Us(take_max);
  state.counters["bit_us_max"] = Us(bit_max);
  state.counters["settle_us_max"] = Us(settle_max);  // in another thread
}

// Ways of drawing all the time; Next() returns when an answer has come.

class Synchronous {
 public:
  explicit Synchronous(Pool& pool) : pool_(pool) {}
  void Next() { EndIf(!pool_.Draw().ok()); }

 private:
  Pool& pool_;
};

class Windowed {
 public:
  explicit Windowed(Pool& pool) : producer_(pool.NewProducer(kWindow).value()) {}
  void Next() {
    (void)producer_.Submit(kWindow);
    EndIf(producer_.Wait(results_) == 0);
  }

 private:
  static constexpr std::size_t kWindow = 16'384;
  Producer producer_;
  std::vector<DrawResult> results_ = std::vector<DrawResult>(kWindow);
};

// The longest time without an answer while a snapshot is taken and published.
// The reference is the longest in as much time without one.
template <typename Style>
void MeasureGap(benchmark::State& state, StorageKind storage) {
  const TemporaryFolder folder;
  PoolOptions options;
  options.storage = storage;
  options.dir = folder.path() + "/pool";
  options.catalog = rewardpool::bench::Catalog(state.range(0));
  Pool pool = Pool::Open(options).value();
  Style style(pool);
  const auto longest_gap_while = [&style](auto goes_on) {
    nanoseconds longest{0};
    for (auto begin = Clock::now(); goes_on();) {
      style.Next();
      const auto end = Clock::now();
      longest = std::max(longest, nanoseconds(end - begin));
      begin = end;
    }
    return longest;
  };
  for (int i = 0; i < 1000; ++i) style.Next();
  double snapshot_ms = 0;
  {
    PairedTiming timing(state, "no snapshot");
    for (auto _ : state) {
      std::atomic<bool> done = false;
      const auto begin = Clock::now();
      std::thread taker([&] {
        EndIf(!pool.Snapshot().ok());
        done = true;
      });
      const nanoseconds gap = longest_gap_while([&] { return !done; });
      taker.join();
      const auto duration = Clock::now() - begin;
      snapshot_ms = std::max(snapshot_ms, Us(duration) / 1e3);
      const auto end = Clock::now() + duration;
      timing.Add(1, gap, longest_gap_while([&] { return Clock::now() < end; }));
    }
  }
  state.counters["snapshot_ms_max"] = snapshot_ms;
}

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("items")->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
  bench->UseManualTime()->Iterations(9)->Unit(benchmark::kMicrosecond);
}

BENCHMARK(BM_EngineSnapshot)->Apply(Sizes);
template <StorageKind storage>
void BM_SynchronousGap(benchmark::State& state) {
  MeasureGap<Synchronous>(state, storage);
}
template <StorageKind storage>
void BM_WindowedGap(benchmark::State& state) {
  MeasureGap<Windowed>(state, storage);
}
BENCHMARK(BM_SynchronousGap<StorageKind::kMemory>)
    ->Name("BM_SnapshotGap/synchronous/memory")
    ->Apply(Sizes);
BENCHMARK(BM_WindowedGap<StorageKind::kMemory>)
    ->Name("BM_SnapshotGap/windowed/memory")
    ->Apply(Sizes);
BENCHMARK(BM_SynchronousGap<StorageKind::kFile>)
    ->Name("BM_SnapshotGap/synchronous/file")
    ->Apply(Sizes);
BENCHMARK(BM_WindowedGap<StorageKind::kFile>)->Name("BM_SnapshotGap/windowed/file")->Apply(Sizes);

}  // namespace
