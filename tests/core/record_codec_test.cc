#include "rewardpool/record_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/wal_format.h"
#include "support/bytes.h"
#include "support/random_records.h"

namespace rewardpool {
namespace {

using tests::BytesOf;
using tests::HexOf;
using tests::RandomRecords;

constexpr std::size_t kRecordTypeCount = std::variant_size_v<Record>;

const RecordCodec& Binary() { return *FindRecordCodec("binary"); }
const RecordCodec& Json() { return *FindRecordCodec("jsonl"); }

ItemTable TableOf(const std::vector<std::string>& ids) {
  std::vector<Item> items;
  for (const std::string& id : ids) items.push_back({.id = id, .weight = 1});
  return *ItemTable::Create(items);
}

ItemTable ThreeItems() { return TableOf({"gold", "silver", "mud"}); }

std::string Encoded(const RecordCodec& codec, const Record& record, const ItemTable& items) {
  ByteBuffer out;
  codec.Encode(record, items, out);
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// Decodes all of `bytes` as one record.
Status DecodeOne(const RecordCodec& codec, std::string_view bytes, const ItemTable& items,
                 Record& record) {
  std::span<const std::byte> input = BytesOf(bytes);
  const Status status = codec.Decode(input, items, record);
  if (status.ok()) {
    EXPECT_TRUE(input.empty()) << input.size() << " bytes left over";
  } else {
    EXPECT_EQ(input.size(), bytes.size()) << "input moved on an error";
    EXPECT_FALSE(status.message().empty());
  }
  return status;
}

Status DecodeOne(const RecordCodec& codec, std::string_view bytes, const ItemTable& items) {
  Record record;
  return DecodeOne(codec, bytes, items, record);
}

class EachCodec : public ::testing::TestWithParam<const char*> {
 protected:
  const RecordCodec& codec() const { return *FindRecordCodec(std::string_view(GetParam())); }
};
INSTANTIATE_TEST_SUITE_P(Codecs, EachCodec, ::testing::Values("binary", "jsonl"),
                         [](const auto& info) { return std::string(info.param); });

TEST(FindRecordCodecTest, KnowsCodecsByNameAndByFrameType) {
  EXPECT_EQ(FindRecordCodec("binary")->frame_type(), kFrameTypeBinary);
  EXPECT_EQ(FindRecordCodec("jsonl")->frame_type(), kFrameTypeJsonLines);
  for (const std::uint8_t type : {kFrameTypeBinary, kFrameTypeJsonLines}) {
    EXPECT_EQ(FindRecordCodec(type)->frame_type(), type);
    EXPECT_EQ(FindRecordCodec(static_cast<std::uint8_t>(type | kFramePriorSynced)),
              FindRecordCodec(type));
  }
  EXPECT_EQ(FindRecordCodec("xml"), nullptr);
  EXPECT_EQ(FindRecordCodec(std::uint8_t{3}), nullptr);
}

TEST(FindRecordDecoderTest, KnowsTheFrameTypesOfTheCodecs) {
  for (const std::uint8_t type : {kFrameTypeBinary, kFrameTypeJsonLines}) {
    EXPECT_EQ(FindRecordDecoder(type)->frame_type(), type);
    EXPECT_EQ(FindRecordDecoder(static_cast<std::uint8_t>(type | kFramePriorSynced)),
              FindRecordDecoder(type));
  }
  EXPECT_EQ(FindRecordDecoder(std::uint8_t{3}), nullptr);
}

TEST_P(EachCodec, EveryRecordSurvivesARoundTrip) {
  const std::uint64_t seed = 20'240'817;
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomRecords random(seed);
  for (const std::size_t slot_count : {1, 2, 3, 4, 5, 8, 9, 256, 257, 5000}) {
    const ItemTable items = random.Items(slot_count);
    // All in one buffer, read into one record: neither may leave traces.
    std::vector<Record> records;
    ByteBuffer out;
    for (int i = 0; i < 300; ++i) {
      records.push_back(random.Any(random.Below(kRecordTypeCount), items));
      codec().Encode(records.back(), items, out);
    }
    std::span<const std::byte> input = out.bytes();
    Record read;
    for (const Record& record : records) {
      const Status status = codec().Decode(input, items, read);
      ASSERT_TRUE(status.ok()) << status.ToString();
      ASSERT_EQ(read, record) << RecordName(record);
    }
    EXPECT_TRUE(input.empty());
  }
}

TEST_P(EachCodec, ARunReadsBackAtEveryLength) {
  RandomRecords random(5);
  for (const std::size_t slot_count : {1, 2, 3, 7, 100, 16'385}) {
    const ItemTable items = random.Items(slot_count);
    for (std::size_t length = 1; length < 70; ++length) {
      const DrawRun run{random.Positions(length, items)};
      ByteBuffer out;
      codec().EncodeDrawRun(run.items, items, out);
      const std::string bytes(reinterpret_cast<const char*>(out.data()), out.size());
      EXPECT_EQ(bytes, Encoded(codec(), run, items));
      Record read;
      ASSERT_TRUE(DecodeOne(codec(), bytes, items, read).ok());
      ASSERT_EQ(std::get<DrawRun>(read), run);
    }
  }
}

TEST_P(EachCodec, TheLongestRunOfTheLongestIdsFitsInAFrame) {
  // A control character takes six bytes in JSON.
  const ItemTable items = TableOf({std::string(kItemIdBytesMax, '\x01')});
  const DrawRun run{std::vector<ItemIndex>(kDrawsPerRecordMax)};
  const std::string bytes = Encoded(codec(), run, items);
  EXPECT_LE(bytes.size() + kFramePayloadBytesTarget, kFramePayloadBytesMax);
  Record read;
  ASSERT_TRUE(DecodeOne(codec(), bytes, items, read).ok());
  EXPECT_EQ(std::get<DrawRun>(read), run);
}

TEST_P(EachCodec, ARecordThatHoldsTheRightKindHasItsMemoryReused) {
  const ItemTable items = ThreeItems();
  const std::string bytes = Encoded(codec(), DrawRun{{0, 1, 2}}, items);
  Record record = DrawRun{std::vector<ItemIndex>(1000)};
  const ItemIndex* memory = std::get<DrawRun>(record).items.data();
  ASSERT_TRUE(DecodeOne(codec(), bytes, items, record).ok());
  EXPECT_EQ(std::get<DrawRun>(record).items.data(), memory);
  EXPECT_EQ(std::get<DrawRun>(record), (DrawRun{{0, 1, 2}}));
}

TEST_P(EachCodec, EveryCutOfARecordIsCorrupt) {
  RandomRecords random(6);
  const ItemTable items = random.Items(9);
  for (std::size_t type = 0; type < kRecordTypeCount; ++type) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      const std::string bytes = Encoded(codec(), random.Any(type, items), items);
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        // In a copy of that size, so that a sanitizer sees reads behind it.
        const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
        const Status status = DecodeOne(codec(), {cut.data(), cut.size()}, items);
        ASSERT_EQ(status.code(), StatusCode::kCorrupt) << HexOf(bytes) << " cut to " << size;
      }
    }
  }
}

TEST_P(EachCodec, AFlippedBitNeverHurts) {
  RandomRecords random(7);
  const ItemTable items = random.Items(9);
  for (std::size_t type = 0; type < kRecordTypeCount; ++type) {
    const std::string bytes = Encoded(codec(), random.Any(type, items), items);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string damaged = bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      std::span<const std::byte> input = BytesOf(damaged);
      Record read;
      if (!codec().Decode(input, items, read).ok()) continue;
      // What was read is a record like any other.
      const std::string again = Encoded(codec(), read, items);
      Record read_again;
      ASSERT_TRUE(DecodeOne(codec(), again, items, read_again).ok());
      ASSERT_EQ(read_again, read);
    }
  }
}

