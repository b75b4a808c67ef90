// bench_actor.cc - draws through a whole pool: each style of call, by 1, 2 and 4
// threads, on each kind of log, under each policy.
//
// A row does a slice of draws, then its floor, and again: without a disk, answers
// of the same size handed from thread to thread; with one, as many bare writes
// and syncs of as many bytes. Only the ratio of the two is worth comparing.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <semaphore>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rewardpool/pool_file_names.h"
#include "rewardpool/rewardpool.h"
#include "rewardpool/testing/temporary_folder.h"
#include "support/allocation_counter.h"
#include "support/append_floor.h"
#include "support/catalog.h"
#include "support/crew.h"
#include "support/hand_off_floor.h"
#include "support/latency_histogram.h"
#include "support/paired_timing.h"

namespace {

using rewardpool::BulkResult;
using rewardpool::DrawOutcome;
using rewardpool::DrawRequest;
using rewardpool::DrawResult;
using rewardpool::Durability;
using rewardpool::ItemRef;
using rewardpool::Pool;
using rewardpool::PoolOptions;
using rewardpool::PoolStats;
using rewardpool::Producer;
using rewardpool::Result;
using rewardpool::StatusCode;
using rewardpool::StorageKind;
using rewardpool::bench::AllocationsSoFar;
using rewardpool::bench::AppendFloor;
using rewardpool::bench::Crew;
using rewardpool::bench::HandOffFloor;
using rewardpool::bench::LatencyHistogram;
using rewardpool::bench::PairedTiming;
using rewardpool::testing::TemporaryFolder;

using Clock = std::chrono::steady_clock;

// As many keyed draws are remembered, and drawn before anything is measured.
constexpr std::size_t kKeysKept = 1000;

void EndIf(bool failed) {
  if (failed) std::abort();
}

// --- Styles of call -----------------------------------------------------------
//
// A style is one thread's way of drawing: Draw(n) draws n times and returns when
// all are answered. kInFlight: draws that it has under way at once.

// Calls one after the other, each of which ends when the next one begins.
template <typename Call>
void TimeCalls(std::uint64_t count, LatencyHistogram& latency, Call call) {
  auto begin = Clock::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    EndIf(!call().ok());
    const auto end = Clock::now();
    latency.Record(end - begin);
    begin = end;
  }
}

class Synchronous {
 public:
  static constexpr const char* kName = "BM_Synchronous";
  static constexpr std::size_t kInFlight = 1;
  using Answer = DrawResult;

  Synchronous(Pool& pool, std::size_t /*member*/) : pool_(pool) {}

  void Draw(std::uint64_t count) {
    TimeCalls(count, latency, [this] { return pool_.Draw(); });
  }

  LatencyHistogram latency;

 private:
  Pool& pool_;
};

class Keyed {
 public:
  static constexpr const char* kName = "BM_Keyed";
  static constexpr std::size_t kInFlight = 1;
  using Answer = DrawResult;

  Keyed(Pool& pool, std::size_t member) : pool_(pool), prefix_(std::to_string(member) + "-") {}

  void Draw(std::uint64_t count) {
    TimeCalls(count, latency, [this] {
      return pool_.Draw({.count = 1, .key = prefix_ + std::to_string(++drawn_), .user = {}});
    });
  }

  LatencyHistogram latency;

 private:
  Pool& pool_;
  const std::string prefix_;
  std::uint64_t drawn_ = 0;
};

class Callback {
 public:
  static constexpr const char* kName = "BM_Callback";
  static constexpr std::size_t kInFlight = 1024;
  using Answer = DrawResult;

  Callback(Pool& pool, std::size_t /*member*/) : pool_(pool) {}

  void Draw(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      free_.acquire();
      EndIf(!pool_
                 .DrawAsync({},
                            [this](const Result<DrawOutcome>& outcome) {
                              EndIf(!outcome.ok());
                              free_.release();
                            })
                 .ok());
    }
    for (std::size_t i = 0; i < kInFlight; ++i) free_.acquire();
    free_.release(kInFlight);
  }

 private:
  Pool& pool_;
  std::counting_semaphore<kInFlight> free_{kInFlight};
};

