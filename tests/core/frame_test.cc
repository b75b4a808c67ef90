#include "rewardpool/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "rewardpool/crc32c.h"
#include "support/bytes.h"

namespace rewardpool {
namespace {

using tests::BytesOf;

using Bytes = std::vector<std::byte>;

constexpr SegmentHeader kHeader = {.number = 3,
                                   .first_request_id = 0x1'0000'0005,
                                   .salt = 0x0123456789ABCDEF,
                                   .previous_length = 4096,
                                   .previous_crc = 0xCAFEF00D,
                                   .schema_hash = 0x5EED5EED};

void Store32(std::byte* to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

// Makes the checksum of a header right again after a test changed a field.
void ResealHeader(EncodedHeader& encoded) {
  Store32(&encoded[kHeaderCrcAt], Crc32c(0, std::span(encoded).first(kHeaderCrcAt)));
}

// A segment in the making.
struct Segment {
  explicit Segment(const SegmentHeader& header = kHeader) : salt(header.salt) {
    const EncodedHeader encoded = EncodeHeader(kSegmentMagic, header);
    bytes.assign(encoded.begin(), encoded.end());
    chain_crc = HeaderCrc(encoded);
  }

  void Add(std::span<const std::byte> payload, bool prior_synced = false, RequestId first = 1,
           std::uint8_t codec = kFrameTypeBinary) {
    frame_offsets.push_back(bytes.size());
    const std::size_t offset = bytes.size();
    bytes.resize(offset + kFrameHeaderBytes);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    const auto type = static_cast<std::uint8_t>(codec | (prior_synced ? kFramePriorSynced : 0));
    chain_crc = SealFrame(std::span(bytes).subspan(offset), salt, type, first, chain_crc);
  }

  Bytes bytes;
  std::vector<std::size_t> frame_offsets;
  std::uint64_t salt;
  std::uint32_t chain_crc = 0;
};

FrameReader OpenOrDie(std::span<const std::byte> bytes) {
  Result<FrameReader> reader = FrameReader::Open(kSegmentMagic, bytes);
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  return *std::move(reader);
}

// Payloads of all frames that the reader yields.
std::vector<Bytes> ReadAll(FrameReader& reader) {
  std::vector<Bytes> payloads;
  while (const std::optional<Frame> frame = reader.Next()) {
    payloads.emplace_back(frame->payload.begin(), frame->payload.end());
  }
  return payloads;
}

Segment SegmentOfThree() {
  Segment segment;
  segment.Add(BytesOf("first"));
  segment.Add(BytesOf("second payload"), true);
  segment.Add(BytesOf("3"), true);
  return segment;
}

TEST(HeaderTest, SurvivesARoundTrip) {
  for (const std::string_view magic : {kSegmentMagic, kSnapshotMagic}) {
    const EncodedHeader encoded = EncodeHeader(magic, kHeader);
    const Result<SegmentHeader> decoded = DecodeHeader(magic, encoded);
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    EXPECT_EQ(decoded.value(), kHeader);
  }
}

TEST(HeaderTest, LiesInTheBytesAsSpecified) {
  const EncodedHeader encoded = EncodeHeader(kSegmentMagic, kHeader);
  const unsigned char expected[] = {
      'R',  'P',  'O',  'O',  'L',  'W',  'A',  'L',                // magic
      0x01, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00,               // version, flags, length
      0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,               // number
      0x05, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,               // first request id
      0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01,               // salt
      0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,               // previous length
      0x0D, 0xF0, 0xFE, 0xCA, 0xED, 0x5E, 0xED, 0x5E, 0, 0, 0, 0};  // previous crc, schema hash
  ASSERT_EQ(sizeof(expected), kHeaderCrcAt);
  EXPECT_EQ(std::memcmp(encoded.data(), expected, sizeof(expected)), 0);
  EXPECT_EQ(HeaderCrc(encoded), Crc32c(0, std::span(encoded).first(kHeaderCrcAt)));
}

TEST(HeaderTest, EveryFlippedBitIsCorrupt) {
  const EncodedHeader encoded = EncodeHeader(kSegmentMagic, kHeader);
  for (std::size_t bit = 0; bit < 8 * encoded.size(); ++bit) {
    EncodedHeader damaged = encoded;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    const Result<SegmentHeader> decoded = DecodeHeader(kSegmentMagic, damaged);
    ASSERT_FALSE(decoded.ok()) << "bit " << bit;
    EXPECT_EQ(decoded.status().code(), StatusCode::kCorrupt);
  }
}

TEST(HeaderTest, EveryCutIsCorrupt) {
  const EncodedHeader encoded = EncodeHeader(kSegmentMagic, kHeader);
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const auto decoded = DecodeHeader(kSegmentMagic, std::span(encoded).first(size));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.status().code(), StatusCode::kCorrupt);
  }
}

TEST(HeaderTest, ASnapshotIsNotASegment) {
  const EncodedHeader encoded = EncodeHeader(kSnapshotMagic, kHeader);
  EXPECT_EQ(DecodeHeader(kSegmentMagic, encoded).status().code(), StatusCode::kCorrupt);
}

TEST(HeaderTest, OtherVersionsAreUnsupportedAndBothAreNamed) {
  for (const int version : {0, 2}) {
    EncodedHeader encoded = EncodeHeader(kSegmentMagic, kHeader);
    encoded[kHeaderVersionAt] = static_cast<std::byte>(version);
    EXPECT_EQ(DecodeHeader(kSegmentMagic, encoded).status().code(), StatusCode::kCorrupt)
        << "a version under a wrong checksum is damage";
    ResealHeader(encoded);
    const Status status = DecodeHeader(kSegmentMagic, encoded).status();
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_NE(status.message().find("version " + std::to_string(version)), std::string::npos);
    EXPECT_NE(status.message().find("reads version 1"), std::string::npos);
  }
}

TEST(HeaderTest, ReservedFieldsInUseAreCorrupt) {
  for (const std::size_t at : {kHeaderFlagsAt, kHeaderLengthAt, kHeaderReservedAt}) {
    EncodedHeader encoded = EncodeHeader(kSegmentMagic, kHeader);
    encoded[at] ^= std::byte{1};
    ResealHeader(encoded);
    EXPECT_EQ(DecodeHeader(kSegmentMagic, encoded).status().code(), StatusCode::kCorrupt) << at;
  }
}

TEST(FrameTest, HeaderLiesInTheBytesAsSpecified) {
  Segment segment;
  const std::uint32_t header_crc = segment.chain_crc;
  segment.Add(BytesOf("abc"), true, 0x9'1122'3344, kFrameTypeJsonLines);
  const std::byte* frame = &segment.bytes[kSegmentHeaderBytes];
  std::byte expected[12] = {std::byte{3},    std::byte{0},    std::byte{0},    std::byte{0x82},
                            std::byte{0x44}, std::byte{0x33}, std::byte{0x22}, std::byte{0x11}};
  Store32(&expected[8], header_crc);
  EXPECT_EQ(std::memcmp(frame + 4, expected, sizeof(expected)), 0);

  // The checksum: the salt as eight bytes, then all of the frame behind the
  // checksum itself.
  Bytes covered(8);
  for (int i = 0; i < 8; ++i) covered[i] = static_cast<std::byte>(segment.salt >> (8 * i));
  covered.insert(covered.end(), frame + 4, frame + kFrameHeaderBytes + 3);
  std::byte crc[4];
  Store32(crc, Crc32c(0, covered));
  EXPECT_EQ(std::memcmp(frame, crc, 4), 0);
}

TEST(FrameReaderTest, YieldsFramesInOrder) {
  Segment segment;
  segment.Add(BytesOf("one"), false, 0x1'0000'0005);
  segment.Add(BytesOf("two"), true, 0x1'0000'0009, kFrameTypeJsonLines);
  FrameReader reader = OpenOrDie(segment.bytes);
  EXPECT_EQ(reader.header(), kHeader);
  EXPECT_EQ(reader.valid_length(), kSegmentHeaderBytes);

  std::optional<Frame> frame = reader.Next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->offset, segment.frame_offsets[0]);
  EXPECT_EQ(frame->codec, kFrameTypeBinary);
  EXPECT_FALSE(frame->prior_synced);
  EXPECT_EQ(frame->request_id_low, 5U);
  EXPECT_EQ(reader.chain_crc(), frame->crc);

