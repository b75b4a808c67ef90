// A log's first segment of any bytes, read by FrameReader and by recovery: no
// crash, no frame that is not there, and no error of an unexpected kind.
//
// Every input is read twice: as it is, and with right checksums put in wherever
// a header or a frame could be, since no fuzzer finds those by itself.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "rewardpool/frame.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/record_json.h"
#include "rewardpool/recovery.h"

namespace rewardpool::tests {
namespace {

class Printer final : public RecordVisitor {
 public:
  Status OnRecord(const Record& record, RequestId first_request_id, const ItemTable& items,
                  const KeyTable&) override {
    // A run of 2^32 refusals has a few bytes, but as many lines.
    if (RequestIdsOf(record) > kDrawsPerRecordMax) return Status::Ok();
    std::string lines;
    return AppendRecordJson(record, first_request_id, items, lines);
  }
};

void ReadFrames(std::span<const std::byte> bytes) {
  Result<FrameReader> reader = FrameReader::Open(kSegmentMagic, bytes);
  if (!reader.ok()) return;
  std::uint64_t end = kSegmentHeaderBytes;
  while (const std::optional<Frame> frame = reader->Next()) {
    Require(frame->offset == end, "frames follow each other without gaps");
    end += kFrameHeaderBytes + frame->payload.size();
    Require(reader->valid_length() == end && end <= bytes.size(), "frames end within the segment");
    Require(!frame->payload.empty(), "a frame has a payload");
  }
  Require(!reader->Next(), "the end stays the end");
  if (const std::optional<std::uint64_t> later = reader->FindLaterSyncedFrame()) {
    Require(*later >= end && *later < bytes.size(), "a later frame lies behind the valid part");
    Require(!reader->Problem().empty(), "a later frame is a problem");
  }
}

void Recover(std::vector<std::byte> bytes) {
  auto disk = std::make_shared<MemoryDisk>();
  disk->segments[1] = std::move(bytes);
  MemoryStorage storage(disk);
  MemorySnapshotStore snapshots(disk);
  Printer printer;
  const Result<Inspection> inspection = InspectPool(storage, snapshots, {.visitor = &printer});
  if (!inspection.ok()) {
    const StatusCode code = inspection.status().code();
    Require(code == StatusCode::kCorrupt || code == StatusCode::kUnsupported,
            "a bad log is corrupt or unsupported");
    return;
  }
  // Repaired, it reads the same and needs no more cutting.
  Require(RepairPool(storage, *inspection).ok(), "repairs can be made");
  const Result<Inspection> again = InspectPool(storage, snapshots, {});
  Require(again.ok() && again->exists == inspection->exists, "a repaired log can be read");
  Require(again->notes.empty(), "a repaired log is in order");
  Require(again->log_end == inspection->log_end, "a repaired log ends where it was cut");
  Require(again->items.schema_hash() == inspection->items.schema_hash(),
          "a repaired log has the same items");
}

std::vector<std::byte> WithRightChecksums(std::vector<std::byte> bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return bytes;
  constexpr std::uint64_t kSalt = 1;
  const EncodedHeader header =
      EncodeHeader(kSegmentMagic, {.number = 1, .first_request_id = 1, .salt = kSalt});
  std::copy(header.begin(), header.end(), bytes.begin());
  std::uint32_t crc = HeaderCrc(header);
  std::span<std::byte> rest = std::span(bytes).subspan(kSegmentHeaderBytes);
  while (rest.size() > kFrameHeaderBytes) {
    const auto byte_at = [&](std::size_t at) { return std::to_integer<std::uint32_t>(rest[at]); };
    const std::size_t length = byte_at(4) | byte_at(5) << 8 | byte_at(6) << 16;
    if (length == 0 || length > rest.size() - kFrameHeaderBytes) break;
    const RequestId first_id = byte_at(8) | byte_at(9) << 8 | byte_at(10) << 16 | byte_at(11) << 24;
    const std::size_t frame_bytes = kFrameHeaderBytes + length;
    crc = SealFrame(rest.first(frame_bytes), kSalt, static_cast<std::uint8_t>(byte_at(7)), first_id,
                    crc);
    rest = rest.subspan(frame_bytes);
  }
  return bytes;
}

}  // namespace
}  // namespace rewardpool::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rewardpool::tests;
  const std::span<const std::byte> input = std::as_bytes(std::span(data, size));
  const std::vector<std::byte> bytes(input.begin(), input.end());
  for (const std::vector<std::byte>& version : {bytes, WithRightChecksums(bytes)}) {
    ReadFrames(version);
    Recover(version);
  }
  return 0;
}