Producer NewProducer(Pool& pool, std::size_t window) {
  auto producer = pool.NewProducer(window);
  EndIf(!producer.ok());
  return *std::move(producer);
}

class Windowed {
 public:
  static constexpr const char* kName = "BM_Windowed";
  static constexpr std::size_t kInFlight = 16'384;
  using Answer = DrawResult;

  Windowed(Pool& pool, std::size_t /*member*/) : producer_(NewProducer(pool, kInFlight)) {}

  void Draw(std::uint64_t count) {
    std::uint64_t submitted = 0;
    for (std::uint64_t answered = 0; answered < count;) {
      submitted += producer_.Submit(count - submitted);
      answered += producer_.Wait(results_);
    }
  }

 private:
  Producer producer_;
  std::vector<DrawResult> results_ = std::vector<DrawResult>(kInFlight);
};

class Bulk {
 public:
  static constexpr const char* kName = "BM_Bulk";
  static constexpr std::size_t kBulkDraws = 4096;
  static constexpr std::size_t kBulks = 32;
  static constexpr std::size_t kInFlight = kBulks * kBulkDraws;
  using Answer = BulkResult;

  Bulk(Pool& pool, std::size_t /*member*/)
      : producer_(NewProducer(pool, 1)), picks_(kBulks, std::vector<ItemRef>(kBulkDraws)) {}

  void Draw(std::uint64_t count) {
    std::uint64_t submitted = 0;
    for (std::uint64_t answered = 0; answered < count;) {
      while (submitted < count && producer_.bulks_in_flight() < kBulks) {
        std::vector<ItemRef>& picks = picks_[submitted / kBulkDraws % kBulks];
        EndIf(producer_.SubmitMany(picks) != StatusCode::kOk);
        submitted += kBulkDraws;
      }
      answered += producer_.WaitMany().drawn;
    }
  }

 private:
  Producer producer_;
  std::vector<std::vector<ItemRef>> picks_;
};

template <typename Style>
concept IsTimedCallByCall = requires(Style style) {
  style.latency;
};

// --- Floors -------------------------------------------------------------------

// As many bare writes and syncs, of as many bytes.
std::chrono::nanoseconds RunDiskFloor(const PoolStats& before, const PoolStats& after,
                                      AppendFloor& floor) {
  const std::uint64_t writes = std::max<std::uint64_t>(after.batches - before.batches, 1);
  const std::uint64_t syncs = after.syncs - before.syncs;
  const std::uint64_t bytes = after.wal_bytes - before.wal_bytes;
  const auto begin = Clock::now();
  std::uint64_t synced = 0;
  for (std::uint64_t write = 1; write <= writes; ++write) {
    floor.Append(static_cast<std::size_t>(bytes / writes));
    if (synced * writes < syncs * write) {
      floor.Sync();
      ++synced;
    }
  }
  return Clock::now() - begin;
}

// --- Rows ---------------------------------------------------------------------

struct Row {
  StorageKind storage;
  const char* storage_name;
  Durability durability;
  const char* durability_name;
  std::size_t producers;
  std::int64_t items;

  [[nodiscard]] bool has_disk() const { return storage != StorageKind::kMemory; }
};

// How much one thread draws in a slice, and how many slices there are.
struct Slices {
  std::uint64_t draws;
  std::int64_t count;
};