  frame = reader.Next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->offset, segment.frame_offsets[1]);
  EXPECT_EQ(frame->codec, kFrameTypeJsonLines);
  EXPECT_TRUE(frame->prior_synced);
  EXPECT_EQ(frame->request_id_low, 9U);
  EXPECT_EQ(reader.chain_crc(), segment.chain_crc);
  EXPECT_EQ(reader.valid_length(), segment.bytes.size());

  EXPECT_FALSE(reader.Next());
  EXPECT_FALSE(reader.Next());
  EXPECT_EQ(reader.Problem(), "");
  EXPECT_FALSE(reader.FindLaterSyncedFrame());
}

TEST(FrameReaderTest, ZerosAtTheEndAreNoProblem) {
  const Segment segment = SegmentOfThree();
  for (const std::size_t zeros : {1, 15, 16, 17, 5000}) {
    Bytes bytes = segment.bytes;
    bytes.resize(bytes.size() + zeros);
    FrameReader reader = OpenOrDie(bytes);
    EXPECT_EQ(ReadAll(reader).size(), 3U);
    EXPECT_EQ(reader.valid_length(), segment.bytes.size());
    EXPECT_EQ(reader.Problem(), "");
    EXPECT_FALSE(reader.FindLaterSyncedFrame());
    // One byte that is not zero is a problem, wherever it is.
    bytes.back() = std::byte{1};
    EXPECT_NE(OpenOrDie(bytes).Problem(), "");
  }
}

