#include "support/replay_agreement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "rewardpool/frame.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_batcher.h"
#include "support/sync_pool.h"

namespace rewardpool::testing {
namespace {

// Counts the runs that it is shown.
class RunWitness final : public RecordVisitor {
 public:
  explicit RunWitness(bool wants_plain_draws) : wants_plain_draws_(wants_plain_draws) {}

  Status OnRecord(const Record& record, RequestId, const ItemTable&, const KeyTable&) override {
    if (std::holds_alternative<DrawRun>(record)) ++runs_;
    return Status::Ok();
  }
  bool WantsPlainDraws() const override { return wants_plain_draws_; }

  [[nodiscard]] std::uint64_t runs() const { return runs_; }

 private:
  bool wants_plain_draws_;
  std::uint64_t runs_ = 0;
};

std::vector<KeyTable::Entry> EntriesOf(KeyTable keys) {
  std::vector<KeyTable::Entry> entries;
  keys.BeginCopy();
  while (!keys.ContinueCopy(1'000, entries)) continue;
  KeyTable::DropReplaced(entries);
  return entries;
}

void ExpectSame(const Result<Inspection>& exact, const Result<Inspection>& counted) {
  ASSERT_EQ(exact.status(), counted.status()) << exact.status().ToString() << "\n"
                                              << counted.status().ToString();
  if (!exact.ok()) return;
  EXPECT_EQ(exact->exists, counted->exists);
  EXPECT_EQ(StatesOf(exact->items), StatesOf(counted->items));
  EXPECT_EQ(exact->items.schema_hash(), counted->items.schema_hash());
  EXPECT_EQ(exact->items.drawn_of_removed(), counted->items.drawn_of_removed());
  EXPECT_EQ(exact->log_end, counted->log_end);
  EXPECT_EQ(exact->log_starts_after, counted->log_starts_after);
  EXPECT_EQ(exact->base_snapshot, counted->base_snapshot);
  EXPECT_EQ(exact->notes, counted->notes);
  EXPECT_EQ(exact->repairs, counted->repairs);
  EXPECT_EQ(exact->segments_read, counted->segments_read);
  EXPECT_EQ(exact->frames_read, counted->frames_read);
  EXPECT_EQ(exact->records_read, counted->records_read);
  const std::vector<KeyTable::Entry> keys = EntriesOf(exact->keys);
  const std::vector<KeyTable::Entry> counted_keys = EntriesOf(counted->keys);
  EXPECT_TRUE(std::equal(keys.begin(), keys.end(), counted_keys.begin(), counted_keys.end(),
                         [](const auto& a, const auto& b) { return *a == *b; }));
}

class LogForger {
 public:
  explicit LogForger(std::uint64_t seed) : random_(seed), flawed_(seed % 2 == 1) {
    std::vector<Item> catalog;
    const std::uint64_t items = 1 + Below(Below(4) == 0 ? 300 : 6);
    for (std::uint64_t i = 0; i < items; ++i) {
      catalog.push_back({"item " + std::to_string(i), Below(8), AnyQuantity()});
    }
    items_ = ItemTable::Create(catalog).value();
    const WalBatcher::Options options{.codec = FindRecordCodec("binary"),
                                      .segment_bytes_max = 200 + Below(20'000),
                                      .salt_seed = seed};
    const LogEnd end = CreatePool(log_, catalog, options).value();
    batcher_.emplace(end, options);
  }

  MemoryDisk Forge() {
    const std::uint64_t batches = 1 + Below(30);
    const std::uint64_t bad_batch = flawed_ && Below(2) == 0 ? Below(batches) : batches;
    for (std::uint64_t i = 0; i < batches; ++i) {
      const std::uint32_t schema_hash = items_.schema_hash();
      for (std::uint64_t records = 1 + Below(3); records > 0; --records) AddRecord();
      if (i == bad_batch) AddImpossibleRun();
      if (batcher_->empty()) Add(RefusedRun{1});
      EXPECT_TRUE(AppendBatch(log_, batcher_->Seal(true, schema_hash)).ok());
      batcher_->Accept();
    }
    if (flawed_ && bad_batch == batches) Spoil(Below(5));
    return *disk_;
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }
  Quantity AnyQuantity() {
    return Below(3) == 0 ? Quantity::Of(Below(200)) : Quantity::Unlimited();
  }

  void AddRecord() {
    const std::string id = "item " + std::to_string(Below(8));
    switch (Below(12)) {
      case 0:
        return Add(RefusedRun{1 + Below(5)});
      case 1:
        if (const std::vector<ItemIndex> items = PossibleDraws(1 + Below(3)); !items.empty()) {
          Add(RequestedDraw{"key " + std::to_string(Below(9)), "",
                            static_cast<std::uint32_t>(items.size()), items});
        }
        return;
      case 2:
        if (items_.Find(id)) {
          const ItemChange change{.weight = Below(5), .quantity = AnyQuantity()};
          Add(ItemUpdated{id, change});
          (void)items_.Update(id, change);
        } else {
          const Item item{id, Below(5), AnyQuantity()};
          Add(ItemAdded{item});
          (void)items_.Add(item);
        }
        return;
      case 3:
        if (!items_.Find(id)) return Add(RefusedRun{1});
        Add(ItemRemoved{id});
        (void)items_.Remove(id);
        return;
      default:
        batcher_->AddDraws(PossibleDraws(1 + Below(Below(3) == 0 ? 12'000 : 60)), items_);
    }
  }

  void Add(const Record& record) { batcher_->Add(record, items_); }

  // Up to `count` draws that can be, and have been made; none if nothing can.
  std::vector<ItemIndex> PossibleDraws(std::uint64_t count) {
    std::vector<ItemIndex> draws;
    for (std::uint64_t tries = 0; tries < 2 * count && draws.size() < count; ++tries) {
      if (items_.slot_count() == 0) break;
      const auto position = static_cast<ItemIndex>(Below(items_.slot_count()));
      if (items_.ApplyDraws({&position, 1}).ok()) draws.push_back(position);
    }
    return draws;
  }

  // A run that may hold the free, the weightless and the sold out.
  void AddImpossibleRun() {
    if (items_.slot_count() == 0) return;
    std::vector<ItemIndex> draws(1 + Below(3'000));
    for (ItemIndex& draw : draws) draw = static_cast<ItemIndex>(Below(items_.slot_count()));
    batcher_->AddDraws(draws, items_);
  }

  // Changes something in the last segment, and makes it pass for true if it can.
  void Spoil(std::uint64_t how) {
    std::vector<std::byte>& segment = disk_->segments.rbegin()->second;
    std::vector<Frame> frames;
    Result<FrameReader> reader = FrameReader::Open(kSegmentMagic, segment);
    ASSERT_TRUE(reader.ok());
    while (const std::optional<Frame> frame = reader->Next()) frames.push_back(*frame);
    const std::size_t chosen = Below(frames.size());
    if (how == 0) {
      const std::size_t at = frames[chosen].offset;
      segment[at + Below(segment.size() - at)] ^= std::byte{1} << Below(8);
      return;
    }
    if (how == 1) return segment.resize(segment.size() - 1 - Below(frames.back().payload.size()));
    std::uint32_t crc = FrameReader::Open(kSegmentMagic, segment)->chain_crc();
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const std::span<std::byte> bytes = std::span(segment).subspan(
          frames[i].offset, kFrameHeaderBytes + frames[i].payload.size());
      RequestId request_id = frames[i].request_id_low;
      if (i == chosen && how == 2) ++request_id;
      if (i == chosen && how == 3) {
        const std::size_t payload_bytes = frames[i].payload.size();
        const std::size_t at =
            Below(Below(2) == 0 ? std::min<std::size_t>(6, payload_bytes) : payload_bytes);
        bytes[kFrameHeaderBytes + at] ^= std::byte{1} << Below(8);
      }
      // Behind a run that ends a frame these are the bits that are left over.
      if (i == chosen && how == 4) bytes.back() ^= std::byte{0x80};
      crc = SealFrame(bytes, reader->header().salt,
                      std::to_integer<std::uint8_t>(bytes[kFrameTypeAt]), request_id, crc);
    }
  }

  std::mt19937_64 random_;
  const bool flawed_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  MemoryStorage log_{disk_};
  ItemTable items_;
  std::optional<WalBatcher> batcher_;
};

}  // namespace

ReplayedLog ExpectReadingsAgree(WalSource& log, SnapshotStore& snapshots, Workers& workers) {
  ReplayedLog replayed;
  for (const auto from : {InspectOptions::From::kNewestSnapshot, InspectOptions::From::kLogStart}) {
    RunWitness every_run(true);
    const Result<Inspection> exact =
        InspectPool(log, snapshots, {.from = from, .visitor = &every_run});
    RunWitness few_runs(false);
    ExpectSame(exact, InspectPool(log, snapshots, {.from = from, .visitor = &few_runs}));
    ExpectSame(exact, InspectPool(log, snapshots, {.from = from, .workers = &workers}));
    replayed = {exact.status(), every_run.runs(), few_runs.runs()};
  }
  return replayed;
}

MemoryDisk ForgeCatalog(std::size_t items, std::size_t bad, const std::string& bad_id) {
  constexpr std::size_t kBatchItems = 16'384;
  const auto disk = std::make_shared<MemoryDisk>();
  MemoryStorage log(disk);
  WalBatcher batcher(LogEnd{}, {.codec = FindRecordCodec("binary"), .salt_seed = 1});
  const ItemTable none;  // so much there is where the only segment begins
  for (std::size_t i = 0; i < items; ++i) {
    const Item item{i == bad ? bad_id : "item " + std::to_string(i), i};
    batcher.Add(CatalogItem{item}, none);
    if ((i + 1) % kBatchItems != 0 && i + 1 != items) continue;
    if (i + 1 == items) batcher.Add(PoolCreated{items}, none);
    EXPECT_TRUE(AppendBatch(log, batcher.Seal(true, none.schema_hash())).ok());
    batcher.Accept();
  }
  return *disk;
}

MemoryDisk ForgeLog(std::uint64_t seed) { return LogForger(seed).Forge(); }

}  // namespace rewardpool::testing