template <typename Style>
Slices SlicesOf(const Row& row) {
  const bool waits_for_the_disk =
      row.has_disk() && row.durability.kind() == Durability::Kind::kDurable;
  if constexpr (Style::kInFlight == 1) {
    // One call and its floor by turns, so that both see the same disk.
    if (waits_for_the_disk && row.producers == 1) return {.draws = 1, .count = 3000};
    if (waits_for_the_disk) return {.draws = 32, .count = 100};
    return {.draws = 10'000, .count = 20};
  } else if constexpr (Style::kInFlight < Windowed::kInFlight) {
    return {.draws = 64 * 1024 / row.producers, .count = 20};
  } else {
    return {.draws = 4 * 1024 * 1024 / row.producers, .count = 20};
  }
}

Pool OpenPool(const Row& row, const TemporaryFolder& folder) {
  PoolOptions options;
  options.storage = row.storage;
  options.dir = folder.path() + "/pool";
  options.catalog = rewardpool::bench::Catalog(row.items);
  options.durability = row.durability;
  options.key_retention = kKeysKept;
  auto pool = Pool::Open(options);
  EndIf(!pool.ok());
  return *std::move(pool);
}

double LogFileBytes(const TemporaryFolder& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() + "/pool")) {
    if (rewardpool::ParseSegmentFileName(entry.path().filename().string())) {
      bytes += entry.file_size();
    }
  }
  return static_cast<double>(bytes);
}

double Ratio(std::uint64_t amount, std::uint64_t of) {
  return static_cast<double>(amount) / static_cast<double>(std::max<std::uint64_t>(of, 1));
}

template <typename Style>
void ReportLatency(benchmark::State& state, std::span<const std::unique_ptr<Style>> styles) {
  if constexpr (IsTimedCallByCall<Style>) {
    LatencyHistogram latency;
    for (const std::unique_ptr<Style>& style : styles) latency.Add(style->latency);
    state.counters["p50_us"] = latency.QuantileUs(0.5);
    state.counters["p99_us"] = latency.QuantileUs(0.99);
    state.counters["p999_us"] = latency.QuantileUs(0.999);
  }
}

template <typename Style>
void BM_Draws(benchmark::State& state, const Row& row) {
  const Slices slices = SlicesOf<Style>(row);
  const TemporaryFolder folder;
  Pool pool = OpenPool(row, folder);
  std::optional<AppendFloor> disk_floor;
  std::optional<HandOffFloor<typename Style::Answer>> hand_off_floor;
  // A bulk is one answer for all its draws.
  constexpr std::uint64_t kDrawsAnAnswer =
      std::is_same_v<typename Style::Answer, BulkResult> ? Bulk::kBulkDraws : 1;
  if (row.has_disk()) {
    disk_floor.emplace(folder.path());
  } else {
    hand_off_floor.emplace(row.producers, Style::kInFlight / kDrawsAnAnswer);
  }
  std::vector<std::unique_ptr<Style>> styles;
  for (std::size_t member = 0; member < row.producers; ++member) {
    styles.push_back(std::make_unique<Style>(pool, member));
  }
  Crew crew(row.producers);
  const auto draw = [&](std::uint64_t draws) {
    return crew.Run([&](std::size_t member) { styles[member]->Draw(draws); });
  };

  (void)draw(
      std::max<std::uint64_t>(slices.draws, kKeysKept));  // begins the segment, grows buffers
  const std::uint64_t slice_draws = slices.draws * row.producers;
  const PoolStats first = pool.Stats();
  std::uint64_t heap_bytes = 0;
  if constexpr (IsTimedCallByCall<Style>) {
    for (const std::unique_ptr<Style>& style : styles) style->latency = {};
  }
  {
    PairedTiming timing(state, row.has_disk() ? "writes and syncs" : "hand-off");
    for (auto _ : state) {
      const PoolStats before = pool.Stats();
      const std::uint64_t heap_bytes_before = AllocationsSoFar().bytes;
      const std::chrono::nanoseconds own = draw(slices.draws);
      heap_bytes += AllocationsSoFar().bytes - heap_bytes_before;
      const std::chrono::nanoseconds floor =
          row.has_disk() ? RunDiskFloor(before, pool.Stats(), *disk_floor)
                         : hand_off_floor->Run(slices.draws / kDrawsAnAnswer);
      timing.Add(static_cast<std::int64_t>(slice_draws), own, floor);
    }
  }
  const PoolStats last = pool.Stats();
  const std::uint64_t draws = last.draws - first.draws;
  state.counters["heap_bytes_per_draw"] = Ratio(heap_bytes, draws);
  state.counters["wal_bytes_per_draw"] = Ratio(last.wal_bytes - first.wal_bytes, draws);
  state.counters["draws_per_batch"] = Ratio(draws, last.batches - first.batches);
  if (row.has_disk()) state.counters["wal_file_size"] = LogFileBytes(folder);
  ReportLatency<Style>(state, styles);
}

