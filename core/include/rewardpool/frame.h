// frame.h - segment headers and frames: the checksummed envelope of the log.
//
// Sees bytes only; what a payload means is record_codec.h. Snapshots use the
// same header layout and the same frames. Spec: docs/wal-format.md.
#ifndef REWARDPOOL_FRAME_H_
#define REWARDPOOL_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rewardpool/item.h"
#include "rewardpool/status.h"
#include "rewardpool/wal_format.h"

namespace rewardpool {

struct SegmentHeader {
  std::uint64_t number = 0;
  RequestId first_request_id = 0;  // of the first request logged in this segment
  std::uint64_t salt = 0;
  std::uint64_t previous_length = 0;  // bytes in use of the segment before; 0: none
  std::uint32_t previous_crc = 0;     // of that segment's last frame, or header if it has none
  std::uint32_t schema_hash = 0;      // ItemTable::schema_hash() at its start

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

using EncodedHeader = std::array<std::byte, kSegmentHeaderBytes>;

// `magic` is kSegmentMagic or kSnapshotMagic.
[[nodiscard]] EncodedHeader EncodeHeader(std::string_view magic, const SegmentHeader& header);

// The crc of an encoded header: the start of the chain of its frames.
[[nodiscard]] std::uint32_t HeaderCrc(const EncodedHeader& encoded);

// Errors: kCorrupt (too short, wrong magic, wrong checksum, a reserved field in
//         use), kUnsupported (a version newer or older than this program reads;
//         the message names both). A version is reported as such only if the
//         checksum is right.
[[nodiscard]] Result<SegmentHeader> DecodeHeader(std::string_view magic,
                                                 std::span<const std::byte> bytes);

// Fills in the header of a frame whose payload is in place already.
//
// Inputs:  frame: kFrameHeaderBytes of room, then 1 to kFramePayloadBytesMax
//          bytes of payload. type: a codec's frame_type(), with or without
//          kFramePriorSynced. previous_crc: of the frame before, or the header.
// Returns: the crc of this frame, which the next one chains to.
std::uint32_t SealFrame(std::span<std::byte> frame, std::uint64_t salt, std::uint8_t type,
                        RequestId first_request_id, std::uint32_t previous_crc) noexcept;

struct Frame {
  std::uint64_t offset = 0;  // of the frame's header, from the start of the file
  std::uint8_t codec = 0;    // frame type without flags
  bool prior_synced = false;
  std::uint32_t request_id_low = 0;
  std::uint32_t crc = 0;
  std::span<const std::byte> payload;
};

// Reads the frames of one segment (or snapshot) from memory, in order.
//
// Yields a frame only if its checksum holds under the segment's salt and it
// chains to the one before. Stops at the first place where that is not so; the
// caller decides what that means (recovery.h). Touches no byte outside `bytes`.
//
// Lifetime: the bytes must outlive the frames, and the reader's use of them.
class FrameReader {
 public:
  // Errors: those of DecodeHeader.
  [[nodiscard]] static Result<FrameReader> Open(std::string_view magic,
                                                std::span<const std::byte> bytes);

  [[nodiscard]] const SegmentHeader& header() const noexcept { return header_; }

  // The next frame, or nothing at the end of what is valid. Once it has
  // returned nothing it always will.
  [[nodiscard]] std::optional<Frame> Next();

  // The same, but that the checksum is not looked at: to look ahead, with a copy of
  // a reader. Whoever uses what it yields has the frames checked by Next() after all.
  [[nodiscard]] std::optional<Frame> NextUnchecked();

  // Has the reader go on in `bytes`, which begin at the offset valid_length(): for a
  // file that is not in memory as a whole. Where Next() then returns nothing, it may
  // be that only the bytes end there.
  void GoOnIn(std::span<const std::byte> bytes) noexcept;

  // Where the valid part ends so far: the offset after the last frame returned.
  [[nodiscard]] std::uint64_t valid_length() const noexcept { return position_; }
  // Crc of the last frame returned, or of the header: where the chain stands.
  [[nodiscard]] std::uint32_t chain_crc() const noexcept { return chain_crc_; }

  // These two tell what follows in the bytes that there are: let them be all the rest.
  //
  // After Next() returned nothing: empty if only zeros (or nothing) follow
  // valid_length(); otherwise what is wrong there, for people.
  [[nodiscard]] std::string Problem() const;

  // After Next() returned nothing: the offset of a later frame whose checksum
  // holds and which says that everything before it was synced, if there is one.
  // Then what lies at valid_length() is damage and not a torn tail.
  [[nodiscard]] std::optional<std::uint64_t> FindLaterSyncedFrame() const;

 private:
  FrameReader(std::span<const std::byte> bytes, const SegmentHeader& header,
              std::uint32_t chain_crc);

  [[nodiscard]] std::span<const std::byte> Rest() const noexcept {
    return bytes_.subspan(static_cast<std::size_t>(position_ - begin_));
  }
  // What Next() yields if the checksum holds.
  [[nodiscard]] std::optional<Frame> Ahead() const;
  void Pass(const Frame& frame) noexcept;

  std::span<const std::byte> bytes_;
  std::uint64_t begin_ = 0;  // where in the file bytes_ begin
  SegmentHeader header_;
  std::uint32_t crc_seed_;  // every frame's crc goes on from here
  std::uint64_t position_ = kSegmentHeaderBytes;
  std::uint32_t chain_crc_ = 0;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_FRAME_H_
