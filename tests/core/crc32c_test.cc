#include "rewardpool/crc32c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "support/bytes.h"

namespace rewardpool {
namespace {

using tests::BytesOf;

std::vector<std::byte> RandomBytes(std::size_t size, std::mt19937_64& random) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc32cTest, MatchesTheVectorsOfRfc3720) {
  std::vector<std::byte> bytes(32);
  EXPECT_EQ(Crc32c(0, bytes), 0x8A9136AAU);
  std::fill(bytes.begin(), bytes.end(), std::byte{0xFF});
  EXPECT_EQ(Crc32c(0, bytes), 0x62A8AB43U);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(Crc32c(0, bytes), 0x46DD794EU);
  std::reverse(bytes.begin(), bytes.end());
  EXPECT_EQ(Crc32c(0, bytes), 0x113FDB5CU);
  EXPECT_EQ(Crc32c(0, BytesOf("123456789")), 0xE3069283U);
  EXPECT_EQ(Crc32c(0, {}), 0U);
}

TEST(Crc32cTest, PortableMatchesTheVectorsOfRfc3720) {
  EXPECT_EQ(internal::Crc32cPortable(0, BytesOf("123456789")), 0xE3069283U);
  EXPECT_EQ(internal::Crc32cPortable(0, std::vector<std::byte>(32)), 0x8A9136AAU);
}

TEST(Crc32cTest, HardwareAndPortableAgreeOnEveryLengthAndAlignment) {
  std::mt19937_64 random(1);
  const std::vector<std::byte> bytes = RandomBytes(1'600, random);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const auto piece = std::span(bytes).subspan(begin, size);
      const std::uint32_t crc = internal::Crc32cPortable(7, piece);
      for (const internal::Crc32cKernel kernel : internal::Crc32cKernels()) {
        ASSERT_EQ(kernel(7, piece), crc) << begin << " " << size;
      }
      ASSERT_EQ(Crc32c(7, piece), crc);
    }
  }
}

TEST(Crc32cTest, HardwareAndPortableAgreeOnLongInputs) {
  std::mt19937_64 random(2);
  const std::vector<std::byte> bytes = RandomBytes(40'000, random);
  for (std::size_t size = 6'000; size <= bytes.size(); size += 61) {
    const auto piece = std::span(bytes).last(size);
    const std::uint32_t crc = internal::Crc32cPortable(0, piece);
    for (const internal::Crc32cKernel kernel : internal::Crc32cKernels()) {
      ASSERT_EQ(kernel(0, piece), crc) << size;
    }
  }
}

TEST(Crc32cTest, MayBeTakenInPieces) {
  std::mt19937_64 random(3);
  const std::vector<std::byte> bytes = RandomBytes(20'000, random);
  const std::span<const std::byte> whole(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 997) {
    EXPECT_EQ(Crc32c(Crc32c(0, whole.first(cut)), whole.subspan(cut)), Crc32c(0, whole));
  }
}

TEST(Crc32cTest, CombinesPiecesWithoutTheirBytes) {
  std::mt19937_64 random(4);
  const std::vector<std::byte> bytes = RandomBytes(5'000, random);
  const std::span<const std::byte> whole(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 83) {
    const std::uint32_t first = Crc32c(0, whole.first(cut));
    const std::uint32_t second = Crc32c(0, whole.subspan(cut));
    const std::size_t second_length = bytes.size() - cut;
    EXPECT_EQ(Crc32cCombine(first, second, second_length), Crc32c(0, whole));
    EXPECT_EQ(Crc32cCombine(first, Crc32c(0, whole), second_length), second);
  }
}

TEST(Crc32cTest, CombinesWithPiecesBeyondFourGibibytes) {
  // Appending zeros in two steps must be appending them in one.
  const std::uint64_t half = std::uint64_t{5} << 32;
  const std::uint32_t crc = Crc32c(0, BytesOf("rewardpool"));
  EXPECT_EQ(Crc32cCombine(Crc32cCombine(crc, 0, half), 0, half), Crc32cCombine(crc, 0, 2 * half));
}

}  // namespace
}  // namespace rewardpool