TEST_P(EachCodec, RecordsOutsideTheirLimitsAreCorrupt) {
  const ItemTable items = ThreeItems();
  const std::vector<Record> records = {
      DrawRun{},
      RefusedRun{0},
      RefusedRun{kRefusalsPerRecordMax + 1},
      RequestedDraw{"key", "", 0, {}},
      RequestedDraw{"key", "", 2, {1}},
      RequestedDraw{"key", "", 1, {1, 2}},
      RequestedDraw{"not \xFF UTF-8", "", 1, {}},
      RequestedDraw{"", "\xC0\x80", 1, {}},
      ItemAdded{{"", 1, Quantity::Unlimited()}},
      ItemAdded{{"overlong \xC0\xAF", 1, Quantity::Unlimited()}},
      ItemAdded{{"gold", kWeightMax + 1, Quantity::Unlimited()}},
      CatalogItem{{"gold", kWeightMax + 1, Quantity::Unlimited()}},
      CatalogItem{{"", 1, Quantity::Unlimited()}},
      ItemUpdated{"", {}},
      ItemRemoved{""},
      SnapshotItem{1, {"", 1, Quantity::Unlimited()}, 0},
      SnapshotItem{1, {"gold", kWeightMax + 1, Quantity::Unlimited()}, 0},
      SnapshotKey{1, "", "", 1, {}},
      SnapshotKey{1, "key", "", 0, {}},
      SnapshotKey{1, "key", "", 1, {"gold", "mud"}},
      SnapshotKey{1, "key", "", 1, {""}},
      SnapshotKey{1, "key", "\xFF", 1, {"gold"}},
  };
  for (const Record& record : records) {
    const std::string bytes = Encoded(codec(), record, items);
    const Status status = DecodeOne(codec(), bytes, items);
    EXPECT_EQ(status.code(), StatusCode::kCorrupt) << HexOf(bytes);
    EXPECT_NE(status.message().find(RecordName(record)), std::string::npos) << status.message();
  }
}

