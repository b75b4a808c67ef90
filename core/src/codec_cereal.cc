// Both codecs, and the only file that knows cereal.
//
// Each record is described once, by a serialize() function, for four archives on
// cereal's archive base: one to write and one to read, for each codec. What
// differs between the codecs is how drawn items, quantities and absent values
// look; that comes with each archive. Why not cereal's own JSON archives:
// docs/adr/0013-json-archives-of-our-own.md.
#include <algorithm>
#include <array>
#include <cassert>
#include <cereal/cereal.hpp>
#include <concepts>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "binary_fields.h"
#include "json_line.h"
#include "record_check.h"
#include "record_types.h"
#include "rewardpool/byte_buffer.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_format.h"

namespace rewardpool {
namespace {

using cereal::make_nvp;
using internal::kRecordTypes;
using internal::kRecordVersion;
using internal::RecordIndexOf;

// ---------------------------------------------------------------------------
// What the records are made of, beyond numbers and texts.

// The positions of drawn items; ids in JSON. `Positions` is a vector, or a span
// when writing only.
template <typename Positions>
struct DrawnItems {
  Positions& positions;
  const ItemTable& items;
};

struct IdList {
  std::vector<std::string>& ids;
};

// A value that may be absent.
template <typename T>
struct Optional {
  std::optional<T>& value;
};

// ---------------------------------------------------------------------------
// The records.

template <typename Archive, typename Positions>
void SerializeDrawRun(Archive& archive, Positions& positions) {
  archive(make_nvp("item_ids", DrawnItems<Positions>{positions, archive.items()}));
}

template <typename Archive>
void serialize(Archive& archive, DrawRun& run) {
  SerializeDrawRun(archive, run.items);
}

template <typename Archive>
void serialize(Archive& archive, RefusedRun& run) {
  archive(make_nvp("count", run.count));
}

template <typename Archive>
void serialize(Archive& archive, RequestedDraw& draw) {
  archive(make_nvp("key", draw.key), make_nvp("user", draw.user), make_nvp("count", draw.count),
          make_nvp("item_ids", DrawnItems<std::vector<ItemIndex>>{draw.items, archive.items()}));
}

template <typename Archive>
void serialize(Archive& archive, Item& item) {
  archive(make_nvp("item_id", item.id), make_nvp("weight", item.weight),
          make_nvp("quantity", item.quantity));
}

template <typename Archive>
void serialize(Archive& archive, ItemAdded& added) {
  serialize(archive, added.item);
}

template <typename Archive>
void serialize(Archive& archive, ItemUpdated& updated) {
  archive(make_nvp("item_id", updated.id),
          make_nvp("weight", Optional<Weight>{updated.change.weight}),
          make_nvp("quantity", Optional<Quantity>{updated.change.quantity}));
}

template <typename Archive>
void serialize(Archive& archive, ItemRemoved& removed) {
  archive(make_nvp("item_id", removed.id));
}

template <typename Archive>
void serialize(Archive& archive, CatalogItem& catalog_item) {
  serialize(archive, catalog_item.item);
}

template <typename Archive>
void serialize(Archive& archive, PoolCreated& created) {
  archive(make_nvp("item_count", created.item_count));
}

template <typename Archive>
void serialize(Archive& archive, SnapshotTaken& taken) {
  archive(make_nvp("after_request_id", taken.request_id));
}

template <typename Archive>
void serialize(Archive&, PoolClosed&) {}

template <typename Archive>
void serialize(Archive& archive, SnapshotItem& snapshot_item) {
  archive(make_nvp("index", snapshot_item.index));
  serialize(archive, snapshot_item.item);
  archive(make_nvp("drawn", snapshot_item.drawn));
}

template <typename Archive>
void serialize(Archive& archive, SnapshotKey& key) {
  archive(make_nvp("request_id", key.request_id), make_nvp("key", key.key),
          make_nvp("user", key.user), make_nvp("count", key.count),
          make_nvp("item_ids", IdList{key.item_ids}));
}

template <typename Archive>
void serialize(Archive& archive, SnapshotEnd& end) {
  archive(make_nvp("item_count", end.item_count), make_nvp("key_count", end.key_count),
          make_nvp("drawn_of_removed", end.drawn_of_removed));
}

// Calls the description of whatever `record` holds.
template <typename Archive>
void SerializeRecord(Archive& archive, Record& record) {
  std::visit([&](auto& held) { serialize(archive, held); }, record);
}

// As in cereal itself, the one description is used to write, too, and then
// changes nothing.
template <typename Archive>
void SaveRecord(Archive& archive, const Record& record) {
  SerializeRecord(archive, const_cast<Record&>(record));
}

// Makes `record` hold the alternative `index`, in place if it does already.
template <std::size_t... kIndex>
void HoldAlternative(std::size_t index, Record& record, std::index_sequence<kIndex...>) {
  if (record.index() == index) return;
  ((kIndex == index ? void(record.emplace<kIndex>()) : void()), ...);
}
void HoldAlternative(std::size_t index, Record& record) {
  HoldAlternative(index, record, std::make_index_sequence<std::variant_size_v<Record>>());
}

Status Corrupt(std::string message) { return {StatusCode::kCorrupt, std::move(message)}; }

// `problem`: what the reader says, or null.
Status CheckDecoded(const char* problem, const Record& record) {
  Status status = problem != nullptr ? Corrupt(problem) : internal::CheckRecord(record);
  if (status.ok()) return status;
  return Corrupt(std::string(RecordName(record)) + ": " + status.message());
}

Status UnknownType(std::string_view type, std::uint64_t version) {
  return {StatusCode::kUnsupported,
          "record of unknown type " + Quoted(type) + ", version " + std::to_string(version)};
}

Status UnknownVersion(std::string_view type, std::uint64_t version) {
  return {StatusCode::kUnsupported, "record of type " + Quoted(type) + " has version " +
                                        std::to_string(version) + "; this program reads version " +
                                        std::to_string(kRecordVersion)};
}

// ---------------------------------------------------------------------------
// Binary: one archive to write and one to read.

// No stream behind it: appends to a buffer.
class BinaryWriter : public internal::BinaryOutput, public cereal::OutputArchive<BinaryWriter> {
 public:
  BinaryWriter(ByteBuffer& out, const ItemTable& items)
      : BinaryOutput(out), OutputArchive(this), items_(items) {}

