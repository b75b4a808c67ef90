// Both codecs on any bytes: no crash, no read outside of the input, and what was
// read can be written and read again.
//
// Input: one byte (lowest bit: codec; the others: how many items there are),
// then a payload.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "rewardpool/byte_buffer.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_format.h"

namespace rewardpool::tests {
namespace {

ItemTable TableOf(std::size_t count) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) items.push_back({.id = std::to_string(i), .weight = 1});
  return *ItemTable::Create(items);
}

void ReadRecords(std::span<const std::byte> payload, std::uint8_t frame_type,
                 const ItemTable& items) {
  const RecordCodec& codec = *FindRecordCodec(frame_type);
  Record record;
  while (!payload.empty()) {
    const std::span<const std::byte> before = payload;
    const Status status = codec.Decode(payload, items, record);
    if (!status.ok()) {
      Require(status.code() == StatusCode::kCorrupt || status.code() == StatusCode::kUnsupported,
              "a bad record is corrupt or unsupported");
      Require(!status.message().empty(), "an error says what is wrong");
      Require(payload.data() == before.data() && payload.size() == before.size(),
              "an error leaves the input where it was");
      return;
    }
    Require(payload.size() < before.size(), "a record has bytes");

    ByteBuffer written;
    codec.Encode(record, items, written);
    if (frame_type == kFrameTypeBinary) {
      Require(written.size() == before.size() - payload.size() &&
                  std::memcmp(written.data(), before.data(), written.size()) == 0,
              "a binary record has one form only");
    }
    std::span<const std::byte> again = written.bytes();
    Record read_again;
    Require(codec.Decode(again, items, read_again).ok() && again.empty(),
            "what was written can be read");
    Require(read_again == record, "and is the same");
  }
}

}  // namespace
}  // namespace rewardpool::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rewardpool;
  static const ItemTable tables[] = {tests::TableOf(0), tests::TableOf(1), tests::TableOf(2),
                                     tests::TableOf(9), tests::TableOf(300)};
  if (size == 0) return 0;
  const std::uint8_t frame_type = (data[0] & 1) == 0 ? kFrameTypeBinary : kFrameTypeJsonLines;
  tests::ReadRecords(std::as_bytes(std::span(data, size)).subspan(1), frame_type,
                     tables[(data[0] >> 1) % std::size(tables)]);
  return 0;
}