TEST_P(EachCodec, AKeyWithMoreItemsThanOneDrawMayHaveIsCorrupt) {
  const ItemTable items = ThreeItems();
  SnapshotKey key{1, "key", "", 0, {}};
  for (const std::size_t count : {kDrawsPerRecordMax, kDrawsPerRecordMax + 1}) {
    key.count = static_cast<std::uint32_t>(count);
    key.item_ids.resize(count, "mud");
    const Status status = DecodeOne(codec(), Encoded(codec(), key, items), items);
    EXPECT_EQ(status.ok(), count == kDrawsPerRecordMax) << status.ToString();
  }
}

// Binary.

TEST(BinaryCodecTest, BytesAreAsSpecified) {
  const ItemTable items = ThreeItems();
  const auto hex = [&](const Record& record) { return HexOf(Encoded(Binary(), record, items)); };
  // 2 bits a draw: 0, 1, 2, 0 in the first byte, lowest bits first; then 1.
  EXPECT_EQ(hex(DrawRun{{0, 1, 2, 0, 1}}),
            "4401"
            "05"
            "02"
            "2401");
  EXPECT_EQ(hex(RefusedRun{300}),
            "5801"
            "ac02");
  EXPECT_EQ(hex(RequestedDraw{"k", "u", 2, {2, 1}}),
            "5201"
            "016b"
            "0175"
            "02"
            "02"
            "02"
            "06");
  EXPECT_EQ(hex(RequestedDraw{"", "", 7, {}}),
            "5201"
            "00"
            "00"
            "07"
            "00"
            "02");
  EXPECT_EQ(hex(ItemAdded{{"new", 5, Quantity::Of(0)}}),
            "4101"
            "036e6577"
            "05"
            "01");
  EXPECT_EQ(hex(ItemAdded{{"new", 5, Quantity::Unlimited()}}),
            "4101"
            "036e6577"
            "05"
            "00");
  EXPECT_EQ(hex(ItemUpdated{"mud", {}}),
            "5501"
            "036d7564"
            "00"
            "00");
  EXPECT_EQ(hex(ItemUpdated{"mud", {7, Quantity::Unlimited()}}),
            "5501"
            "036d7564"
            "08"
            "01");
  EXPECT_EQ(hex(ItemUpdated{"mud", {{}, Quantity::Of(3)}}),
            "5501"
            "036d7564"
            "00"
            "05");
  EXPECT_EQ(hex(ItemRemoved{"mud"}),
            "4d01"
            "036d7564");
  EXPECT_EQ(hex(CatalogItem{{"mud", kWeightMax, Quantity::Of(kQuantityMax)}}),
            "4301"
            "036d7564"
            "ffffffffffffffff7f"
            "80808080808080808001");
  EXPECT_EQ(hex(PoolCreated{3}),
            "5001"
            "03");
  EXPECT_EQ(hex(SnapshotTaken{128}),
            "5301"
            "8001");
  EXPECT_EQ(hex(PoolClosed{}), "5a01");
  EXPECT_EQ(hex(SnapshotItem{2, {"mud", 4, Quantity::Of(9)}, 11}),
            "4901"
            "02"
            "036d7564"
            "04"
            "0a"
            "0b");
  EXPECT_EQ(hex(SnapshotKey{6, "k", "", 1, {"mud"}}),
            "4b01"
            "06"
            "016b"
            "00"
            "01"
            "01"
            "036d7564");
  EXPECT_EQ(hex(SnapshotEnd{3, 1, 0}),
            "4501"
            "03"
            "01"
            "00");
}

