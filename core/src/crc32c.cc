#include "rewardpool/crc32c.h"

#include <array>
#include <vector>

#include "little_endian.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define RP_CRC32C_X86
#include <immintrin.h>
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
constexpr std::uint32_t MultiplyModulo(std::uint32_t a, std::uint32_t b) noexcept {
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
    powers[k] = MultiplyModulo(powers[k - 1], powers[k - 1]);
  }
  return powers;
}();

constexpr std::uint32_t AppendZeros(std::uint32_t crc, std::uint64_t count) noexcept {
  for (std::size_t k = 0; count != 0; ++k, count >>= 1) {
    if ((count & 1) != 0) crc = MultiplyModulo(crc, kZeroBytes[k]);
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

// Of the eight bytes there.
inline std::uint32_t AppendWord(std::uint32_t state, const std::byte* bytes) noexcept {
  const std::uint64_t word = LoadLittleEndian<std::uint64_t>(bytes) ^ state;
  std::uint32_t appended = 0;
  for (std::size_t i = 0; i < 8; ++i) appended ^= kSlices[7 - i][word >> (8 * i) & 0xFF];
  return appended;
}

// Without instructions for it, long inputs are cut into streams of this length, which
// run side by side.
constexpr std::size_t kStreamBytes = 2048;
constexpr std::uint32_t kStreamShift = AppendZeros(kOne, kStreamBytes);

#ifdef RP_CRC32C_X86

// x^power modulo the polynomial.
constexpr std::uint32_t PowerOfX(unsigned power) noexcept {
  std::uint32_t product = kOne;
  for (; power % 8 != 0; --power) product = TimesX(product);
  return AppendZeros(product, power / 8);
}

#define RP_CRC32C_X86_TARGET __attribute__((target("sse4.2,pclmul")))

// Appends three streams of kBytes, side by side: the instruction takes three cycles, but a
// new one can start in each. n zero bytes multiply a CRC by x^(8n). The product without
// carries has a factor x more and its reduction x^32, hence 8n - 33.
template <std::size_t kBytes>
RP_CRC32C_X86_TARGET inline std::uint64_t AppendThreeStreams(std::uint64_t state,
                                                             const std::byte* bytes) noexcept {
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t i = 0; i < kBytes; i += 8) {
    state = _mm_crc32_u64(state, LoadLittleEndian<std::uint64_t>(bytes + i));
    second = _mm_crc32_u64(second, LoadLittleEndian<std::uint64_t>(bytes + kBytes + i));
    third = _mm_crc32_u64(third, LoadLittleEndian<std::uint64_t>(bytes + 2 * kBytes + i));
  }
  constexpr auto kOneStream = static_cast<std::int64_t>(PowerOfX(8 * kBytes - 33));
  constexpr auto kTwoStreams = static_cast<std::int64_t>(PowerOfX(16 * kBytes - 33));
  const __m128i product =
      _mm_xor_si128(_mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<std::int64_t>(state)),
                                         _mm_cvtsi64_si128(kTwoStreams), 0),
                    _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<std::int64_t>(second)),
                                         _mm_cvtsi64_si128(kOneStream), 0));
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product))) ^ third;
}

RP_CRC32C_X86_TARGET std::uint32_t Crc32cPclmul(std::uint32_t crc,
                                                std::span<const std::byte> bytes) noexcept {
  constexpr std::size_t kLong = 2048;
  constexpr std::size_t kShort = 256;
  std::uint64_t state = ~crc;
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kLong; left -= 3 * kLong, next += 3 * kLong) {
    state = AppendThreeStreams<kLong>(state, next);
  }
  for (; left >= 3 * kShort; left -= 3 * kShort, next += 3 * kShort) {
    state = AppendThreeStreams<kShort>(state, next);
  }
  for (; left >= 8; left -= 8, next += 8) {
    state = _mm_crc32_u64(state, LoadLittleEndian<std::uint64_t>(next));
  }
  auto narrow = static_cast<std::uint32_t>(state);
  if (left >= 4) {
    narrow = _mm_crc32_u32(narrow, LoadLittleEndian<std::uint32_t>(next));
    left -= 4, next += 4;
  }
  for (; left > 0; --left, ++next) {
    narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(*next));
  }
  return ~narrow;
}

// Folding: 16 bytes that are followed by `kBytes` others, the last of which are 16 too,
// have the same remainder as those last ones, once the product of their halves with
// these is added to them. Products of numbers whose bits are reflected come out
// multiplied by x^33, which the powers make up for.
// Source: V. Gopal et al., Fast CRC Computation Using PCLMULQDQ, Intel, 2009.
template <unsigned kBytes>
constexpr std::array<std::uint64_t, 2> kFold = {PowerOfX(8 * kBytes + 31),
                                                PowerOfX(8 * kBytes - 33)};

#define RP_CRC32C_WIDE __attribute__((target("avx512f,vpclmulqdq,pclmul,sse4.2")))

