// bench_recovery.cc - from a pool's files back to its state.
//
// The floor is to read as many bytes, take their CRC32C and add one to a counter for
// each draw, on as many threads. It is a floor for many items: of few, several draws are
// counted at a time. Files come from the page cache, for both.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rewardpool/crc32c.h"
#include "rewardpool/large_memory.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/native/file_storage.h"
#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/native/huge_pages.h"
#include "rewardpool/native/thread_workers.h"
#include "rewardpool/recovery.h"
#include "rewardpool/testing/temporary_folder.h"
#include "support/catalog.h"
#include "support/paired_timing.h"
#include "support/picks.h"

namespace rewardpool::bench {
namespace {

using testing::TemporaryFolder;

constexpr std::size_t kBatchDraws = 4'096;

struct LogShape {
  std::int64_t items = 1'000;
  std::uint64_t draws = UINT64_MAX;  // as many draws,
  std::uint64_t bytes = UINT64_MAX;  // or as many bytes, whichever comes first
  std::uint64_t segment_bytes_max = kSegmentBytesDefault;
  const char* codec = "binary";
};

struct WrittenLog {
  std::uint64_t draws = 0;
  std::uint64_t bytes = 0;
  std::vector<ItemIndex> picks;  // drawn again and again
};

// A pool of plain draws in batches of kBatchDraws.
WrittenLog WriteLog(const std::string& folder, const LogShape& shape) {
  const std::vector<Item> catalog = Catalog(shape.items);
  const ItemTable items = ItemTable::Create(catalog).value();
  std::vector<ItemIndex> picks = Picks(items, 256 * kBatchDraws);
  const WalBatcher::Options options{.codec = FindRecordCodec(shape.codec),
                                    .segment_bytes_max = shape.segment_bytes_max,
                                    .salt_seed = 1};
  const auto log = native::OpenFileStorage(folder).value();
  const LogEnd created = CreatePool(*log, catalog, options).value();
  WalBatcher batcher(created, options);
  WrittenLog written;
  written.bytes = created.length;
  while (written.draws < shape.draws && written.bytes < shape.bytes) {
    const std::size_t at = written.draws % picks.size();
    batcher.AddDraws(std::span(picks).subspan(at, kBatchDraws), items);
    const WalBatch batch = batcher.Seal(/*prior_synced=*/true, items.schema_hash());
    if (!AppendBatch(*log, batch).ok()) std::abort();
    batcher.Accept();
    written.draws += kBatchDraws;
    written.bytes += batch.frames.size();
  }
  if (!log->Close().ok()) std::abort();
  written.picks = std::move(picks);
  return written;
}

// The floor.
class BareReplay {
 public:
  BareReplay(WalSource& log, const WrittenLog& written, std::int64_t items, Workers& workers)
      : log_(log), written_(written), workers_(workers) {
    const std::vector<SegmentInfo> segments = log.ListSegments().value();
    for (const SegmentInfo& segment : segments) {
      for (std::uint64_t at = 0; at < segment.bytes; at += kPartBytes) {
        parts_.push_back({segment.number, at, std::min(kPartBytes, segment.bytes - at)});
      }
    }
    threads_.resize(workers.count());
    for (Thread& thread : threads_) {
      thread.bytes.resize(kPartBytes);
      thread.counts.resize(static_cast<std::size_t>(items));
    }
  }

  void Run() {
    workers_.Run(threads_.size(), [this](std::size_t number) {
      for (std::size_t part = number; part < parts_.size(); part += threads_.size()) {
        Replay(parts_[part], threads_[number]);
      }
    });
  }

 private:
  // What is read at once stays in the cache until it is checked.
  static constexpr std::uint64_t kPartBytes = std::uint64_t{1} << 20;

  struct Part {
    std::uint64_t segment;
    std::uint64_t begin;
    std::uint64_t length;
  };
  struct Thread {
    LargeVector<std::byte> bytes;
    LargeVector<std::uint32_t> counts;
  };