// What syncs by themselves take beside threads that keep processors busy, against the same
// ones without: as a batch's do that is synced while other threads draw.
void BM_SyncsBesideBusyThreads(benchmark::State& state) {
  constexpr int kSyncs = 100;
  constexpr std::size_t kBytes = 42'000;  // of 33,000 draws
  const TemporaryFolder folder;
  AppendFloor disk(folder.path());
  const auto sync_all = [&] {
    for (int sync = 0; sync < kSyncs; ++sync) disk.AppendAndSync(kBytes);
  };
  PairedTiming timing(state, "without");
  for (auto _ : state) {
    timing.Time(
        kSyncs,
        [&] {
          std::vector<std::jthread> busy;
          for (std::int64_t thread = 0; thread < state.range(0); ++thread) {
            busy.emplace_back([](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
              }
            });
          }
          sync_all();
        },
        sync_all);
  }
}
BENCHMARK(BM_SyncsBesideBusyThreads)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseManualTime()
    ->Iterations(20)
    ->Unit(benchmark::kMicrosecond);

constexpr std::int64_t kFewItems = 6;
constexpr std::int64_t kManyItems = 1000;

template <typename Style>
void Register(const Row& row) {
  const std::string name = std::string(Style::kName) + "/" + row.storage_name + "/" +
                           row.durability_name + "/producers:" + std::to_string(row.producers) +
                           "/items:" + std::to_string(row.items);
  benchmark::RegisterBenchmark(name.c_str(),
                               [row](benchmark::State& state) { BM_Draws<Style>(state, row); })
      ->UseManualTime()
      ->Iterations(SlicesOf<Style>(row).count)
      ->Unit(benchmark::kMicrosecond);
}

// Memory has nothing to sync, so one policy is all. Where each draw is a call of
// its own, the number of items is not what it costs.
[[maybe_unused]] const bool registered = [] {
  struct Log {
    StorageKind kind;
    const char* name;
  };
  struct Policy {
    Durability durability;
    const char* name;
  };
  constexpr std::array kPolicies{Policy{Durability::Durable(), "durable"},
                                 Policy{Durability::Interval(10), "interval:10ms"},
                                 Policy{Durability::FlushAfter(10'000), "flush_after:10000"},
                                 Policy{Durability::Async(), "async"}};
  for (const Log log : {Log{StorageKind::kMemory, "memory"}, Log{StorageKind::kFile, "file"},
                        Log{StorageKind::kMmap, "mmap"}}) {
    const bool has_disk = log.kind != StorageKind::kMemory;
    for (const Policy& policy : std::span(kPolicies).first(has_disk ? kPolicies.size() : 1)) {
      for (const std::size_t producers : {1, 2, 4}) {
        Row row{.storage = log.kind,
                .storage_name = log.name,
                .durability = policy.durability,
                .durability_name = policy.name,
                .producers = producers,
                .items = kManyItems};
        Register<Synchronous>(row);
        Register<Keyed>(row);
        Register<Callback>(row);
        for (const std::int64_t items : {kFewItems, kManyItems}) {
          row.items = items;
          Register<Windowed>(row);
          Register<Bulk>(row);
        }
      }
    }
  }
  return true;
}();

}  // namespace
