// bench_codec.cc - records to bytes and back, frames, and what a draw takes up in
// the log.
//
// Times are of one draw or, for the other records, of one record. The floor of a
// record is a copy of its bytes, that of a frame their CRC32C (after a copy, where
// the frame is also appended).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/crc32c.h"
#include "rewardpool/frame.h"
#include "rewardpool/item_table.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_batcher.h"
#include "support/catalog.h"
#include "support/paired_timing.h"
#include "support/picks.h"

namespace rewardpool::bench {
namespace {

constexpr std::size_t kDrawsAtOnce = 65'536;
constexpr int kRecordsAtOnce = 1'000;

struct DrawnPool {
  ItemTable items;
  std::vector<ItemIndex> picks;
};

const DrawnPool& PoolOf(std::int64_t item_count) {
  static std::map<std::int64_t, DrawnPool> pools;
  DrawnPool& pool = pools[item_count];
  if (pool.picks.empty()) {
    pool.items = ItemTable::Create(Catalog(item_count)).value();
    pool.picks = Picks(pool.items, kDrawsAtOnce);
  }
  return pool;
}

// Calls `encode` with each run, none longer than a record may be.
template <typename Encode>
void ForEachRun(std::span<const ItemIndex> picks, std::size_t run_draws, const Encode& encode) {
  run_draws = std::min(run_draws, kDrawsPerRecordMax);
  for (; !picks.empty(); picks = picks.subspan(std::min(run_draws, picks.size()))) {
    encode(picks.first(std::min(run_draws, picks.size())));
  }
}

void EncodeRuns(const RecordCodec& codec, const DrawnPool& pool, std::size_t run_draws,
                ByteBuffer& out) {
  out.Clear();
  ForEachRun(pool.picks, run_draws,
             [&](std::span<const ItemIndex> run) { codec.EncodeDrawRun(run, pool.items, out); });
}

void DecodeAll(const RecordCodec& codec, const ItemTable& items, std::span<const std::byte> input,
               Record& record) {
  while (!input.empty()) {
    if (!codec.Decode(input, items, record).ok()) std::abort();
    benchmark::DoNotOptimize(record);
  }
}

void CopyBytes(std::span<const std::byte> from, std::vector<std::byte>& to) {
  to.resize(from.size());
  std::memcpy(to.data(), from.data(), from.size());
  benchmark::DoNotOptimize(to.data());
}

void BM_EncodeDrawRun(benchmark::State& state, const char* codec_name) {
  const RecordCodec& codec = *FindRecordCodec(codec_name);
  const DrawnPool& pool = PoolOf(state.range(0));
  const auto run_draws = static_cast<std::size_t>(state.range(1));
  ByteBuffer out;
  std::vector<std::byte> copy;
  EncodeRuns(codec, pool, run_draws, out);
  PairedTiming timing(state, "memcpy");
  for (auto _ : state) {
    timing.Time(
        kDrawsAtOnce, [&] { EncodeRuns(codec, pool, run_draws, out); },
        [&] { CopyBytes(out.bytes(), copy); });
  }
  state.counters["bytes_per_draw"] = static_cast<double>(out.size()) / kDrawsAtOnce;
}

void BM_DecodeDrawRun(benchmark::State& state, const char* codec_name) {
  const RecordCodec& codec = *FindRecordCodec(codec_name);
  const DrawnPool& pool = PoolOf(state.range(0));
  ByteBuffer encoded;
  EncodeRuns(codec, pool, static_cast<std::size_t>(state.range(1)), encoded);
  Record record;
  std::vector<std::byte> copy;
  PairedTiming timing(state, "memcpy");
  for (auto _ : state) {
    timing.Time(
        kDrawsAtOnce, [&] { DecodeAll(codec, pool.items, encoded.bytes(), record); },
        [&] { CopyBytes(encoded.bytes(), copy); });
  }
}

void DrawRunArguments(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"items", "draws"})->UseManualTime()->Unit(benchmark::kMicrosecond);
  for (const std::int64_t items : {6, 1'000, 1'000'000}) {
    for (const std::int64_t draws : {1, 16, 256, 1'024, 16'384}) bench->Args({items, draws});
  }
}

BENCHMARK_CAPTURE(BM_EncodeDrawRun, binary, "binary")->Apply(DrawRunArguments);
BENCHMARK_CAPTURE(BM_EncodeDrawRun, jsonl, "jsonl")->Apply(DrawRunArguments);
BENCHMARK_CAPTURE(BM_DecodeDrawRun, binary, "binary")->Apply(DrawRunArguments);
BENCHMARK_CAPTURE(BM_DecodeDrawRun, jsonl, "jsonl")->Apply(DrawRunArguments);

// --- The other records ------------------------------------------------------

const std::map<std::string, Record>& OtherRecords() {
  static const std::map<std::string, Record> records = {
      {"refused_run", RefusedRun{1'000}},
      {"requested_draw", RequestedDraw{"order-2931", "user-17", 1, {17}}},
      {"requested_draw_of_10",
       RequestedDraw{"order-2932", "user-17", 10, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}},
      {"item_added", ItemAdded{{"autumn-prize", 250, Quantity::Of(40)}}},
      {"item_updated", ItemUpdated{"item-17", {.weight = 30, .quantity = Quantity::Of(9)}}},
      {"item_removed", ItemRemoved{"item-17"}},
      {"catalog_item", CatalogItem{{"autumn-prize", 250, Quantity::Of(40)}}},
      {"snapshot_item", SnapshotItem{17, {"autumn-prize", 250, Quantity::Of(40)}, 12'345}},
      {"snapshot_key", SnapshotKey{99'812, "order-2931", "user-17", 1, {"item-17"}}},
  };
  return records;
}

void EncodeRecords(const RecordCodec& codec, const Record& record, ByteBuffer& out) {
  out.Clear();
  for (int i = 0; i < kRecordsAtOnce; ++i) codec.Encode(record, PoolOf(1'000).items, out);
}

void BM_EncodeRecord(benchmark::State& state, const char* codec_name, const Record& record) {
  const RecordCodec& codec = *FindRecordCodec(codec_name);
  ByteBuffer out;
  std::vector<std::byte> copy;
  EncodeRecords(codec, record, out);
  PairedTiming timing(state, "memcpy");
  for (auto _ : state) {
    timing.Time(
        kRecordsAtOnce, [&] { EncodeRecords(codec, record, out); },
        [&] { CopyBytes(out.bytes(), copy); });
  }
  state.counters["bytes_per_record"] = static_cast<double>(out.size()) / kRecordsAtOnce;
}

void BM_DecodeRecord(benchmark::State& state, const char* codec_name, const Record& record) {
  const RecordCodec& codec = *FindRecordCodec(codec_name);
  ByteBuffer encoded;
  std::vector<std::byte> copy;
  EncodeRecords(codec, record, encoded);
  Record decoded;
  PairedTiming timing(state, "memcpy");
  for (auto _ : state) {
    timing.Time(
        kRecordsAtOnce, [&] { DecodeAll(codec, PoolOf(1'000).items, encoded.bytes(), decoded); },
        [&] { CopyBytes(encoded.bytes(), copy); });
  }
}

const bool kRecordsRegistered = [] {
  for (const char* const codec : {"binary", "jsonl"}) {
    for (const auto& [name, record] : OtherRecords()) {
      const std::string suffix = std::string("/") + codec + "/" + name;
      benchmark::RegisterBenchmark(("BM_EncodeRecord" + suffix).c_str(),
                                   [codec, &record = record](benchmark::State& state) {
                                     BM_EncodeRecord(state, codec, record);
                                   })
          ->UseManualTime();
      benchmark::RegisterBenchmark(("BM_DecodeRecord" + suffix).c_str(),
                                   [codec, &record = record](benchmark::State& state) {
                                     BM_DecodeRecord(state, codec, record);
                                   })
          ->UseManualTime();
    }
  }
  return true;
}();

// --- Frames -----------------------------------------------------------------

// Fills in a frame's header over a payload that is there; time of one byte.
void BM_SealFrame(benchmark::State& state) {
  const auto payload_bytes = static_cast<std::size_t>(state.range(0));
  const std::size_t frame_bytes = kFrameHeaderBytes + payload_bytes;
  const std::size_t frames = std::max<std::size_t>(1, (std::size_t{1} << 18) / frame_bytes);
  std::vector<std::byte> bytes(frames * frame_bytes, std::byte{0x5A});
  const auto for_each_frame = [&](const auto& seal) {
    std::uint32_t crc = 0;
    for (std::size_t i = 0; i < frames; ++i) {
      crc = seal(std::span(bytes).subspan(i * frame_bytes, frame_bytes), crc);
    }
    benchmark::DoNotOptimize(crc);
  };
  PairedTiming timing(state, "CRC32C");
  for (auto _ : state) {
    timing.Time(
        static_cast<std::int64_t>(bytes.size()),
        [&] {
          for_each_frame([](std::span<std::byte> frame, std::uint32_t crc) {
            return SealFrame(frame, /*salt=*/1, kFrameTypeBinary, /*first_request_id=*/1, crc);
          });
        },
        [&] {
          for_each_frame(
              [](std::span<std::byte> frame, std::uint32_t crc) { return Crc32c(crc, frame); });
        });
  }
}
BENCHMARK(BM_SealFrame)
    ->ArgName("payload_bytes")
    ->Arg(8)
    ->Arg(64)
    ->Arg(1'024)
    ->Arg(16'384)
    ->Arg(262'144)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

// The whole way from drawn positions to a memory log, batch by batch.
void BM_WriteBatch(benchmark::State& state) {
  const DrawnPool& pool = PoolOf(state.range(0));
  const auto batch_draws = static_cast<std::size_t>(state.range(1));
  const auto disk = std::make_shared<MemoryDisk>();
  MemoryStorage log(disk);
  WalBatcher batcher(LogEnd{}, {.codec = FindRecordCodec("binary"), .salt_seed = 1});
  std::uint64_t bytes = 0;
  std::uint64_t draws = 0;
  const auto write = [&](std::span<const ItemIndex> batch_picks) {
    batcher.AddDraws(batch_picks, pool.items);
    const WalBatch batch = batcher.Seal(/*prior_synced=*/true, pool.items.schema_hash());
    if (!AppendBatch(log, batch).ok()) std::abort();
    batcher.Accept();
    bytes += batch.frames.size();
    draws += batch_picks.size();
  };
  const auto write_all = [&] {
    for (std::span<const ItemIndex> left = pool.picks; !left.empty();
         left = left.subspan(batch_draws)) {
      write(left.first(batch_draws));
    }
  };
  write_all();
  const std::uint64_t bytes_of_all = bytes;
  std::vector<std::byte> copied(bytes_of_all);
  std::vector<std::byte> source(bytes_of_all, std::byte{0x5A});
  const std::size_t batches = kDrawsAtOnce / batch_draws;
  const std::size_t bytes_of_batch = bytes_of_all / batches;
  PairedTiming timing(state, "memcpy and CRC32C");
  for (auto _ : state) {
    timing.Time(static_cast<std::int64_t>(kDrawsAtOnce), write_all, [&] {
      for (std::size_t i = 0; i < batches; ++i) {
        std::byte* const to = copied.data() + i * bytes_of_batch;
        std::memcpy(to, source.data() + i * bytes_of_batch, bytes_of_batch);
        benchmark::DoNotOptimize(Crc32c(0, {to, bytes_of_batch}));
      }
    });
    // Sealed segments are of no more use.
    while (disk->segments.size() > 1) disk->segments.erase(disk->segments.begin());
  }
  const double bytes_per_draw = static_cast<double>(bytes) / static_cast<double>(draws);
  const auto bits = static_cast<double>(
      std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(state.range(0) - 1, 1))));
  state.counters["wal_bytes_per_draw"] = bytes_per_draw;
  state.counters["to_bits_alone"] = bytes_per_draw / (bits / 8);
}
BENCHMARK(BM_WriteBatch)
    ->ArgNames({"items", "draws"})
    ->ArgsProduct({{6, 1'000, 1'000'000}, {1, 16, 256, 1'024, 4'096, 16'384}})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace rewardpool::bench