RP_CRC32C_WIDE inline __m512i Folded(__m512i bytes, __m512i powers, __m512i onto) noexcept {
  const __m512i low = _mm512_clmulepi64_epi128(bytes, powers, 0x00);
  const __m512i high = _mm512_clmulepi64_epi128(bytes, powers, 0x11);
  return _mm512_ternarylogic_epi64(low, high, onto, 0x96);  // the sum of all three
}

template <unsigned kBytes>
RP_CRC32C_WIDE inline __m128i FoldedQuarter(__m128i bytes, __m128i onto) noexcept {
  const __m128i powers = _mm_set_epi64x(static_cast<std::int64_t>(kFold<kBytes>[1]),
                                        static_cast<std::int64_t>(kFold<kBytes>[0]));
  const __m128i low = _mm_clmulepi64_si128(bytes, powers, 0x00);
  const __m128i high = _mm_clmulepi64_si128(bytes, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

template <unsigned kBytes>
RP_CRC32C_WIDE inline __m512i FoldPowers() noexcept {
  constexpr auto kLow = static_cast<std::int64_t>(kFold<kBytes>[0]);
  constexpr auto kHigh = static_cast<std::int64_t>(kFold<kBytes>[1]);
  return _mm512_set_epi64(kHigh, kLow, kHigh, kLow, kHigh, kLow, kHigh, kLow);
}

// 256 bytes at a time, in four registers.
RP_CRC32C_WIDE std::uint32_t Crc32cAvx512(std::uint32_t crc,
                                          std::span<const std::byte> bytes) noexcept {
  constexpr std::size_t kBlock = 256;
  if (bytes.size() < kBlock) return Crc32cPclmul(crc, bytes);
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  __m512i a = _mm512_loadu_si512(next);
  __m512i b = _mm512_loadu_si512(next + 64);
  __m512i c = _mm512_loadu_si512(next + 128);
  __m512i d = _mm512_loadu_si512(next + 192);
  a = _mm512_xor_si512(a,
                       _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<std::int32_t>(~crc))));
  const __m512i by_block = FoldPowers<kBlock>();
  for (next += kBlock, left -= kBlock; left >= kBlock; next += kBlock, left -= kBlock) {
    a = Folded(a, by_block, _mm512_loadu_si512(next));
    b = Folded(b, by_block, _mm512_loadu_si512(next + 64));
    c = Folded(c, by_block, _mm512_loadu_si512(next + 128));
    d = Folded(d, by_block, _mm512_loadu_si512(next + 192));
  }
  const __m512i by_register = FoldPowers<64>();
  d = Folded(Folded(Folded(a, by_register, b), by_register, c), by_register, d);
  alignas(64) __m128i lanes[4];
  _mm512_store_si512(lanes, d);
  __m128i last = FoldedQuarter<16>(lanes[2], lanes[3]);
  last = FoldedQuarter<32>(lanes[1], last);
  last = FoldedQuarter<48>(lanes[0], last);
  std::uint64_t state = _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(last)));
  state = _mm_crc32_u64(state, static_cast<std::uint64_t>(_mm_extract_epi64(last, 1)));
  return Crc32cPclmul(~static_cast<std::uint32_t>(state), {next, left});
}

#endif  // RP_CRC32C_X86

}  // namespace

std::span<const internal::Crc32cKernel> internal::Crc32cKernels() {
  static const std::vector<Crc32cKernel> kernels = [] {
    std::vector<Crc32cKernel> found = {&Crc32cPortable};
#ifdef RP_CRC32C_X86
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) {
      found.push_back(&Crc32cPclmul);
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq")) {
        found.push_back(&Crc32cAvx512);
      }
    }
#endif
    return found;
  }();
  return kernels;
}

std::uint32_t internal::Crc32cPortable(std::uint32_t crc,
                                       std::span<const std::byte> bytes) noexcept {
  std::uint32_t state = ~crc;
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  // Each step waits for the one before, so long inputs are cut into two streams.
  for (; left >= 2 * kStreamBytes; left -= 2 * kStreamBytes, next += 2 * kStreamBytes) {
    std::uint32_t second = 0;
    for (std::size_t i = 0; i < kStreamBytes; i += 8) {
      state = AppendWord(state, next + i);
      second = AppendWord(second, next + kStreamBytes + i);
    }
    state = MultiplyModulo(state, kStreamShift) ^ second;
  }
  for (; left >= 8; left -= 8, next += 8) state = AppendWord(state, next);
  for (; left > 0; --left, ++next) {
    state = (state >> 8) ^ kSlices[0][(state ^ static_cast<std::uint32_t>(*next)) & 0xFF];
  }
  return ~state;
}

std::uint32_t Crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
#ifdef RP_CRC32C_X86
  static const internal::Crc32cKernel kernel = internal::Crc32cKernels().back();
  return kernel(crc, bytes);
#else
  return internal::Crc32cPortable(crc, bytes);
#endif
}

std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second,
                            std::uint64_t second_length) noexcept {
  return AppendZeros(first, second_length) ^ second;
}

}  // namespace rewardpool
