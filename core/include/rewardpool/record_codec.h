// record_codec.h - INTERFACE: records to bytes and back.
//
// Two codecs, both made by cereal from one description of each record:
//   binary  tag, version, then varints; runs of draws bit-packed
//   jsonl   one JSON object a line, ids in place of positions, for people
//
// A codec knows nothing of frames and checksums. Its input has passed a CRC,
// but it still trusts no length in it: reads are bounded by the input, and an
// allocation by a small multiple of the input's size.
#ifndef REWARDPOOL_RECORD_CODEC_H_
#define REWARDPOOL_RECORD_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "rewardpool/item_table.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_record.h"

namespace rewardpool {

class ByteBuffer;

// The draws of a run as they lie in a log: so many positions of `bits` bits each,
// the first in the lowest bits of the first byte (docs/wal-format.md).
struct PackedDraws {
  std::size_t count = 0;
  unsigned bits = 0;
  std::span<const std::byte> positions;
};

// The half of a codec that reads. Who only reads links no code that writes.
class RecordDecoder {
 public:
  virtual ~RecordDecoder() = default;

  // The frame type of payloads of this codec (wal_format.h).
  [[nodiscard]] virtual std::uint8_t frame_type() const noexcept = 0;

  // Reads the record at the start of `input` into `record` and moves `input`
  // past it. `items` is the table as it stood when the record was written. A
  // record that holds the right alternative already has its memory reused.
  //
  // Errors: kCorrupt (malformed), kUnsupported (a record type or version that
  //         this program does not know, named). `record` is then unspecified.
  [[nodiscard]] virtual Status Decode(std::span<const std::byte>& input, const ItemTable& items,
                                      Record& record) const = 0;

  // If the record at the start of `input` is a run of draws whose positions lie
  // there packed: returns them and moves `input` past it. Otherwise nothing, and
  // Decode() tells what it is. For who counts draws and needs no items: that a
  // position exists, and that the bits behind the last are zero, is not checked.
  [[nodiscard]] virtual std::optional<PackedDraws> TakePackedDraws(
      std::span<const std::byte>& input) const = 0;

  // Likewise for items of a catalog, as many as `items` has room for: puts them there,
  // their ids in place, and moves `input` past them. Whether a table may hold them is
  // not checked.
  // Returns: how many it put there: up to the end, to a full `items`, or to the first
  //          record that is not a well-formed item of a catalog; what is behind them in
  //          `items` is unspecified. JSON lines give 0, always; and WebAssembly, whose
  //          modules are downloaded.
  [[nodiscard]] virtual std::size_t TakeCatalogItems(std::span<const std::byte>& /*input*/,
                                                     std::span<NewItem> /*items*/) const {
    return 0;
  }
};

class RecordCodec : public RecordDecoder {
 public:
  // "binary" or "jsonl".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  // Appends one record. Requires a valid record whose positions exist in
  // `items`. Cost (binary): about 1 ns a draw of a run, no allocation but for
  // the buffer's growth.
  virtual void Encode(const Record& record, const ItemTable& items, ByteBuffer& out) const = 0;
  // The same as Encode(DrawRun{draws}), without a copy.
  virtual void EncodeDrawRun(std::span<const ItemIndex> draws, const ItemTable& items,
                             ByteBuffer& out) const = 0;
};

// Codecs have no state: these are shared and live for ever.

[[nodiscard]] const RecordCodec& BinaryRecordCodec() noexcept;
// The codec with that name; nullptr if there is none.
[[nodiscard]] const RecordCodec* FindRecordCodec(std::string_view name) noexcept;
// The codec of a frame type (flags masked off); nullptr if there is none.
[[nodiscard]] const RecordCodec* FindRecordCodec(std::uint8_t frame_type) noexcept;
// What reads payloads of that type; nullptr if there is none.
[[nodiscard]] const RecordDecoder* FindRecordDecoder(std::uint8_t frame_type) noexcept;

}  // namespace rewardpool

#endif  // REWARDPOOL_RECORD_CODEC_H_
