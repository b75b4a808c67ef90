#include "rewardpool/crc32c.h"

#include <array>

#include "little_endian.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define RP_CRC32C_SSE42
#include <nmmintrin.h>
#endif

namespace rewardpool {
namespace {

using internal::LoadLittleEndian;

// Bits are reflected, as everywhere below: the top bit is the coefficient of
// x^0, the lowest that of x^31.
constexpr std::uint32_t kPolynomial = 0x82F63B78;
constexpr std::uint32_t kOne = 0x80000000;

constexpr std::uint32_t TimesX(std::uint32_t a) noexcept {
  return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0);
}

// a * b modulo the polynomial.
constexpr std::uint32_t Multiply(std::uint32_t a, std::uint32_t b) noexcept {
  std::uint32_t product = 0;
  for (std::uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = TimesX(b);
  }
  return product;
}

// x^(8 * 2^k): what appending 2^k zero bytes multiplies a CRC by.
constexpr std::array<std::uint32_t, 64> kZeroBytes = [] {
  std::array<std::uint32_t, 64> powers{};
  powers[0] = kOne >> 8;
  for (std::size_t k = 1; k < powers.size(); ++k) {
    powers[k] = Multiply(powers[k - 1], powers[k - 1]);
  }
  return powers;
}();

constexpr std::uint32_t AppendZeros(std::uint32_t crc, std::uint64_t count) noexcept {
  for (std::size_t k = 0; count != 0; ++k, count >>= 1) {
    if ((count & 1) != 0) crc = Multiply(crc, kZeroBytes[k]);
  }
  return crc;
}

// Slicing by eight: slices[i][v] is the CRC of byte v followed by i zeros.
using Slices = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Slices MakeSlices() noexcept {
  Slices slices{};
  for (std::uint32_t value = 0; value < 256; ++value) {
    std::uint32_t crc = value;
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
    slices[0][value] = crc;
  }
  for (std::size_t i = 1; i < 8; ++i) {
    for (std::size_t value = 0; value < 256; ++value) {
      const std::uint32_t crc = slices[i - 1][value];
      slices[i][value] = (crc >> 8) ^ slices[0][crc & 0xFF];
    }
  }
  return slices;
}

#ifdef __EMSCRIPTEN__
// A module is downloaded, and its 8 KiB of tables do not compress: making them
// takes a few microseconds. Nothing asks for a CRC before main(). The compiler
// would call a constexpr function itself.
Slices MakeSlicesAtStart() noexcept { return MakeSlices(); }
const Slices kSlices = MakeSlicesAtStart();
#else
constexpr Slices kSlices = MakeSlices();
#endif

#ifdef RP_CRC32C_SSE42

// The instruction takes three cycles but a new one can start in each, so long
// inputs are cut into three streams of this length that run side by side.
constexpr std::size_t kStreamBytes = 2048;
constexpr std::uint32_t kStreamShift = AppendZeros(kOne, kStreamBytes);

__attribute__((target("sse4.2"))) std::uint32_t Crc32cSse42(
    std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
  std::uint64_t state = ~crc;
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kStreamBytes; left -= 3 * kStreamBytes, next += 3 * kStreamBytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kStreamBytes; i += 8) {
      state = _mm_crc32_u64(state, LoadLittleEndian<std::uint64_t>(next + i));
      second = _mm_crc32_u64(second, LoadLittleEndian<std::uint64_t>(next + kStreamBytes + i));
      third = _mm_crc32_u64(third, LoadLittleEndian<std::uint64_t>(next + 2 * kStreamBytes + i));
    }
    state = Multiply(static_cast<std::uint32_t>(state), kStreamShift) ^ second;
    state = Multiply(static_cast<std::uint32_t>(state), kStreamShift) ^ third;
  }
  for (; left >= 8; left -= 8, next += 8) {
    state = _mm_crc32_u64(state, LoadLittleEndian<std::uint64_t>(next));
  }
  auto narrow = static_cast<std::uint32_t>(state);
  for (; left > 0; --left, ++next) {
    narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(*next));
  }
  return ~narrow;
}

#endif  // RP_CRC32C_SSE42

}  // namespace

std::uint32_t internal::Crc32cPortable(std::uint32_t crc,
                                       std::span<const std::byte> bytes) noexcept {
  std::uint32_t state = ~crc;
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, next += 8) {
    const std::uint64_t word = LoadLittleEndian<std::uint64_t>(next) ^ state;
    state = 0;
    for (std::size_t i = 0; i < 8; ++i) state ^= kSlices[7 - i][word >> (8 * i) & 0xFF];
  }
  for (; left > 0; --left, ++next) {
    state = (state >> 8) ^ kSlices[0][(state ^ static_cast<std::uint32_t>(*next)) & 0xFF];
  }
  return ~state;
}

std::uint32_t Crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
#ifdef RP_CRC32C_SSE42
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return Crc32cSse42(crc, bytes);
#endif
  return internal::Crc32cPortable(crc, bytes);
}

std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second,
                            std::uint64_t second_length) noexcept {
  return AppendZeros(first, second_length) ^ second;
}

}  // namespace rewardpool