#ifndef __EMSCRIPTEN__  // where items are decoded one by one

// An item of a catalog is read in place exactly as it is decoded.
TEST(BinaryCodecTest, ACatalogItemIsTheSameInPlace) {
  RandomRecords random(7);
  const ItemTable items = ThreeItems();
  for (int i = 0; i < 500; ++i) {
    const Record record = random.Any(random.Below(kRecordTypeCount), items);
    const std::string encoded = Encoded(Binary(), record, items);
    for (std::size_t size = 0; size <= encoded.size(); ++size) {
      std::span<const std::byte> input = BytesOf(encoded).first(size);
      std::array<NewItem, 2> views;
      const std::size_t count = Binary().TakeCatalogItems(input, views);
      const auto* const decoded = std::get_if<CatalogItem>(&record);
      ASSERT_EQ(count, decoded != nullptr && size == encoded.size() ? 1u : 0u);
      ASSERT_EQ(input.size(), count == 1 ? 0 : size);
      if (count == 0) continue;
      EXPECT_EQ((Item{std::string(views[0].id), views[0].weight, views[0].quantity}),
                decoded->item);
    }
  }
}

TEST(BinaryCodecTest, ItemsOfACatalogAreTakenUpToWhatIsNone) {
  const ItemTable items = ThreeItems();
  std::string encoded;
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    encoded += Encoded(Binary(), CatalogItem{{id, 7}}, items);
  }
  encoded += Encoded(Binary(), PoolCreated{5}, items);
  std::span<const std::byte> input = BytesOf(encoded);
  std::array<NewItem, 3> views;
  ASSERT_EQ(Binary().TakeCatalogItems(input, views), 3u);
  EXPECT_EQ(views[2].id, "c");
  ASSERT_EQ(Binary().TakeCatalogItems(input, views), 2u);
  EXPECT_EQ(views[1].id, "e");
  EXPECT_EQ(Binary().TakeCatalogItems(input, views), 0u);
  Record record;
  ASSERT_TRUE(Binary().Decode(input, items, record).ok());
  EXPECT_EQ(std::get<PoolCreated>(record), PoolCreated{5});
}

#endif

TEST(BinaryCodecTest, OneSlotNeedsNoBits) {
  const ItemTable items = TableOf({"only"});
  EXPECT_EQ(HexOf(Encoded(Binary(), DrawRun{{0, 0, 0}}, items)),
            "4401"
            "03"
            "00");
}

TEST(BinaryCodecTest, MalformedRecordsAreCorrupt) {
  const ItemTable items = ThreeItems();
  const std::pair<const char*, const char*> cases[] = {
      {"4401"
       "05"
       "02"
       "2403",
       "position beyond the last"},
      {"4401"
       "05"
       "02"
       "2405",
       "padding that is not zero"},
      {"4401"
       "05"
       "03"
       "0000",
       "bits too many"},
      {"4401"
       "05"
       "01"
       "00",
       "bits too few"},
      {"4401"
       "05"
       "ff"
       "2401",
       "bits absurd"},
      {"4401"
       "8500"
       "02"
       "2401",
       "number not in its shortest form"},
      {"5001"
       "80808080808080808002",
       "number of 65 bits"},
      {"5001"
       "8080808080808080808001",
       "number of eleven bytes"},
      {"5801"
       "ffffffffffffffffff01",
       "refusals too many"},
      {"5201"
       "00"
       "00"
       "8080808010"
       "00"
       "02",
       "count over 32 bits"},
      {"4d01"
       "800275",
       "text longer than any may be"},
      {"4301"
       "036d7564"
       "01"
       "80808080808080808101",
       "quantity beyond its limit"},
      {"5501"
       "036d7564"
       "81808080808080808001"
       "00",
       "weight beyond its limit"},
      {"5501"
       "036d7564"
       "00"
       "82808080808080808001",
       "quantity beyond its limit"},
      {"4d01"
       "03610062",
       "NUL in an id"},
      {"4901"
       "8080808010"
       "036d7564"
       "04"
       "0a"
       "0b",
       "index over 32 bits"},
  };
  for (const auto& [hex, what] : cases) {
    EXPECT_EQ(DecodeOne(Binary(), FromHex(hex), items).code(), StatusCode::kCorrupt) << what;
  }
}