  void Replay(const Part& part, Thread& thread) {
    const std::span<std::byte> bytes =
        std::span(thread.bytes).first(static_cast<std::size_t>(part.length));
    if (log_.Read(part.segment, part.begin, bytes).value() != bytes.size()) std::abort();
    benchmark::DoNotOptimize(Crc32c(0, bytes));
    // Its share of the draws, if each takes as many bytes.
    const auto draws = static_cast<std::size_t>(static_cast<double>(written_.draws) *
                                                static_cast<double>(part.length) /
                                                static_cast<double>(written_.bytes));
    for (std::size_t left = draws; left > 0;) {
      const auto picks = std::span(written_.picks).first(std::min(left, written_.picks.size()));
      for (const ItemIndex pick : picks) ++thread.counts[pick];
      left -= picks.size();
    }
  }

  WalSource& log_;
  const WrittenLog& written_;
  Workers& workers_;
  std::vector<Part> parts_;
  std::vector<Thread> threads_;
};

WrittenLog MeasureReplay(benchmark::State& state, const LogShape& shape, unsigned threads) {
  native::AskForHugePages();
  const TemporaryFolder folder;
  WrittenLog written = WriteLog(folder.path(), shape);
  native::FileWalSource log(folder.path());
  MemorySnapshotStore snapshots(std::make_shared<MemoryDisk>());
  native::ThreadWorkers workers(threads);
  BareReplay floor(log, written, shape.items, workers);
  PairedTiming timing(state, "read, CRC32C, count");
  for (auto _ : state) {
    timing.Time(
        static_cast<std::int64_t>(written.draws),
        [&] {
          const Result<Inspection> found = InspectPool(log, snapshots, {.workers = &workers});
          if (!found.ok() || found->log_end.last_request_id != written.draws) std::abort();
        },
        [&] { floor.Run(); });
  }
  return written;
}

void BM_Recovery(benchmark::State& state, const char* codec, std::uint64_t draws) {
  MeasureReplay(state,
                {.items = state.range(0),
                 .draws = draws,
                 .segment_bytes_max = static_cast<std::uint64_t>(state.range(1)) << 20,
                 .codec = codec},
                static_cast<unsigned>(state.range(2)));
}
BENCHMARK_CAPTURE(BM_Recovery, binary, "binary", std::uint64_t{1} << 24)
    ->ArgNames({"items", "segment_mib", "threads"})
    ->ArgsProduct({{6, 1'000, 100'000}, {4, 1'024}, {1, 2}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Recovery, jsonl, "jsonl", std::uint64_t{1} << 20)
    ->ArgNames({"items", "segment_mib", "threads"})
    ->Args({1'000, 4, 1})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// The items alone: the time is for one of them.
void BM_RecoveryOfCatalog(benchmark::State& state) {
  const std::int64_t items = state.range(0);
  native::AskForHugePages();
  const TemporaryFolder folder;
  const WrittenLog written = WriteLog(folder.path(), {.items = items, .draws = 0});
  native::FileWalSource log(folder.path());
  MemorySnapshotStore snapshots(std::make_shared<MemoryDisk>());
  native::ThreadWorkers workers(static_cast<unsigned>(state.range(1)));
  BareReplay floor(log, written, items, workers);
  PairedTiming timing(state, "read, CRC32C");
  for (auto _ : state) {
    timing.Time(
        items,
        [&] {
          const Result<Inspection> found = InspectPool(log, snapshots, {.workers = &workers});
          if (!found.ok() || found->items.item_count() != static_cast<std::size_t>(items)) {
            std::abort();
          }
        },
        [&] { floor.Run(); });
  }
}
BENCHMARK(BM_RecoveryOfCatalog)
    ->ArgNames({"items", "threads"})
    ->ArgsProduct({{1'000, 100'000, 1'000'000}, {1, 2}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// As the log grows: the time of a gigabyte is that of one iteration, divided by
// `gigabytes`.
void BM_RecoveryOfLog(benchmark::State& state) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(state.range(1)) << 20;
  const WrittenLog written =
      MeasureReplay(state, {.bytes = bytes}, static_cast<unsigned>(state.range(0)));
  const double gigabytes = static_cast<double>(written.bytes) * 1e-9;
  state.counters["gigabytes"] = gigabytes;
  state.counters["gigabytes_per_second"] =
      benchmark::Counter(gigabytes, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_RecoveryOfLog)
    ->ArgNames({"threads", "log_mib"})
    ->ArgsProduct({{1, 2}, {16, 64, 256, 1'024}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rewardpool::bench
