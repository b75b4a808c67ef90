#include "rewardpool/frame.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <vector>

#include "little_endian.h"
#include "rewardpool/crc32c.h"

namespace rewardpool {
namespace {

using internal::LoadLittleEndian;
using internal::StoreLittleEndian;

// Every frame's CRC starts from its segment's salt, so that no frame of another
// segment, left over in reused room, can pass for one of this.
std::uint32_t FrameCrcSeed(std::uint64_t salt) noexcept {
  std::array<std::byte, 8> bytes;
  StoreLittleEndian(bytes.data(), salt);
  return Crc32c(0, bytes);
}

// `frame` is a whole frame: header and payload.
std::uint32_t FrameCrc(std::uint32_t seed, std::span<const std::byte> frame) noexcept {
  return Crc32c(seed, frame.subspan(kFrameLengthAt));
}

std::size_t PayloadLength(const std::byte* frame) noexcept {
  return LoadLittleEndian<std::uint32_t>(frame + kFrameLengthAt) & kFramePayloadBytesMax;
}

bool AllZero(std::span<const std::byte> bytes) noexcept {
  return bytes.empty() || (bytes[0] == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// Gives the CRC of any range of `bytes` at about the same cost, however long
// the range: from CRCs of prefixes, taken once.
class RangeCrc {
 public:
  explicit RangeCrc(std::span<const std::byte> bytes) : bytes_(bytes) {
    prefix_crcs_.reserve(bytes.size() / kStride + 1);
    std::uint32_t crc = 0;
    prefix_crcs_.push_back(crc);
    for (std::size_t end = kStride; end <= bytes.size(); end += kStride) {
      crc = Crc32c(crc, bytes.subspan(end - kStride, kStride));
      prefix_crcs_.push_back(crc);
    }
  }

  // Crc32c(seed, bytes from `begin` to `end`).
  [[nodiscard]] std::uint32_t Of(std::uint32_t seed, std::size_t begin, std::size_t end) const {
    return Crc32cCombine(seed ^ OfPrefix(begin), OfPrefix(end), end - begin);
  }

 private:
  static constexpr std::size_t kStride = 256;

  [[nodiscard]] std::uint32_t OfPrefix(std::size_t end) const {
    const std::size_t whole = end / kStride;
    return Crc32c(prefix_crcs_[whole], bytes_.subspan(whole * kStride, end % kStride));
  }

  std::span<const std::byte> bytes_;
  std::vector<std::uint32_t> prefix_crcs_;
};

Status CorruptHeader(const std::string& problem) {
  return {StatusCode::kCorrupt, "header " + problem};
}

}  // namespace

EncodedHeader EncodeHeader(std::string_view magic, const SegmentHeader& header) {
  assert(magic.size() == kHeaderVersionAt - kHeaderMagicAt);
  EncodedHeader encoded{};
  std::byte* const to = encoded.data();
  std::memcpy(to + kHeaderMagicAt, magic.data(), magic.size());
  StoreLittleEndian(to + kHeaderVersionAt, kFormatVersion);
  StoreLittleEndian(to + kHeaderLengthAt, static_cast<std::uint32_t>(kSegmentHeaderBytes));
  StoreLittleEndian(to + kHeaderNumberAt, header.number);
  StoreLittleEndian(to + kHeaderFirstRequestIdAt, header.first_request_id);
  StoreLittleEndian(to + kHeaderSaltAt, header.salt);
  StoreLittleEndian(to + kHeaderPreviousLengthAt, header.previous_length);
  StoreLittleEndian(to + kHeaderPreviousCrcAt, header.previous_crc);
  StoreLittleEndian(to + kHeaderSchemaHashAt, header.schema_hash);
  StoreLittleEndian(to + kHeaderCrcAt, Crc32c(0, std::span(encoded).first(kHeaderCrcAt)));
  return encoded;
}

std::uint32_t HeaderCrc(const EncodedHeader& encoded) {
  return LoadLittleEndian<std::uint32_t>(encoded.data() + kHeaderCrcAt);
}

Result<SegmentHeader> DecodeHeader(std::string_view magic, std::span<const std::byte> bytes) {
  if (bytes.size() < kSegmentHeaderBytes) {
    return CorruptHeader("cut short: " + std::to_string(bytes.size()) + " bytes of " +
                         std::to_string(kSegmentHeaderBytes));
  }
  const std::byte* const from = bytes.data();
  if (std::memcmp(from + kHeaderMagicAt, magic.data(), magic.size()) != 0) {
    return CorruptHeader("does not begin with " + std::string(magic));
  }
  if (LoadLittleEndian<std::uint32_t>(from + kHeaderCrcAt) !=
      Crc32c(0, bytes.first(kHeaderCrcAt))) {
    return CorruptHeader("does not match its checksum");
  }
  const auto version = LoadLittleEndian<std::uint16_t>(from + kHeaderVersionAt);
  if (version != kFormatVersion) {
    return Status(StatusCode::kUnsupported, "format version " + std::to_string(version) +
                                                "; this program reads version " +
                                                std::to_string(kFormatVersion));
  }
  if (LoadLittleEndian<std::uint16_t>(from + kHeaderFlagsAt) != 0 ||
      LoadLittleEndian<std::uint32_t>(from + kHeaderLengthAt) != kSegmentHeaderBytes ||
      LoadLittleEndian<std::uint32_t>(from + kHeaderReservedAt) != 0) {
    return CorruptHeader("uses a reserved field");
  }
  SegmentHeader header;
  header.number = LoadLittleEndian<std::uint64_t>(from + kHeaderNumberAt);
  header.first_request_id = LoadLittleEndian<std::uint64_t>(from + kHeaderFirstRequestIdAt);
  header.salt = LoadLittleEndian<std::uint64_t>(from + kHeaderSaltAt);
  header.previous_length = LoadLittleEndian<std::uint64_t>(from + kHeaderPreviousLengthAt);
  header.previous_crc = LoadLittleEndian<std::uint32_t>(from + kHeaderPreviousCrcAt);
  header.schema_hash = LoadLittleEndian<std::uint32_t>(from + kHeaderSchemaHashAt);
  return header;
}

std::uint32_t SealFrame(std::span<std::byte> frame, std::uint64_t salt, std::uint8_t type,
                        RequestId first_request_id, std::uint32_t previous_crc) noexcept {
  assert(frame.size() > kFrameHeaderBytes);
  const std::size_t length = frame.size() - kFrameHeaderBytes;
  assert(length <= kFramePayloadBytesMax);
  std::byte* const to = frame.data();
  static_assert(kFrameTypeAt == kFrameLengthAt + 3, "length and type share one 32-bit word");
  StoreLittleEndian(to + kFrameLengthAt,
                    static_cast<std::uint32_t>(length) | static_cast<std::uint32_t>(type) << 24);
  StoreLittleEndian(to + kFrameRequestIdLowAt, static_cast<std::uint32_t>(first_request_id));
  StoreLittleEndian(to + kFramePreviousCrcAt, previous_crc);
  const std::uint32_t crc = FrameCrc(FrameCrcSeed(salt), frame);
  StoreLittleEndian(to + kFrameCrcAt, crc);
  return crc;
}

Result<FrameReader> FrameReader::Open(std::string_view magic, std::span<const std::byte> bytes) {
  Result<SegmentHeader> header = DecodeHeader(magic, bytes);
  if (!header.ok()) return header.status();
  return FrameReader(bytes, *header, LoadLittleEndian<std::uint32_t>(bytes.data() + kHeaderCrcAt));
}

FrameReader::FrameReader(std::span<const std::byte> bytes, const SegmentHeader& header,
                         std::uint32_t chain_crc)
    : bytes_(bytes), header_(header), crc_seed_(FrameCrcSeed(header.salt)), chain_crc_(chain_crc) {}

std::optional<Frame> FrameReader::Ahead() const {
  const std::span<const std::byte> rest = Rest();
  if (rest.size() <= kFrameHeaderBytes) return std::nullopt;
  const std::byte* const from = rest.data();
  const std::size_t length = PayloadLength(from);
  if (length == 0 || length > rest.size() - kFrameHeaderBytes) return std::nullopt;
  if (LoadLittleEndian<std::uint32_t>(from + kFramePreviousCrcAt) != chain_crc_) {
    return std::nullopt;
  }
  const auto type = static_cast<std::uint8_t>(from[kFrameTypeAt]);
  Frame frame;
  frame.offset = position_;
  frame.codec = type & kFrameCodecMask;
  frame.prior_synced = (type & kFramePriorSynced) != 0;
  frame.request_id_low = LoadLittleEndian<std::uint32_t>(from + kFrameRequestIdLowAt);
  frame.crc = LoadLittleEndian<std::uint32_t>(from + kFrameCrcAt);
  frame.payload = rest.subspan(kFrameHeaderBytes, length);
  return frame;
}

void FrameReader::Pass(const Frame& frame) noexcept {
  position_ += kFrameHeaderBytes + frame.payload.size();
  chain_crc_ = frame.crc;
}

std::optional<Frame> FrameReader::Next() {
  // The chain is checked first because that is cheap.
  std::optional<Frame> frame = Ahead();
  if (!frame) return std::nullopt;
  const std::span<const std::byte> checked =
      Rest().first(kFrameHeaderBytes + frame->payload.size());
  if (FrameCrc(crc_seed_, checked) != frame->crc) return std::nullopt;
  Pass(*frame);
  return frame;
}

std::optional<Frame> FrameReader::NextUnchecked() {
  std::optional<Frame> frame = Ahead();
  if (frame) Pass(*frame);
  return frame;
}

void FrameReader::GoOnIn(std::span<const std::byte> bytes) noexcept {
  bytes_ = bytes;
  begin_ = position_;
}

std::string FrameReader::Problem() const {
  const std::span<const std::byte> rest = Rest();
  if (AllZero(rest)) return {};
  if (rest.size() <= kFrameHeaderBytes) {
    return "frame header cut short: " + std::to_string(rest.size()) + " bytes left";
  }
  const std::size_t length = PayloadLength(rest.data());
  if (length == 0) return "frame without a payload";
  if (length > rest.size() - kFrameHeaderBytes) {
    return "frame cut short: payload of " + std::to_string(length) + " bytes, " +
           std::to_string(rest.size() - kFrameHeaderBytes) + " left";
  }
  const std::uint32_t crc = FrameCrc(crc_seed_, rest.first(kFrameHeaderBytes + length));
  if (LoadLittleEndian<std::uint32_t>(rest.data() + kFrameCrcAt) != crc) {
    return "frame of " + std::to_string(length) + " bytes does not match its checksum";
  }
  return "frame does not follow the one before it (its chain differs)";
}

std::optional<std::uint64_t> FrameReader::FindLaterSyncedFrame() const {
  const std::span<const std::byte> rest = Rest();
  std::optional<RangeCrc> range_crc;
  std::size_t found = rest.size();

  const auto holds_frame = [&](std::size_t at) {
    const std::size_t length = PayloadLength(&rest[at]);
    if (length == 0 || length > rest.size() - at - kFrameHeaderBytes) return false;
    if (!range_crc) range_crc.emplace(rest);
    return LoadLittleEndian<std::uint32_t>(&rest[at + kFrameCrcAt]) ==
           range_crc->Of(crc_seed_, at + kFrameLengthAt, at + kFrameHeaderBytes + length);
  };

  // Any byte that could be the type of such a frame is tried. The one at
  // position_ counts: it may be sound and chain to a frame that is gone.
  for (const std::uint8_t codec : {kFrameTypeBinary, kFrameTypeJsonLines}) {
    std::size_t at = 0;
    while (at < found && rest.size() - at > kFrameHeaderBytes) {
      const void* const hit = std::memchr(&rest[at + kFrameTypeAt], codec | kFramePriorSynced,
                                          rest.size() - at - kFrameHeaderBytes);
      if (hit == nullptr) break;
      at =
          static_cast<std::size_t>(static_cast<const std::byte*>(hit) - rest.data()) - kFrameTypeAt;
      if (at < found && holds_frame(at)) found = at;
      ++at;
    }
  }
  if (found == rest.size()) return std::nullopt;
  return position_ + found;
}

}  // namespace rewardpool