TEST(BinaryCodecTest, HugeCountsAreRefusedBeforeAnythingIsAllocated) {
  const ItemTable one = TableOf({"only"});
  const ItemTable many = ThreeItems();
  for (const ItemTable* items : {&one, &many}) {
    const std::string bits = items == &one ? "00" : "02";
    for (const std::string count : {"914e", "ffffffff0f", "ffffffffffffffffff01"}) {
      Record record;
      EXPECT_EQ(DecodeOne(Binary(), FromHex("4401" + count + bits), *items, record).code(),
                StatusCode::kCorrupt);
      EXPECT_LE(std::get<DrawRun>(record).items.capacity(), kDrawsPerRecordMax);
      EXPECT_EQ(DecodeOne(Binary(),
                          FromHex("4b01"
                                  "06"
                                  "016b"
                                  "00"
                                  "01" +
                                  count),
                          *items, record)
                    .code(),
                StatusCode::kCorrupt);
      EXPECT_LE(std::get<SnapshotKey>(record).item_ids.capacity(), 2U);
    }
  }
  // A promise that the input does not keep.
  Record record;
  EXPECT_EQ(DecodeOne(Binary(),
                      FromHex("4401"
                              "904e"
                              "02"
                              "2424"),
                      many, record)
                .code(),
            StatusCode::kCorrupt);
  EXPECT_EQ(std::get<DrawRun>(record).items.capacity(), 0U);
}

TEST(BinaryCodecTest, ARunWithoutAnyItemsIsCorrupt) {
  EXPECT_EQ(DecodeOne(Binary(),
                      FromHex("4401"
                              "01"
                              "00"),
                      ItemTable())
                .code(),
            StatusCode::kCorrupt);
}

TEST(BinaryCodecTest, UnknownTypesAndVersionsAreRefusedByName) {
  const ItemTable items = ThreeItems();
  const Status type = DecodeOne(Binary(),
                                FromHex("5107"
                                        "abcd"),
                                items);
  EXPECT_EQ(type.code(), StatusCode::kUnsupported);
  EXPECT_NE(type.message().find("\"Q\", version 7"), std::string::npos) << type.message();
  for (const int version : {0, 2, 255}) {
    std::string bytes = Encoded(Binary(), DrawRun{{1}}, items);
    bytes[1] = static_cast<char>(version);
    const Status status = DecodeOne(Binary(), bytes, items);
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_NE(status.message().find("\"D\" has version " + std::to_string(version)),
              std::string::npos)
        << status.message();
  }
}

// JSON.

