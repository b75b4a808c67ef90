// bench_recovery.cc - from a pool's files back to its state.
//
// The floor is to read as many bytes and take their CRC32C. Files come from the
// page cache, for both.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/crc32c.h"
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
};

// A pool of plain draws in batches of kBatchDraws.
WrittenLog WriteLog(const std::string& folder, const LogShape& shape) {
  const std::vector<Item> catalog = Catalog(shape.items);
  const ItemTable items = ItemTable::Create(catalog).value();
  const std::vector<ItemIndex> picks = Picks(items, 256 * kBatchDraws);
  const WalBatcher::Options options{.codec = FindRecordCodec(shape.codec),
                                    .segment_bytes_max = shape.segment_bytes_max,
                                    .salt_seed = 1};
  const auto log = native::OpenFileStorage(folder).value();
  const LogEnd created = CreatePool(*log, catalog, options).value();
  WalBatcher batcher(created, options);
  WrittenLog written{.bytes = created.length};
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
  return written;
}

void ReadAndCheck(WalSource& log, std::vector<std::byte>& buffer) {
  const std::vector<SegmentInfo> segments = log.ListSegments().value();
  for (const SegmentInfo& segment : segments) {
    buffer.resize(std::max<std::size_t>(buffer.size(), segment.bytes));
    const std::span<std::byte> bytes(buffer.data(), segment.bytes);
    if (log.Read(segment.number, 0, bytes).value() != bytes.size()) std::abort();
    benchmark::DoNotOptimize(Crc32c(0, bytes));
  }
}

WrittenLog MeasureReplay(benchmark::State& state, const LogShape& shape, unsigned threads) {
  native::AskForHugePages();
  const TemporaryFolder folder;
  const WrittenLog written = WriteLog(folder.path(), shape);
  native::FileWalSource log(folder.path());
  MemorySnapshotStore snapshots(std::make_shared<MemoryDisk>());
  std::vector<std::byte> buffer;
  native::ThreadWorkers workers(threads);
  PairedTiming timing(state, "read and CRC32C");
  for (auto _ : state) {
    timing.Time(
        static_cast<std::int64_t>(written.draws),
        [&] {
          const Result<Inspection> found = InspectPool(log, snapshots, {.workers = &workers});
          if (!found.ok() || found->log_end.last_request_id != written.draws) std::abort();
        },
        [&] { ReadAndCheck(log, buffer); });
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
