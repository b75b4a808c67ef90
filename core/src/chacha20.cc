#include "chacha20.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include <bit>
#include <cstring>
#include <utility>

namespace rewardpool {
namespace internal {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the keystream is stored as it lies in memory");

constexpr std::uint32_t kConstants[4] = {0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};

#ifdef __wasm_simd128__

// A vector holds the same word of four blocks, and two such vectors go through a quarter round
// side by side, since a step waits for the one before. That is 32 vectors where most
// processors have 16 registers; V8 keeps the others in memory, which takes less than to
// turn rows of blocks, as docs/performance.md shows.
namespace portable {

constexpr std::size_t kLanes = 4;
constexpr std::size_t kGroups = 2;
constexpr std::size_t kBlocks = kLanes * kGroups;
static_assert(kChaChaBlocksPerBuffer % kBlocks == 0);

using Row = std::array<v128_t, kGroups>;  // one word of every block
using Rows = std::array<Row, 16>;

inline v128_t RotateLeft16(v128_t words) noexcept {
  return wasm_i8x16_swizzle(words,
                            wasm_i8x16_const(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}
inline v128_t RotateLeft8(v128_t words) noexcept {
  return wasm_i8x16_swizzle(words,
                            wasm_i8x16_const(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));
}
template <int kBits>
v128_t RotateLeft(v128_t words) noexcept {
  return wasm_v128_or(wasm_i32x4_shl(words, kBits), wasm_u32x4_shr(words, 32 - kBits));
}

// A quarter round in each block.
inline void QuarterRound(Rows& rows, std::size_t first, std::size_t second, std::size_t third,
                         std::size_t fourth) noexcept {
  Row a = rows[first];
  Row b = rows[second];
  Row c = rows[third];
  Row d = rows[fourth];
  const auto each = [](auto step) {
    for (std::size_t i = 0; i < kGroups; ++i) step(i);
  };
  each([&](std::size_t i) { a[i] = wasm_i32x4_add(a[i], b[i]); });
  each([&](std::size_t i) { d[i] = RotateLeft16(wasm_v128_xor(d[i], a[i])); });
  each([&](std::size_t i) { c[i] = wasm_i32x4_add(c[i], d[i]); });
  each([&](std::size_t i) { b[i] = RotateLeft<12>(wasm_v128_xor(b[i], c[i])); });
  each([&](std::size_t i) { a[i] = wasm_i32x4_add(a[i], b[i]); });
  each([&](std::size_t i) { d[i] = RotateLeft8(wasm_v128_xor(d[i], a[i])); });
  each([&](std::size_t i) { c[i] = wasm_i32x4_add(c[i], d[i]); });
  each([&](std::size_t i) { b[i] = RotateLeft<7>(wasm_v128_xor(b[i], c[i])); });
  rows[first] = a;
  rows[second] = b;
  rows[third] = c;
  rows[fourth] = d;
}

// Four words of four blocks: a vector has one word of each, in memory each block has its
// four side by side.
inline void StoreFourWords(const std::array<v128_t, kLanes>& words,
                           std::uint64_t* output) noexcept {
  const auto [a, b, c, d] = words;
  const v128_t ab_low = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5);
  const v128_t ab_high = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
  const v128_t cd_low = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5);
  const v128_t cd_high = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
  wasm_v128_store(output, wasm_i64x2_shuffle(ab_low, cd_low, 0, 2));
  wasm_v128_store(output + kChaChaBlockWords, wasm_i64x2_shuffle(ab_low, cd_low, 1, 3));
  wasm_v128_store(output + 2 * kChaChaBlockWords, wasm_i64x2_shuffle(ab_high, cd_high, 0, 2));
  wasm_v128_store(output + 3 * kChaChaBlockWords, wasm_i64x2_shuffle(ab_high, cd_high, 1, 3));
}

void Generate(const ChaChaKey& key, std::uint64_t first_block,
              std::span<std::uint64_t, Random::kBufferWords> words) noexcept {
  Rows initial;
  for (std::size_t i = 0; i < 4; ++i) initial[i].fill(wasm_i32x4_splat(kConstants[i]));
  for (std::size_t i = 0; i < 8; ++i) initial[4 + i].fill(wasm_i32x4_splat(key[i]));
  for (std::size_t i = 12; i < 16; ++i) initial[i].fill(wasm_i32x4_splat(0));
  std::uint64_t* output = words.data();
  for (std::size_t done = 0; done < kChaChaBlocksPerBuffer; done += kBlocks) {
    for (std::size_t group = 0; group < kGroups; ++group) {
      const std::uint64_t first = first_block + done + group * kLanes;
      const auto counters = [first](unsigned shift) {
        const auto half = [&](std::uint64_t block) {
          return static_cast<std::uint32_t>(block >> shift);
        };
        return wasm_i32x4_make(half(first), half(first + 1), half(first + 2), half(first + 3));
      };
      initial[12][group] = counters(0);
      initial[13][group] = counters(32);
    }
    Rows rows = initial;
    for (int double_round = 0; double_round < 10; ++double_round) {
      QuarterRound(rows, 0, 4, 8, 12);
      QuarterRound(rows, 1, 5, 9, 13);
      QuarterRound(rows, 2, 6, 10, 14);
      QuarterRound(rows, 3, 7, 11, 15);
      QuarterRound(rows, 0, 5, 10, 15);
      QuarterRound(rows, 1, 6, 11, 12);
      QuarterRound(rows, 2, 7, 8, 13);
      QuarterRound(rows, 3, 4, 9, 14);
    }
    for (std::size_t group = 0; group < kGroups; ++group) {
      std::array<v128_t, 16> sums;
      for (std::size_t i = 0; i < 16; ++i) {
        sums[i] = wasm_i32x4_add(rows[i][group], initial[i][group]);
      }
      for (std::size_t i = 0; i < 16; i += 4) {
        StoreFourWords({sums[i], sums[i + 1], sums[i + 2], sums[i + 3]}, output + i / 2);
      }
      output += kLanes * kChaChaBlockWords;
    }
  }
}

}  // namespace portable

#else

// Four blocks at a time fill the 16-byte registers of SSE2 and NEON; elsewhere the
// compiler takes the vectors apart.
namespace portable {

using Vector [[gnu::vector_size(16)]] = std::uint32_t;
constexpr bool kShufflesBytes = false;

inline Vector InterleaveLow32(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
inline Vector InterleaveHigh32(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
inline Vector InterleaveLow64(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 0, 1, 4, 5);
}
inline Vector InterleaveHigh64(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 2, 3, 6, 7);
}

#include "chacha20_kernel.inc"

}  // namespace portable

#endif  // defined(__wasm_simd128__)

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace avx2 {

using Vector [[gnu::vector_size(32)]] = std::uint32_t;
constexpr bool kShufflesBytes = true;

// Within each half of the register, as AVX2 does it.
inline Vector InterleaveLow32(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
}
inline Vector InterleaveHigh32(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
inline Vector InterleaveLow64(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
}
inline Vector InterleaveHigh64(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}

#include "chacha20_kernel.inc"

}  // namespace avx2

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f")
#endif

namespace avx512 {

using Vector [[gnu::vector_size(64)]] = std::uint32_t;
constexpr bool kShufflesBytes = false;  // it rotates bits instead

// Within each quarter of the register, as AVX-512 does it.
inline Vector InterleaveLow32(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
}
inline Vector InterleaveHigh32(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}
inline Vector InterleaveLow64(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
}
inline Vector InterleaveHigh64(const Vector& a, const Vector& b) noexcept {
  return __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

#include "chacha20_kernel.inc"

}  // namespace avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // defined(__x86_64__)

}  // namespace

void ChaCha20Portable(const ChaChaKey& key, std::uint64_t first_block,
                      std::span<std::uint64_t, Random::kBufferWords> words) noexcept {
  portable::Generate(key, first_block, words);
}

ChaChaFunction ChaCha20Avx2() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return &avx2::Generate;
#endif
  return nullptr;
}

ChaChaFunction ChaCha20Avx512() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return &avx512::Generate;
#endif
  return nullptr;
}

}  // namespace internal

namespace {

class ChaCha20Random final : public Random {
 public:
  explicit ChaCha20Random(const SecureKey& key) noexcept {
    static_assert(sizeof(key_) == sizeof(key));
    std::memcpy(key_.data(), key.data(), sizeof(key_));
    for (const auto faster : {internal::ChaCha20Avx2(), internal::ChaCha20Avx512()}) {
      if (faster != nullptr) keystream_ = faster;
    }
  }

  [[nodiscard]] std::string_view name() const noexcept override { return "chacha20"; }

 private:
  void Generate(std::span<std::uint64_t, kBufferWords> words) noexcept override {
    keystream_(key_, next_block_, words);
    next_block_ += internal::kChaChaBlocksPerBuffer;
  }

  internal::ChaChaKey key_;
  std::uint64_t next_block_ = 0;
  internal::ChaChaFunction keystream_ = &internal::ChaCha20Portable;
};

}  // namespace

std::unique_ptr<Random> MakeChaCha20Random(const SecureKey& key) {
  return std::make_unique<ChaCha20Random>(key);
}

}  // namespace rewardpool
