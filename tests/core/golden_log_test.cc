// The bytes of a log, pinned: golden segments, the example in the documentation,
// and what both print. tests/support/wal_reader_test.py reads the same files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/frame.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/record_json.h"
#include "rewardpool/recovery.h"
#include "rewardpool/wal_batcher.h"

namespace rewardpool {
namespace {

std::filesystem::path SourceFolder() { return RP_SOURCE_DIR; }
std::filesystem::path GoldenFolder() { return SourceFolder() / "tests/golden/log"; }

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string SegmentFileName(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return "wal-" + std::string(20 - digits.size(), '0') + digits + ".log";
}

// Compares with a golden file, or writes it if RP_UPDATE_GOLDEN is set; then the
// test fails, so that nobody leaves it on.
void CheckGolden(const std::filesystem::path& path, const std::string& content) {
  if (std::getenv("RP_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    ADD_FAILURE() << "wrote " << path;
    return;
  }
  EXPECT_EQ(ReadFile(path), content) << path;
}

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Writes a log, keeping the items as they are after each record.
class LogWriter {
 public:
  LogWriter(std::string_view codec, std::uint64_t salt_seed) : salt_seed_(salt_seed) {
    options_.codec = FindRecordCodec(codec);
    Open();
  }

  // A writer that goes on where the one before stopped.
  void Open() {
    options_.salt_seed = ++salt_seed_;
    batcher_ = std::make_unique<WalBatcher>(batcher_ ? batcher_->end() : LogEnd{}, options_);
  }

  void Add(const Record& record) {
    if (batcher_->empty()) schema_hash_ = items_.schema_hash();
    batcher_->Add(record, items_);
    if (const auto* run = std::get_if<DrawRun>(&record)) {
      EXPECT_TRUE(items_.ApplyDraws(run->items).ok());
    } else if (const auto* draw = std::get_if<RequestedDraw>(&record)) {
      EXPECT_TRUE(items_.ApplyDraws(draw->items).ok());
    } else if (const auto* catalog_item = std::get_if<CatalogItem>(&record)) {
      EXPECT_TRUE(items_.Add(catalog_item->item).ok());
    } else if (const auto* added = std::get_if<ItemAdded>(&record)) {
      EXPECT_TRUE(items_.Add(added->item).ok());
    } else if (const auto* updated = std::get_if<ItemUpdated>(&record)) {
      EXPECT_TRUE(items_.Update(updated->id, updated->change).ok());
    } else if (const auto* removed = std::get_if<ItemRemoved>(&record)) {
      EXPECT_TRUE(items_.Remove(removed->id).ok());
    }
  }

  void StartSegment() { batcher_->StartSegment(); }

  void Write(bool prior_synced) {
    const WalBatch batch = batcher_->Seal(prior_synced, schema_hash_);
    ASSERT_TRUE(AppendBatch(storage_, batch).ok());
    ASSERT_TRUE(storage_.Sync().ok());
    batcher_->Accept();
  }

  [[nodiscard]] RequestId last_request_id() const { return batcher_->last_request_id(); }

  // The segments, with some zeros behind those that are named.
  std::shared_ptr<MemoryDisk> Finish(std::initializer_list<std::uint64_t> with_room) {
    EXPECT_TRUE(storage_.Close().ok());
    for (const std::uint64_t segment : with_room) {
      disk_->segments.at(segment).resize(disk_->segments.at(segment).size() + 300);
    }
    return disk_;
  }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  MemoryStorage storage_{disk_};
  WalBatcher::Options options_;
  std::uint64_t salt_seed_;
  std::unique_ptr<WalBatcher> batcher_;
  ItemTable items_;
  std::uint32_t schema_hash_ = 0;
};

// Three segments with every kind of record and every change of the slot count.
std::shared_ptr<MemoryDisk> GoldenLog(std::string_view codec) {
  LogWriter log(codec, 20240817);
  log.Add(CatalogItem{{"gold", 1, Quantity::Of(40)}});
  log.Add(CatalogItem{{"silver, \"bright\"", 10, Quantity::Of(500)}});
  log.Add(CatalogItem{{"mud\nand\\dirt", 89, Quantity::Unlimited()}});
  log.Add(
      CatalogItem{{"Gl\xC3\xBC"
                   "ck \xF0\x9F\x8E\x81",
                   kWeightMax - 1000, Quantity::Of(kQuantityMax)}});
  log.Add(CatalogItem{{"\x01\x1F\x7F\t", 7, Quantity::Unlimited()}});
  log.Add(PoolCreated{5});
  log.Write(/*prior_synced=*/true);

  log.Add(DrawRun{{3, 3, 0, 2, 4, 1, 3, 3, 2}});
  log.Add(RefusedRun{2});
  log.Add(RequestedDraw{"order-1", "ann", 2, {0, 2}});
  log.Add(RequestedDraw{"order-2", "", 1, {3}});
  log.Add(RequestedDraw{"", "bob \"the\" cat", 1, {4}});
  log.Add(RequestedDraw{"order-3", "ann", 70'000, {}});
  log.Write(/*prior_synced=*/false);

  log.Add(ItemUpdated{"gold", {2, {}}});
  log.Add(ItemUpdated{"gold", {{}, Quantity::Unlimited()}});
  log.Add(ItemUpdated{"silver, \"bright\"", {0, Quantity::Of(0)}});
  log.Add(ItemUpdated{"mud\nand\\dirt", {}});
  for (const char* id : {"tin", "iron", "lead", "zinc"}) {
    log.Add(ItemAdded{{id, 3, Quantity::Of(100)}});
  }
  log.Add(DrawRun{{8, 7, 6, 5, 4, 3, 2, 0}});
  log.Add(ItemRemoved{"silver, \"bright\""});
  log.Add(ItemRemoved{"zinc"});
  log.Add(DrawRun{{7, 6, 5}});
  log.Add(ItemAdded{{"copper", 4, Quantity::Unlimited()}});  // at position 1
  log.Add(DrawRun{{1, 1, 7}});
  log.Write(/*prior_synced=*/true);

  log.StartSegment();
  log.Add(SnapshotTaken{log.last_request_id()});
  DrawRun run;
  for (ItemIndex i = 0; i < 200; ++i) run.items.push_back(i % 3 + (i % 7 == 0 ? 2 : 0));
  log.Add(run);
  log.Write(/*prior_synced=*/true);
  log.Add(PoolClosed{});
  log.Write(/*prior_synced=*/true);

  log.Open();
  for (const char* id : {"lead", "iron", "tin", "copper", "\x01\x1F\x7F\t", "gold"}) {
    log.Add(ItemRemoved{id});
  }
  log.Add(ItemRemoved{"mud\nand\\dirt"});
  log.Add(ItemAdded{{"alone", 1, Quantity::Unlimited()}});  // at position 0
  log.Add(
      ItemRemoved{"Gl\xC3\xBC"
                  "ck \xF0\x9F\x8E\x81"});  // leaves one slot
  log.Add(DrawRun{std::vector<ItemIndex>(30)});
  log.Add(ItemRemoved{"alone"});  // leaves none
  log.Add(RefusedRun{1});
  log.Write(/*prior_synced=*/false);
  return log.Finish(/*with_room=*/{1, 3});
}

class JsonPrinter final : public RecordVisitor {
 public:
  Status OnRecord(const Record& record, RequestId first_request_id, const ItemTable& items,
                  const KeyTable&) override {
    return AppendRecordJson(record, first_request_id, items, lines);
  }

  std::string lines;
};

// Reads the log as recovery does and prints it.
std::string Printed(const std::shared_ptr<MemoryDisk>& disk) {
  MemoryStorage storage(disk);
  MemorySnapshotStore snapshots(disk);
  JsonPrinter printer;
  const Result<Inspection> inspection = InspectPool(
      storage, snapshots, {.from = InspectOptions::From::kLogStart, .visitor = &printer});
  EXPECT_TRUE(inspection.ok()) << inspection.status().ToString();
  if (inspection.ok()) {
    EXPECT_TRUE(inspection->exists);
    EXPECT_TRUE(inspection->notes.empty());
  }
  return printer.lines;
}

class GoldenLogTest : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Codecs, GoldenLogTest, ::testing::Values("binary", "jsonl"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(GoldenLogTest, IsWrittenByteForByte) {
  const std::shared_ptr<MemoryDisk> disk = GoldenLog(GetParam());
  ASSERT_EQ(disk->segments.size(), 3U);
  for (const auto& [number, bytes] : disk->segments) {
    CheckGolden(GoldenFolder() / GetParam() / SegmentFileName(number), TextOf(bytes));
  }
}

TEST_P(GoldenLogTest, IsReadAndPrintedTheSameFromBothCodecs) {
  CheckGolden(GoldenFolder() / "expected.jsonl", Printed(GoldenLog(GetParam())));
}

// The example of docs/wal-format.md.

const std::vector<std::vector<Record>>& ExampleFrames() {
  static const std::vector<std::vector<Record>> frames = {
      {CatalogItem{{"gold", 1, Quantity::Of(2)}}, CatalogItem{{"mud", 3, Quantity::Unlimited()}},
       PoolCreated{2}},
      {DrawRun{{1, 0, 1, 1, 0}}, RequestedDraw{"k7", "ann", 1, {1}}},
  };
  return frames;
}

// Calls `visit` for each record of the example, with its frame's number.
template <typename Visit>
void ForEachExampleRecord(const Visit& visit) {
  ItemTable items;
  RequestId next_request_id = 1;
  for (std::size_t frame = 0; frame < ExampleFrames().size(); ++frame) {
    for (const Record& record : ExampleFrames()[frame]) {
      visit(record, frame, items, next_request_id);
      next_request_id += RequestIdsOf(record);
      if (const auto* item = std::get_if<CatalogItem>(&record)) {
        EXPECT_TRUE(items.Add(item->item).ok());
      }
    }
  }
}

std::string ExampleSegment() {
  constexpr std::uint64_t kSalt = 0x0123456789ABCDEF;
  std::vector<ByteBuffer> payloads(ExampleFrames().size());
  ForEachExampleRecord(
      [&](const Record& record, std::size_t frame, const ItemTable& items, RequestId) {
        FindRecordCodec("binary")->Encode(record, items, payloads[frame]);
      });
  const EncodedHeader header =
      EncodeHeader(kSegmentMagic, {.number = 1, .first_request_id = 1, .salt = kSalt});
  std::string segment = TextOf(header);
  std::uint32_t crc = HeaderCrc(header);
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    std::string frame(kFrameHeaderBytes, '\0');
    frame += TextOf(payloads[i].bytes());
    const std::uint8_t type = kFrameTypeBinary | (i == 0 ? 0 : kFramePriorSynced);
    crc = SealFrame(std::as_writable_bytes(std::span(frame.data(), frame.size())), kSalt, type, 1,
                    crc);
    segment += frame;
  }
  return segment;
}

// The lines of the block of docs/wal-format.md that is marked ```name.
std::string DocumentedBlock(const std::string& name) {
  std::istringstream document(ReadFile(SourceFolder() / "docs/wal-format.md"));
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line == "```" + name) {
      inside = true;
    } else if (inside && line == "```") {
      return block;
    } else if (inside) {
      block += line + "\n";
    }
  }
  ADD_FAILURE() << "docs/wal-format.md has no block " << name;
  return block;
}

std::string SpacedHexOf(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    if (!hex.empty()) hex += ' ';
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

TEST(DocumentedExampleTest, HexIsWhatTheProgramWrites) {
  // Each line: offset, two spaces, bytes, and behind two spaces words.
  std::istringstream lines(DocumentedBlock("hex"));
  std::string documented;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(std::stoul(line.substr(0, 4), nullptr, 16), (documented.size() + 1) / 3) << line;
    const std::string bytes = line.substr(6, line.find("  ", 6) - 6);
    documented += (documented.empty() ? "" : " ") + bytes;
  }
  EXPECT_EQ(documented, SpacedHexOf(ExampleSegment()));
}

TEST(DocumentedExampleTest, JsonLinesAreWhatTheProgramWrites) {
  ByteBuffer lines;
  ForEachExampleRecord([&](const Record& record, std::size_t, const ItemTable& items, RequestId) {
    FindRecordCodec("jsonl")->Encode(record, items, lines);
  });
  EXPECT_EQ(DocumentedBlock("jsonl-codec"), TextOf(lines.bytes()));
}

TEST(DocumentedExampleTest, PrintedLinesAreWhatTheProgramPrints) {
  auto disk = std::make_shared<MemoryDisk>();
  const std::string segment = ExampleSegment();
  const auto bytes = std::as_bytes(std::span(segment.data(), segment.size()));
  disk->segments[1].assign(bytes.begin(), bytes.end());
  EXPECT_EQ(DocumentedBlock("jsonl-printed"), Printed(disk));
}

}  // namespace
}  // namespace rewardpool
