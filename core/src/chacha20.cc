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

// A vector is a row of four words of one block, so that nothing is to be transposed:
// quicker than a word of four blocks each, as below, and half the code of a word of
// eight. Fewer blocks fit the registers, but then their steps wait for one another.
namespace portable {

constexpr std::size_t kBlocks = 5;
static_assert(kChaChaBlocksPerBuffer % kBlocks == 0);

using Rows = std::array<v128_t, kBlocks>;

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

// Four quarter rounds in each block, step by step: a step waits for the one before.
inline void QuarterRounds(Rows& a, Rows& b, Rows& c, Rows& d) noexcept {
  const auto each = [](auto step) {
    for (std::size_t i = 0; i < kBlocks; ++i) step(i);
  };
  each([&](std::size_t i) { a[i] = wasm_i32x4_add(a[i], b[i]); });
  each([&](std::size_t i) { d[i] = RotateLeft16(wasm_v128_xor(d[i], a[i])); });
  each([&](std::size_t i) { c[i] = wasm_i32x4_add(c[i], d[i]); });
  each([&](std::size_t i) { b[i] = RotateLeft<12>(wasm_v128_xor(b[i], c[i])); });
  each([&](std::size_t i) { a[i] = wasm_i32x4_add(a[i], b[i]); });
  each([&](std::size_t i) { d[i] = RotateLeft8(wasm_v128_xor(d[i], a[i])); });
  each([&](std::size_t i) { c[i] = wasm_i32x4_add(c[i], d[i]); });
  each([&](std::size_t i) { b[i] = RotateLeft<7>(wasm_v128_xor(b[i], c[i])); });
}

inline void TurnByOne(Rows& rows) noexcept {
  for (v128_t& row : rows) row = wasm_i32x4_shuffle(row, row, 1, 2, 3, 0);
}
inline void TurnByTwo(Rows& rows) noexcept {
  for (v128_t& row : rows) row = wasm_i32x4_shuffle(row, row, 2, 3, 0, 1);
}
inline void TurnByThree(Rows& rows) noexcept {
  for (v128_t& row : rows) row = wasm_i32x4_shuffle(row, row, 3, 0, 1, 2);
}

void Generate(const ChaChaKey& key, std::uint64_t first_block,
              std::span<std::uint64_t, Random::kBufferWords> words) noexcept {
  const v128_t constants = wasm_v128_load(kConstants);
  const v128_t key_low = wasm_v128_load(key.data());
  const v128_t key_high = wasm_v128_load(key.data() + 4);
  for (std::size_t done = 0; done < kChaChaBlocksPerBuffer; done += kBlocks) {
    const auto counter = [&](std::size_t i) { return wasm_i64x2_make(first_block + done + i, 0); };
    Rows a;
    Rows b;
    Rows c;
    Rows d;
    a.fill(constants);
    b.fill(key_low);
    c.fill(key_high);
    for (std::size_t i = 0; i < kBlocks; ++i) d[i] = counter(i);
    for (int double_round = 0; double_round < 10; ++double_round) {
      // Diagonals are turned to where columns stand, and back. The second row stays, as
      // the next round begins with it, and it is done last.
      QuarterRounds(a, b, c, d);
      TurnByThree(a);
      TurnByOne(c);
      TurnByTwo(d);
      QuarterRounds(a, b, c, d);
      TurnByOne(a);
      TurnByThree(c);
      TurnByTwo(d);
    }
    std::uint64_t* output = words.data() + done * kChaChaBlockWords;
    for (std::size_t i = 0; i < kBlocks; ++i, output += kChaChaBlockWords) {
      wasm_v128_store(output, wasm_i32x4_add(a[i], constants));
      wasm_v128_store(output + 2, wasm_i32x4_add(b[i], key_low));
      wasm_v128_store(output + 4, wasm_i32x4_add(c[i], key_high));
      wasm_v128_store(output + 6, wasm_i32x4_add(d[i], counter(i)));
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
