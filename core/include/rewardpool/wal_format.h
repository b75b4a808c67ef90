// wal_format.h - the constants of the log and snapshot formats, and nothing
// else. The specification is docs/wal-format.md and docs/snapshot-format.md;
// this is the only place in the code that holds the numbers.
//
// All integers are little-endian.
#ifndef REWARDPOOL_WAL_FORMAT_H_
#define REWARDPOOL_WAL_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rewardpool {

inline constexpr std::string_view kSegmentMagic = "RPOOLWAL";
inline constexpr std::string_view kSnapshotMagic = "RPOOLSNP";
inline constexpr std::uint16_t kFormatVersion = 1;

// Segment header. Snapshot files begin with one of the same layout; the
// meaning of each field there is in docs/snapshot-format.md.
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kHeaderMagicAt = 0;            // 8 bytes
inline constexpr std::size_t kHeaderVersionAt = 8;          // u16
inline constexpr std::size_t kHeaderFlagsAt = 10;           // u16, 0
inline constexpr std::size_t kHeaderLengthAt = 12;          // u32, kSegmentHeaderBytes
inline constexpr std::size_t kHeaderNumberAt = 16;          // u64
inline constexpr std::size_t kHeaderFirstRequestIdAt = 24;  // u64
inline constexpr std::size_t kHeaderSaltAt = 32;            // u64
inline constexpr std::size_t kHeaderPreviousLengthAt = 40;  // u64
inline constexpr std::size_t kHeaderPreviousCrcAt = 48;     // u32
inline constexpr std::size_t kHeaderSchemaHashAt = 52;      // u32
inline constexpr std::size_t kHeaderReservedAt = 56;        // u32, 0
inline constexpr std::size_t kHeaderCrcAt = 60;             // u32, over bytes 0..59

// Frame: header, then `length` bytes of payload.
inline constexpr std::size_t kFrameHeaderBytes = 16;
inline constexpr std::size_t kFrameCrcAt = 0;           // u32, over bytes 4..end, after the salt
inline constexpr std::size_t kFrameLengthAt = 4;        // u24, 1 to kFramePayloadBytesMax
inline constexpr std::size_t kFrameTypeAt = 7;          // u8
inline constexpr std::size_t kFrameRequestIdLowAt = 8;  // u32, low half of the first request id
inline constexpr std::size_t kFramePreviousCrcAt = 12;  // u32, the chain
inline constexpr std::size_t kFramePayloadBytesMax = (std::size_t{1} << 24) - 1;

// Frame type: the codec of the payload, and one flag.
inline constexpr std::uint8_t kFrameTypeBinary = 1;
inline constexpr std::uint8_t kFrameTypeJsonLines = 2;
inline constexpr std::uint8_t kFrameCodecMask = 0x7F;
// All bytes before this frame were synced before it was written.
inline constexpr std::uint8_t kFramePriorSynced = 0x80;

// A payload is closed, and the next frame begun, once it is this long.
inline constexpr std::size_t kFramePayloadBytesTarget = std::size_t{1} << 20;

// Segment sizes that a configuration may ask for.
inline constexpr std::uint64_t kSegmentBytesMin = 64 * 1024;
inline constexpr std::uint64_t kSegmentBytesDefault = 16 * 1024 * 1024;
inline constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{1} << 30;

}  // namespace rewardpool

#endif  // REWARDPOOL_WAL_FORMAT_H_