TEST(JsonLinesCodecTest, LinesAreAsSpecified) {
  const ItemTable items = TableOf({"gold", "a,\"b\\\n\x01\xC3\xA9"});
  const auto line = [&](const Record& record) { return Encoded(Json(), record, items); };
  EXPECT_EQ(line(DrawRun{{0, 1}}),
            R"({"type":"draw-run","version":1,"item_ids":["gold","a,\"b\\\n\u0001é"]})"
            "\n");
  EXPECT_EQ(line(RefusedRun{300}), "{\"type\":\"refused-run\",\"version\":1,\"count\":300}\n");
  EXPECT_EQ(line(RequestedDraw{"k", "u", 2, {0, 0}}),
            R"({"type":"requested-draw","version":1,"key":"k","user":"u","count":2,)"
            R"("item_ids":["gold","gold"]})"
            "\n");
  EXPECT_EQ(line(RequestedDraw{"", "", 7, {}}),
            R"({"type":"requested-draw","version":1,"key":"","user":"","count":7,)"
            R"("item_ids":[]})"
            "\n");
  EXPECT_EQ(line(ItemAdded{{"new", kWeightMax, Quantity::Of(kQuantityMax)}}),
            R"({"type":"item-added","version":1,"item_id":"new",)"
            R"("weight":9223372036854775807,"quantity":9223372036854775807})"
            "\n");
  EXPECT_EQ(line(CatalogItem{{"new", 0, Quantity::Unlimited()}}),
            R"({"type":"catalog-item","version":1,"item_id":"new","weight":0,)"
            R"("quantity":"unlimited"})"
            "\n");
  EXPECT_EQ(line(ItemUpdated{"gold", {}}),
            R"({"type":"item-updated","version":1,"item_id":"gold","weight":null,)"
            R"("quantity":null})"
            "\n");
  EXPECT_EQ(line(ItemUpdated{"gold", {7, Quantity::Unlimited()}}),
            R"({"type":"item-updated","version":1,"item_id":"gold","weight":7,)"
            R"("quantity":"unlimited"})"
            "\n");
  EXPECT_EQ(line(ItemRemoved{"gold"}), R"({"type":"item-removed","version":1,"item_id":"gold"})"
                                       "\n");
  EXPECT_EQ(line(PoolCreated{3}), R"({"type":"pool-created","version":1,"item_count":3})"
                                  "\n");
  EXPECT_EQ(line(SnapshotTaken{~std::uint64_t{0}}),
            R"({"type":"snapshot-taken","version":1,"after_request_id":18446744073709551615})"
            "\n");
  EXPECT_EQ(line(PoolClosed{}), "{\"type\":\"pool-closed\",\"version\":1}\n");
}

TEST(JsonLinesCodecTest, OtherSpellingsOfTheSameAreRead) {
  const ItemTable items = TableOf({"gold", "A/\xC3\xA9\xF0\x9F\x8E\x81"});
  Record record;
  const Status status = DecodeOne(
      Json(),
      R"(   { "type" :"draw-run", "version": 1,"item_ids" : [ "\u0041\/\u00e9\uD83C\udf81" ,"gold"]}  )"
      "\n",
      items, record);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(std::get<DrawRun>(record), (DrawRun{{1, 0}}));
}

// Ids are looked up in groups, those with escapes one by one.
TEST(JsonLinesCodecTest, ARunOfPlainAndEscapedIdsKeepsItsOrder) {
  std::vector<Item> catalog;
  for (int i = 0; i < 100; ++i) {
    catalog.push_back({(i % 7 == 0 ? "a \"b\" \\ " : "item ") + std::to_string(i), 1});
  }
  const ItemTable items = ItemTable::Create(catalog).value();
  const RecordCodec& codec = *FindRecordCodec("jsonl");
  for (std::size_t count = 1; count <= catalog.size(); ++count) {
    DrawRun run;
    for (std::size_t i = 0; i < count; ++i) {
      run.items.push_back(static_cast<ItemIndex>(i * 37 % catalog.size()));
    }
    ByteBuffer out;
    codec.Encode(run, items, out);
    std::span<const std::byte> input = out.bytes();
    Record record;
    ASSERT_TRUE(codec.Decode(input, items, record).ok());
    EXPECT_EQ(std::get<DrawRun>(record).items, run.items);
    for (const ItemIndex without : run.items) {
      ItemTable others = items;
      ASSERT_TRUE(others.Remove(items.IdAt(without)).ok());
      input = out.bytes();
      ASSERT_EQ(codec.Decode(input, others, record).code(), StatusCode::kCorrupt);
    }
  }
}