TEST(FrameReaderTest, EveryCutLeavesAnExactPrefix) {
  const Segment segment = SegmentOfThree();
  FrameReader whole_reader = OpenOrDie(segment.bytes);
  const std::vector<Bytes> whole = ReadAll(whole_reader);
  for (std::size_t size = kSegmentHeaderBytes; size < segment.bytes.size(); ++size) {
    // Cut short, and with zeros in place of what was cut off.
    for (const bool zeroed : {false, true}) {
      Bytes bytes(segment.bytes.begin(), segment.bytes.begin() + static_cast<long>(size));
      if (zeroed) bytes.resize(segment.bytes.size());
      FrameReader reader = OpenOrDie(bytes);
      const std::vector<Bytes> read = ReadAll(reader);
      ASSERT_LT(read.size(), whole.size());
      EXPECT_TRUE(std::equal(read.begin(), read.end(), whole.begin()));
      EXPECT_EQ(reader.valid_length(), segment.frame_offsets[read.size()]);
      EXPECT_EQ(reader.Problem().empty(), size == reader.valid_length()) << size;
      EXPECT_FALSE(reader.FindLaterSyncedFrame()) << size;
    }
  }
}

TEST(FrameReaderTest, EveryFlippedBitLeavesAnExactPrefixAndALaterSyncedFrameTells) {
  const Segment segment = SegmentOfThree();
  FrameReader whole_reader = OpenOrDie(segment.bytes);
  const std::vector<Bytes> whole = ReadAll(whole_reader);
  for (std::size_t bit = 8 * kSegmentHeaderBytes; bit < 8 * segment.bytes.size(); ++bit) {
    Bytes bytes = segment.bytes;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    FrameReader reader = OpenOrDie(bytes);
    const std::vector<Bytes> read = ReadAll(reader);
    const std::size_t damaged =
        static_cast<std::size_t>(
            std::upper_bound(segment.frame_offsets.begin(), segment.frame_offsets.end(), bit / 8) -
            segment.frame_offsets.begin()) -
        1;
    ASSERT_EQ(read.size(), damaged) << "bit " << bit;
    EXPECT_TRUE(std::equal(read.begin(), read.end(), whole.begin()));
    EXPECT_NE(reader.Problem(), "");
    const std::optional<std::uint64_t> later = reader.FindLaterSyncedFrame();
    if (damaged == 2) {
      EXPECT_FALSE(later) << "bit " << bit;
    } else {
      ASSERT_TRUE(later) << "bit " << bit;
      EXPECT_EQ(*later, segment.frame_offsets[damaged + 1]);
    }
  }
}

TEST(FrameReaderTest, AFrameOfAnotherSegmentIsNotRead) {
  SegmentHeader other_header = kHeader;
  other_header.salt += 1;
  Segment other(other_header);
  other.Add(BytesOf("left over"), true);
  Segment segment;
  segment.Add(BytesOf("mine"));
  const std::size_t end = segment.bytes.size();
  segment.bytes.insert(segment.bytes.end(), other.bytes.begin() + kSegmentHeaderBytes,
                       other.bytes.end());
  FrameReader reader = OpenOrDie(segment.bytes);
  EXPECT_EQ(ReadAll(reader).size(), 1U);
  EXPECT_EQ(reader.valid_length(), end);
  EXPECT_NE(reader.Problem(), "");
  EXPECT_FALSE(reader.FindLaterSyncedFrame());
}

TEST(FrameReaderTest, ATakenOutFrameBreaksTheChain) {
  const Segment segment = SegmentOfThree();
  Bytes bytes = segment.bytes;
  bytes.erase(bytes.begin() + static_cast<long>(segment.frame_offsets[1]),
              bytes.begin() + static_cast<long>(segment.frame_offsets[2]));
  FrameReader reader = OpenOrDie(bytes);
  EXPECT_EQ(ReadAll(reader).size(), 1U);
  EXPECT_NE(reader.Problem().find("chain"), std::string::npos);
  EXPECT_EQ(reader.FindLaterSyncedFrame(), segment.frame_offsets[1]);
}

