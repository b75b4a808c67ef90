// A snapshot of any bytes: no crash, no error of an unexpected kind, and what is
// accepted is written back to the same state.
//
// Every input is read twice: as it is, and with a header and checksums put in
// that are right for what follows, since no fuzzer finds those by itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "fuzz/require.h"
#include "rewardpool/frame.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/snapshot.h"
#include "rewardpool/wal_record.h"

namespace rewardpool::tests {
namespace {

void Read(std::span<const std::byte> bytes) {
  const Result<SnapshotImage> image = DecodeSnapshot(bytes);
  if (!image.ok()) {
    const StatusCode code = image.status().code();
    Require(code == StatusCode::kCorrupt || code == StatusCode::kUnsupported,
            "a bad snapshot is corrupt or unsupported");
    return;
  }
  const ByteBuffer written =
      EncodeSnapshot({image->request_id, ItemsCopy::Of(image->items), image->keys}, 1);
  const Result<SnapshotImage> again = DecodeSnapshot(written.bytes());
  Require(again.ok(), "what was read can be written and read");
  Require(again->request_id == image->request_id, "the request stays");
  Require(again->items.schema_hash() == image->items.schema_hash() &&
              again->items.weight_sum() == image->items.weight_sum() &&
              again->items.drawn_of_removed() == image->items.drawn_of_removed(),
          "the items stay");
  Require(std::equal(again->keys.begin(), again->keys.end(), image->keys.begin(), image->keys.end(),
                     [](const auto& a, const auto& b) { return *a == *b; }),
          "the keys stay");
}

// Positions beyond this one are left out: a pool may have had millions of items
// and have one left, so a snapshot is trusted with the room for its highest
// position, and the fuzzer would only find out how much that is.
constexpr ItemIndex kPositionMax = 100'000;

// The hash that the header must have for these records; none if a position is
// beyond kPositionMax.
std::optional<std::uint32_t> SchemaHashOf(std::span<const std::byte> payload) {
  ItemTable items;
  Record record;
  while (!payload.empty() &&
         FindRecordCodec(kFrameTypeBinary)->Decode(payload, items, record).ok()) {
    if (const auto* item = std::get_if<SnapshotItem>(&record)) {
      if (item->index > kPositionMax) return std::nullopt;
      (void)items.Place(item->index, item->item.id, item->item.weight,
                        {.left = item->item.quantity, .drawn = item->drawn});
    }
  }
  return items.schema_hash();
}

// Reads one frame of these records, as a snapshot after request 1000.
void ReadRecords(std::span<const std::byte> payload) {
  const std::optional<std::uint32_t> schema_hash = SchemaHashOf(payload);
  if (!schema_hash) return;
  constexpr std::uint64_t kSalt = 1;
  constexpr RequestId kRequestId = 1000;
  std::vector<std::byte> bytes(kSegmentHeaderBytes + kFrameHeaderBytes);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  const EncodedHeader header = EncodeHeader(kSnapshotMagic, {.number = kRequestId,
                                                             .first_request_id = kRequestId + 1,
                                                             .salt = kSalt,
                                                             .previous_length = bytes.size(),
                                                             .schema_hash = *schema_hash});
  std::copy(header.begin(), header.end(), bytes.begin());
  SealFrame(std::span(bytes).subspan(kSegmentHeaderBytes), kSalt, kFrameTypeBinary, kRequestId + 1,
            HeaderCrc(header));
  Read(bytes);
}

}  // namespace
}  // namespace rewardpool::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rewardpool;
  using namespace rewardpool::tests;
  const std::span<const std::byte> input = std::as_bytes(std::span<const std::uint8_t>(data, size));
  Read(input);
  if (!input.empty() && input.size() <= kFramePayloadBytesMax) ReadRecords(input);
  // The seeds are whole snapshots; their records are what to change.
  constexpr std::size_t kBeforeRecords = kSegmentHeaderBytes + kFrameHeaderBytes;
  if (input.size() > kBeforeRecords && input.size() <= kFramePayloadBytesMax) {
    ReadRecords(input.subspan(kBeforeRecords));
  }
  return 0;
}