  [[nodiscard]] const ItemTable& items() const noexcept { return items_; }

 private:
  const ItemTable& items_;
};

// Never throws: see BinaryInput.
class BinaryReader : public internal::BinaryInput, public cereal::InputArchive<BinaryReader> {
 public:
  BinaryReader(std::span<const std::byte> input, const ItemTable& items)
      : BinaryInput(input), InputArchive(this), items_(items) {}

  [[nodiscard]] const ItemTable& items() const noexcept { return items_; }

 private:
  const ItemTable& items_;
};

template <typename T>
void save(BinaryWriter& writer, const cereal::NameValuePair<T>& pair) {
  writer(pair.value);
}
template <typename T>
void load(BinaryReader& reader, cereal::NameValuePair<T>& pair) {
  reader(pair.value);
}

template <std::unsigned_integral T>
void save(BinaryWriter& writer, const T& number) {
  writer.PutVarint(number);
}
template <std::unsigned_integral T>
void load(BinaryReader& reader, T& number) {
  number = static_cast<T>(reader.TakeVarint(std::numeric_limits<T>::max()));
}

void save(BinaryWriter& writer, const std::string& text) { writer.PutText(text); }
void load(BinaryReader& reader, std::string& text) { reader.TakeText(text); }

// Unlimited is 0, a count one more than itself.
std::uint64_t NumberOf(Quantity quantity) {
  return quantity.is_unlimited() ? 0 : quantity.count() + 1;
}
Quantity QuantityOf(std::uint64_t number) {
  return number == 0 ? Quantity::Unlimited() : Quantity::Of(number - 1);
}

void save(BinaryWriter& writer, const Quantity& quantity) { writer.PutVarint(NumberOf(quantity)); }
void load(BinaryReader& reader, Quantity& quantity) {
  quantity = QuantityOf(reader.TakeVarint(kQuantityMax + 1));
}

// Absent is 0, a value one more than itself.
void save(BinaryWriter& writer, const Optional<Weight>& weight) {
  writer.PutVarint(weight.value ? *weight.value + 1 : 0);
}
void load(BinaryReader& reader, Optional<Weight>& weight) {
  const std::uint64_t number = reader.TakeVarint(kWeightMax + 1);
  weight.value.reset();
  if (number != 0) weight.value = number - 1;
}
void save(BinaryWriter& writer, const Optional<Quantity>& quantity) {
  writer.PutVarint(quantity.value ? NumberOf(*quantity.value) + 1 : 0);
}
void load(BinaryReader& reader, Optional<Quantity>& quantity) {
  const std::uint64_t number = reader.TakeVarint(kQuantityMax + 2);
  quantity.value.reset();
  if (number != 0) quantity.value = QuantityOf(number - 1);
}

template <typename Positions>
void save(BinaryWriter& writer, const DrawnItems<Positions>& drawn) {
  writer.PutPositions(drawn.positions, drawn.items.slot_count());
}
void load(BinaryReader& reader, DrawnItems<std::vector<ItemIndex>>& drawn) {
  reader.TakePositions(drawn.positions, drawn.items.slot_count());
}

void save(BinaryWriter& writer, const IdList& list) {
  writer.PutVarint(list.ids.size());
  for (const std::string& id : list.ids) writer.PutText(id);
}
void load(BinaryReader& reader, IdList& list) { reader.TakeTexts(list.ids); }

class BinaryCodec final : public RecordCodec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "binary"; }
  [[nodiscard]] std::uint8_t frame_type() const noexcept override { return kFrameTypeBinary; }

