#include "rewardpool/snapshot.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "rewardpool/frame.h"
#include "rewardpool/frame_packer.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_format.h"
#include "rewardpool/wal_record.h"

namespace rewardpool {
namespace {

Status Corrupt(std::uint64_t offset, std::uint64_t record_number, const std::string& problem) {
  return {StatusCode::kCorrupt, "offset " + std::to_string(offset) + ", record " +
                                    std::to_string(record_number) + ": " + problem};
}

// Puts the records of a snapshot together again, and minds their order.
class SnapshotAssembler {
 public:
  explicit SnapshotAssembler(SnapshotImage& image) : image_(image) {}

  [[nodiscard]] bool complete() const noexcept { return complete_; }

  Status Accept(Record& record) {
    if (complete_) return Misplaced("something after the end");
    if (auto* item = std::get_if<SnapshotItem>(&record)) return Accept(*item);
    if (auto* key = std::get_if<SnapshotKey>(&record)) return Accept(*key);
    if (auto* end = std::get_if<SnapshotEnd>(&record)) return Accept(*end);
    return Misplaced("a record of type " + std::string(RecordName(record)));
  }

 private:
  static Status Misplaced(const std::string& what) {
    return {StatusCode::kCorrupt, what + " is out of place in a snapshot"};
  }

  Status Accept(const SnapshotItem& record) {
    if (!image_.keys.empty() || record.index < next_index_) return Misplaced("an item");
    next_index_ = record.index + 1;
    return image_.items.Place(record.index, record.item.id, record.item.weight,
                              {.left = record.item.quantity, .drawn = record.drawn});
  }

  Status Accept(SnapshotKey& record) {
    const RequestId after = image_.keys.empty() ? 0 : image_.keys.back()->request_id;
    if (record.request_id <= after || record.request_id > image_.request_id) {
      return Misplaced("a key");
    }
    image_.keys.push_back(std::make_shared<const SnapshotKey>(std::move(record)));
    return Status::Ok();
  }

  Status Accept(const SnapshotEnd& record) {
    if (record.item_count != image_.items.item_count() || record.key_count != image_.keys.size()) {
      return Misplaced("an end with other counts");
    }
    image_.items.set_drawn_of_removed(record.drawn_of_removed);
    complete_ = true;
    return Status::Ok();
  }

  SnapshotImage& image_;
  ItemIndex next_index_ = 0;
  bool complete_ = false;
};

}  // namespace

void SnapshotCopy::Settle() {
  items->Settle();
  KeyTable::DropReplaced(keys);
}

ByteBuffer EncodeSnapshot(const SnapshotCopy& copy, std::uint64_t salt) {
  const RecordCodec& codec = BinaryRecordCodec();
  const ItemsCopy& items = *copy.items;
  const RequestId next_request_id = copy.request_id + 1;
  FramePacker frames(kSegmentHeaderBytes);
  // Records of a snapshot name no positions of a table.
  const ItemTable no_items;
  const auto add = [&](const Record& record) {
    codec.Encode(record, no_items, frames.BeginRecord(next_request_id));
  };
  for (ItemIndex index = 0; index < items.slot_count(); ++index) {
    const ItemRow& row = items[index];
    if (row.id == nullptr) continue;
    add(SnapshotItem{
        index, {std::string(IdTexts::View(row.id)), row.weight, row.stock.left}, row.stock.drawn});
  }
  for (const KeyTable::Entry& key : copy.keys) add(*key);
  add(SnapshotEnd{items.item_count(), copy.keys.size(), items.drawn_of_removed()});

  const EncodedHeader header =
      EncodeHeader(kSnapshotMagic, {.number = copy.request_id,
                                    .first_request_id = next_request_id,
                                    .salt = salt,
                                    .previous_length = frames.bytes().size(),
                                    .previous_crc = 0,
                                    .schema_hash = items.schema_hash()});
  std::copy(header.begin(), header.end(), frames.bytes().begin());
  frames.Seal(salt, codec.frame_type(), /*prior_synced=*/false, HeaderCrc(header));
  return std::move(frames).TakeBuffer();
}

Result<SnapshotImage> DecodeSnapshot(std::span<const std::byte> bytes) {
  Result<FrameReader> opened = FrameReader::Open(kSnapshotMagic, bytes);
  if (!opened.ok()) return opened.status();
  FrameReader& reader = *opened;
  const SegmentHeader& header = reader.header();
  if (header.first_request_id != header.number + 1 || header.previous_crc != 0) {
    return Status(StatusCode::kCorrupt, "offset 0: the header contradicts itself");
  }
  if (header.previous_length != bytes.size()) {
    return Status(StatusCode::kCorrupt, "it has " + std::to_string(bytes.size()) +
                                            " bytes where its header says " +
                                            std::to_string(header.previous_length));
  }

  SnapshotImage image;
  image.request_id = header.number;
  SnapshotAssembler assembler(image);
  std::uint64_t record_number = 0;
  Record record;
  while (const std::optional<Frame> frame = reader.Next()) {
    if (frame->codec != kFrameTypeBinary || frame->prior_synced ||
        frame->request_id_low != static_cast<std::uint32_t>(header.first_request_id)) {
      return Corrupt(frame->offset, record_number + 1, "the frame's header is not a snapshot's");
    }
    for (std::span<const std::byte> payload = frame->payload; !payload.empty();) {
      ++record_number;
      Status status = BinaryRecordCodec().Decode(payload, image.items, record);
      if (status.code() == StatusCode::kUnsupported) return status;
      if (status.ok()) status = assembler.Accept(record);
      if (!status.ok()) return Corrupt(frame->offset, record_number, status.message());
    }
  }
  if (reader.valid_length() != bytes.size()) {
    return Corrupt(reader.valid_length(), record_number + 1,
                   reader.Problem().empty() ? "zeros in place of a frame" : reader.Problem());
  }
  if (!assembler.complete()) {
    return Corrupt(reader.valid_length(), record_number + 1, "the end is missing");
  }
  if (image.items.schema_hash() != header.schema_hash) {
    return Status(StatusCode::kCorrupt, "offset 0: the items do not match the header's hash");
  }
  return image;
}

}  // namespace rewardpool