TEST(JsonLinesCodecTest, MalformedLinesAreCorrupt) {
  const ItemTable items = ThreeItems();
  const std::string nested(100'000, '[');
  const std::string cases[] = {
      "",
      " ",
      "{}",
      "[]",
      "null",
      "\"draw-run\"",
      "{",
      R"({"type": "draw-run"})",
      R"({"version": 1, "type": "draw-run", "item_ids": ["gold"]})",
      R"({"type": "draw-run", "version": 1})",
      R"({"type": "draw-run", "version": 1, "item_ids": []})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["lead"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold",]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold" "mud"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": [0]})",
      R"({"type": "draw-run", "version": 1, "item_ids": {"0": "gold"}})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold"])",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold"]}})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold"]} x)",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold"], "more": 1})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold"], "item_ids": ["mud"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["go\u0000ld"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["\ud800"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["\ud800\u0041"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["\x41"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["\u00g1"]})",
      R"({"type": "draw-run", "version": 1, "item_ids": ["\u00)",
      R"({"type": "draw-run", "version": 1, "item_ids": ["gold)",
      R"({"type": "draw-run", "version": "1", "item_ids": ["gold"]})",
      R"({"type": "draw-run", "version": 1.0, "item_ids": ["gold"]})",
      R"({"type": "draw-run", "version": 01, "item_ids": ["gold"]})",
      R"({"type": "draw-run", "version": -1, "item_ids": ["gold"]})",
      R"({"type": "draw-run", "version": 4294967296, "item_ids": ["gold"]})",
      R"({"type": "refused-run", "version": 1, "count": 18446744073709551616})",
      R"({"type": "refused-run", "version": 1, "count": 1e3})",
      R"({"type": "refused-run", "version": 1, "count": NaN})",
      R"({"type": "refused-run", "version": 1, "count": })",
      R"({"type": "refused-run", "version": 1, "count": null})",
      R"({"type": "item-removed", "version": 1, "item_id": "a\u0000b"})",
      R"({"type": "item-removed", "version": 1, "item_id": null})",
      R"({"type": "item-removed", "version": 1, "item_id": "\udc00"})",
      R"({"type": "item-added", "version": 1, "item_id": "x", "weight": 1, "quantity": null})",
      R"({"type": "item-added", "version": 1, "item_id": "x", "weight": 1, "quantity": "10"})",
      R"({"type": "item-added", "version": 1, "item_id": "x", "weight": 1, "quantity": -1})",
      R"({"type": "item-added", "version": 1, "item_id": "x", "weight": 1,)"
      R"( "quantity": 9223372036854775808})",
      R"({"type": "item-updated", "version": 1, "item_id": "x", "weight": 9223372036854775808,)"
      R"( "quantity": null})",
      R"({"type": "item-removed", "version": 1, "item_id": ")" + std::string(256, 'a') + "\"}",
      nested,
      R"({"type": )" + nested,
      R"({"type": "draw-run", "version": 1, "item_ids": )" + nested,
      R"({"type": "refused-run", "version": 1, "count": )" + std::string(100'000, '9') + "}",
  };
  for (const std::string& line : cases) {
    EXPECT_EQ(DecodeOne(Json(), line + "\n", items).code(), StatusCode::kCorrupt)
        << line.substr(0, 200);
  }
  EXPECT_EQ(DecodeOne(Json(), R"({"type": "pool-closed", "version": 1})", items).code(),
            StatusCode::kCorrupt)
      << "a line without an end";
}

TEST(JsonLinesCodecTest, MoreDrawsThanOneRecordMayHoldAreCorrupt) {
  const ItemTable items = ThreeItems();
  std::string line = R"({"type": "draw-run", "version": 1, "item_ids": ["gold")";
  for (std::size_t i = 1; i < kDrawsPerRecordMax; ++i) line += R"(, "mud")";
  EXPECT_TRUE(DecodeOne(Json(), line + "]}\n", items).ok());
  EXPECT_EQ(DecodeOne(Json(), line + R"(, "mud"]})" + "\n", items).code(), StatusCode::kCorrupt);
}

TEST(JsonLinesCodecTest, UnknownTypesAndVersionsAreRefusedByName) {
  const ItemTable items = ThreeItems();
  const Status type = DecodeOne(Json(),
                                R"({"type": "coin-toss", "version": 7, "x": [[{"new": -1.5e3}]]})"
                                "\n",
                                items);
  EXPECT_EQ(type.code(), StatusCode::kUnsupported);
  EXPECT_NE(type.message().find("\"coin-toss\", version 7"), std::string::npos) << type.message();
  for (const std::string version : {"0", "2"}) {
    const Status status =
        DecodeOne(Json(), R"({"type": "draw-run", "version": )" + version + "}\n", items);
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_NE(status.message().find("\"draw-run\" has version " + version), std::string::npos)
        << status.message();
  }
}

}  // namespace
}  // namespace rewardpool