  void Encode(const Record& record, const ItemTable& items, ByteBuffer& out) const override {
    BinaryWriter writer(out, items);
    Begin(writer, record.index());
    SaveRecord(writer, record);
  }

  void EncodeDrawRun(std::span<const ItemIndex> draws, const ItemTable& items,
                     ByteBuffer& out) const override {
    BinaryWriter writer(out, items);
    Begin(writer, RecordIndexOf<DrawRun>());
    SerializeDrawRun(writer, draws);
  }

  Status Decode(std::span<const std::byte>& input, const ItemTable& items,
                Record& record) const override {
    BinaryReader reader(input, items);
    const char tag = static_cast<char>(reader.TakeByte());
    const std::uint8_t version = reader.TakeByte();
    if (reader.problem() != nullptr) return Corrupt("record cut short");
    const auto type = std::find_if(kRecordTypes.begin(), kRecordTypes.end(),
                                   [tag](const auto& known) { return known.tag == tag; });
    if (type == kRecordTypes.end()) return UnknownType({&tag, 1}, version);
    if (version != kRecordVersion) return UnknownVersion({&tag, 1}, version);
    HoldAlternative(static_cast<std::size_t>(type - kRecordTypes.begin()), record);
    SerializeRecord(reader, record);
    RP_RETURN_IF_ERROR(CheckDecoded(reader.problem(), record));
    input = reader.rest();
    return Status::Ok();
  }

  std::optional<PackedDraws> TakePackedDraws(std::span<const std::byte>& input) const override {
    constexpr char kTag = kRecordTypes[RecordIndexOf<DrawRun>()].tag;
    internal::BinaryInput reader(input);
    if (static_cast<char>(reader.TakeByte()) != kTag || reader.TakeByte() != kRecordVersion) {
      return std::nullopt;
    }
    PackedDraws draws = reader.TakeRowHead();
    reader.TakeRow(draws);
    if (reader.problem() != nullptr || draws.count == 0) return std::nullopt;
    input = reader.rest();
    return draws;
  }

#ifndef __EMSCRIPTEN__
  std::size_t TakeCatalogItems(std::span<const std::byte>& input,
                               std::span<NewItem> items) const override {
    constexpr char kTag = kRecordTypes[RecordIndexOf<CatalogItem>()].tag;
    internal::BinaryInput reader(input);
    for (std::size_t taken = 0; taken < items.size(); ++taken) {
      if (static_cast<char>(reader.TakeByte()) != kTag || reader.TakeByte() != kRecordVersion) {
        return taken;
      }
      NewItem& item = items[taken];
      item.id = reader.TakeTextView();
      item.weight = reader.TakeVarint(std::numeric_limits<Weight>::max());
      item.quantity = QuantityOf(reader.TakeVarint(kQuantityMax + 1));
      if (reader.problem() != nullptr) return taken;
      input = reader.rest();
    }
    return items.size();
  }
#endif

 private:
  static void Begin(BinaryWriter& writer, std::size_t record_index) {
    writer.PutByte(static_cast<std::uint8_t>(kRecordTypes[record_index].tag));
    writer.PutByte(kRecordVersion);
  }
};

// ---------------------------------------------------------------------------
// JSON lines: one archive to write and one to read.

class JsonWriter : public internal::JsonLineOutput, public cereal::OutputArchive<JsonWriter> {
 public:
  JsonWriter(ByteBuffer& out, const ItemTable& items)
      : JsonLineOutput(out), OutputArchive(this), items_(items) {}

  [[nodiscard]] const ItemTable& items() const noexcept { return items_; }

 private:
  const ItemTable& items_;
};