TEST(FrameReaderTest, SwappedFramesBreakTheChain) {
  Segment segment;
  segment.Add(BytesOf("aaaa"));
  segment.Add(BytesOf("bbbb"));
  const std::size_t frame_bytes = kFrameHeaderBytes + 4;
  std::swap_ranges(segment.bytes.begin() + kSegmentHeaderBytes,
                   segment.bytes.begin() + kSegmentHeaderBytes + frame_bytes,
                   segment.bytes.begin() + kSegmentHeaderBytes + frame_bytes);
  FrameReader reader = OpenOrDie(segment.bytes);
  EXPECT_TRUE(ReadAll(reader).empty());
}

TEST(FrameReaderTest, AFrameOfAnUnknownCodecIsYieldedForTheCallerToRefuse) {
  Segment segment;
  segment.Add(BytesOf("?"), false, 1, 0x55);
  FrameReader reader = OpenOrDie(segment.bytes);
  const std::optional<Frame> frame = reader.Next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->codec, 0x55);
}

TEST(FrameReaderTest, TheLongestPayloadFits) {
  Segment segment;
  segment.Add(Bytes(kFramePayloadBytesMax, std::byte{0x5A}), true);
  FrameReader reader = OpenOrDie(segment.bytes);
  const std::optional<Frame> frame = reader.Next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload.size(), kFramePayloadBytesMax);
}

TEST(FindLaterSyncedFrameTest, FindsAFrameBehindRubbishOfAnyLength) {
  std::mt19937_64 random(11);
  for (std::size_t rubbish = 0; rubbish < 700; rubbish += 7) {
    Segment segment;
    segment.Add(BytesOf("before"));
    const std::size_t end = segment.bytes.size();
    for (std::size_t i = 0; i < rubbish; ++i) {
      segment.bytes.push_back(static_cast<std::byte>(random()));
    }
    const std::uint32_t chain_crc_before = segment.chain_crc;
    segment.chain_crc = 0x12345678;  // of the frame that the rubbish was
    segment.Add(Bytes(300, std::byte{0}), true);
    const std::size_t expected = segment.frame_offsets.back();
    segment.bytes.resize(segment.bytes.size() + 64);
    FrameReader reader = OpenOrDie(segment.bytes);
    EXPECT_EQ(ReadAll(reader).size(), 1U);
    EXPECT_EQ(reader.valid_length(), end);
    EXPECT_EQ(reader.chain_crc(), chain_crc_before);
    EXPECT_EQ(reader.FindLaterSyncedFrame(), expected) << rubbish;
  }
}

TEST(FindLaterSyncedFrameTest, ReturnsTheFirstOfBothCodecs) {
  for (const bool json_first : {false, true}) {
    Segment segment;
    segment.bytes.push_back(std::byte{1});  // damage
    const std::uint8_t codecs[] = {kFrameTypeBinary, kFrameTypeJsonLines};
    segment.Add(BytesOf("a"), true, 1, codecs[json_first ? 1 : 0]);
    segment.Add(BytesOf("b"), true, 1, codecs[json_first ? 0 : 1]);
    EXPECT_EQ(OpenOrDie(segment.bytes).FindLaterSyncedFrame(), segment.frame_offsets[0]);
  }
}

TEST(FindLaterSyncedFrameTest, AFrameThatDoesNotVouchForItsPastIsNotEnough) {
  Segment segment;
  segment.bytes.push_back(std::byte{1});
  segment.Add(BytesOf("written out of order, never synced"), false);
  EXPECT_FALSE(OpenOrDie(segment.bytes).FindLaterSyncedFrame());
}

TEST(FindLaterSyncedFrameTest, TakesLinearTimeInATailFullOfLikelyFrames) {
  // One byte in four may be the type of a frame of 1 MiB: a scan that read each
  // to the end for its checksum would read some 300 GB here.
  Segment segment;
  segment.bytes.resize(segment.bytes.size() + (std::size_t{9} << 20) / 4);
  for (std::size_t i = kSegmentHeaderBytes; i + 4 <= segment.bytes.size(); i += 4) {
    Store32(&segment.bytes[i], 0x81000000U + (1U << 20));
  }
  FrameReader reader = OpenOrDie(segment.bytes);
  EXPECT_FALSE(reader.Next());
  EXPECT_FALSE(reader.FindLaterSyncedFrame());
}

}  // namespace
}  // namespace rewardpool