// Never throws: see JsonLineInput.
class JsonReader : public internal::JsonLineInput, public cereal::InputArchive<JsonReader> {
 public:
  JsonReader(std::string_view line, const ItemTable& items)
      : JsonLineInput(line), InputArchive(this), items_(items) {}

  [[nodiscard]] const ItemTable& items() const noexcept { return items_; }

 private:
  const ItemTable& items_;
};

constexpr std::string_view kUnlimited = "\"unlimited\"";
constexpr std::string_view kUnchanged = "null";

template <typename T>
void save(JsonWriter& writer, const cereal::NameValuePair<T>& pair) {
  writer.PutName(pair.name);
  writer(pair.value);
}
template <typename T>
void load(JsonReader& reader, cereal::NameValuePair<T>& pair) {
  reader.TakeName(pair.name);
  reader(pair.value);
}

template <std::unsigned_integral T>
void save(JsonWriter& writer, const T& number) {
  writer.PutNumber(number);
}
template <std::unsigned_integral T>
void load(JsonReader& reader, T& number) {
  number = static_cast<T>(reader.TakeNumber(std::numeric_limits<T>::max()));
}

void save(JsonWriter& writer, const std::string& text) { writer.PutText(text); }
void load(JsonReader& reader, std::string& text) { reader.TakeText(text); }

void save(JsonWriter& writer, const Quantity& quantity) {
  if (quantity.is_unlimited()) return writer.PutWord(kUnlimited);
  writer.PutNumber(quantity.count());
}
Quantity TakeQuantity(JsonReader& reader) {
  return reader.TakeWord(kUnlimited) ? Quantity::Unlimited()
                                     : Quantity::Of(reader.TakeNumber(kQuantityMax));
}
void load(JsonReader& reader, Quantity& quantity) { quantity = TakeQuantity(reader); }

template <typename T>
void save(JsonWriter& writer, const Optional<T>& optional) {
  if (!optional.value) return writer.PutWord(kUnchanged);
  writer(*optional.value);
}
void load(JsonReader& reader, Optional<Weight>& weight) {
  weight.value.reset();
  if (!reader.TakeWord(kUnchanged)) weight.value = reader.TakeNumber(kWeightMax);
}
void load(JsonReader& reader, Optional<Quantity>& quantity) {
  quantity.value.reset();
  if (!reader.TakeWord(kUnchanged)) quantity.value = TakeQuantity(reader);
}

// `text_at(i)` is element i.
template <typename TextAt>
void PutList(JsonWriter& writer, std::size_t size, const TextAt& text_at) {
  writer.PutListBegin();
  for (std::size_t i = 0; i < size; ++i) {
    writer.BeginElement(i == 0);
    writer.PutText(text_at(i));
  }
  writer.PutListEnd();
}

// Calls `take` for each element until one is a problem.
template <typename Take>
void TakeList(JsonReader& reader, const Take& take) {
  reader.TakeListBegin();
  for (std::size_t count = 0; reader.NextElement(count == 0); ++count) {
    if (count == kDrawsPerRecordMax) return reader.Fail("more draws than one record may hold");
    take();
  }
}

// Ids are looked up a group at a time.
constexpr std::size_t kIdsAtOnce = 16;

template <typename Positions>
void save(JsonWriter& writer, const DrawnItems<Positions>& drawn) {
  const std::span<const ItemIndex> positions = drawn.positions;
  PutList(writer, positions.size(), [&](std::size_t i) {
    if (i % kIdsAtOnce == 0) {
      const std::span<const ItemIndex> left = positions.subspan(i);
      drawn.items.PrefetchIds(left.first(std::min(left.size(), kIdsAtOnce)));
    }
    return drawn.items.IdAt(positions[i]);
  });
}
void load(JsonReader& reader, DrawnItems<std::vector<ItemIndex>>& drawn) {
  constexpr const char* kNoSuchItem = "an item is drawn that does not exist";
  drawn.positions.clear();
  std::array<std::string_view, kIdsAtOnce> group;
  std::size_t count = 0;
  const auto look_up_group = [&] {
    const std::size_t before = drawn.positions.size();
    drawn.positions.resize(before + count);
    if (!drawn.items.FindAll(std::span(group).first(count),
                             std::span(drawn.positions).subspan(before))) {
      reader.Fail(kNoSuchItem);
    }
    count = 0;
  };
  std::string escaped;
  TakeList(reader, [&] {
    if (const std::optional<std::string_view> plain = reader.TakePlainText()) {
      group[count++] = *plain;
      if (count == group.size()) look_up_group();
      return;
    }
    look_up_group();
    reader.TakeText(escaped);
    const std::optional<ItemIndex> position = drawn.items.Find(escaped);
    if (!position) return reader.Fail(kNoSuchItem);
    drawn.positions.push_back(*position);
  });
  look_up_group();
}

void save(JsonWriter& writer, const IdList& list) {
  PutList(writer, list.ids.size(), [&](std::size_t i) { return std::string_view(list.ids[i]); });
}
void load(JsonReader& reader, IdList& list) {
  list.ids.clear();
  TakeList(reader, [&] { reader.TakeText(list.ids.emplace_back()); });
}

// The reading half: a RecordDecoder, or a RecordCodec on the way to be one.
template <typename Interface>
class JsonLinesReading : public Interface {
 public:
  [[nodiscard]] std::uint8_t frame_type() const noexcept final { return kFrameTypeJsonLines; }

  Status Decode(std::span<const std::byte>& input, const ItemTable& items,
                Record& record) const final {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    const std::size_t line_length = text.find('\n');
    if (line_length == std::string_view::npos) return Corrupt("record without an end of line");
    const std::string_view line = text.substr(0, line_length);
    JsonReader reader(line, items);
    std::string type_name;
    std::uint32_t version = 0;
    reader(make_nvp("type", type_name), make_nvp("version", version));
    if (reader.problem() != nullptr) return Corrupt(std::string("record: ") + reader.problem());
    const auto type = std::find_if(kRecordTypes.begin(), kRecordTypes.end(),
                                   [&](const auto& known) { return known.name == type_name; });
    if (type == kRecordTypes.end()) return UnknownType(type_name, version);
    if (version != kRecordVersion) return UnknownVersion(type_name, version);
    HoldAlternative(static_cast<std::size_t>(type - kRecordTypes.begin()), record);
    SerializeRecord(reader, record);
    reader.TakeEnd();
    RP_RETURN_IF_ERROR(CheckDecoded(reader.problem(), record));
    input = input.subspan(line_length + 1);
    return Status::Ok();
  }

  // Its runs name items by their ids.
  std::optional<PackedDraws> TakePackedDraws(std::span<const std::byte>&) const final {
    return std::nullopt;
  }
};

class JsonLinesDecoder final : public JsonLinesReading<RecordDecoder> {};

class JsonLinesCodec final : public JsonLinesReading<RecordCodec> {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "jsonl"; }

  void Encode(const Record& record, const ItemTable& items, ByteBuffer& out) const override {
    JsonWriter writer(out, items);
    Begin(writer, record.index());
    SaveRecord(writer, record);
    writer.PutEnd();
  }

  void EncodeDrawRun(std::span<const ItemIndex> draws, const ItemTable& items,
                     ByteBuffer& out) const override {
    assert(draws.size() <= kDrawsPerRecordMax);
    JsonWriter writer(out, items);
    Begin(writer, RecordIndexOf<DrawRun>());
    SerializeDrawRun(writer, draws);
    writer.PutEnd();
  }

 private:
  static void Begin(JsonWriter& writer, std::size_t record_index) {
    writer.PutName("type");
    writer.PutText(kRecordTypes[record_index].name);
    writer.PutName("version");
    writer.PutNumber(kRecordVersion);
  }
};

const RecordCodec& JsonLinesRecordCodec() noexcept {
  static const JsonLinesCodec codec;
  return codec;
}

}  // namespace

const RecordCodec& BinaryRecordCodec() noexcept {
  static const BinaryCodec codec;
  return codec;
}

const RecordCodec* FindRecordCodec(std::string_view name) noexcept {
  for (const RecordCodec* const codec : {&BinaryRecordCodec(), &JsonLinesRecordCodec()}) {
    if (codec->name() == name) return codec;
  }
  return nullptr;
}

const RecordCodec* FindRecordCodec(std::uint8_t frame_type) noexcept {
  for (const RecordCodec* const codec : {&BinaryRecordCodec(), &JsonLinesRecordCodec()}) {
    if (codec->frame_type() == (frame_type & kFrameCodecMask)) return codec;
  }
  return nullptr;
}

const RecordDecoder* FindRecordDecoder(std::uint8_t frame_type) noexcept {
  static const JsonLinesDecoder json_lines;
  switch (frame_type & kFrameCodecMask) {
    case kFrameTypeBinary:
      return &BinaryRecordCodec();
    case kFrameTypeJsonLines:
      return &json_lines;
    default:
      return nullptr;
  }
}

}  // namespace rewardpool
