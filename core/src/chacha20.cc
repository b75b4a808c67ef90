#include "chacha20.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include <bit>
#include <cstring>

namespace rewardpool {
namespace internal {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the keystream is stored as it lies in memory");

constexpr std::size_t kBlockBytes = kChaChaBlockWords * sizeof(std::uint64_t);
constexpr std::uint32_t kConstants[4] = {0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};

// Four blocks at a time fill the 16-byte registers of SSE2, NEON and SIMD128;
// elsewhere the compiler takes the vectors apart.
namespace portable {

using Vector [[gnu::vector_size(16)]] = std::uint32_t;

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

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace avx2 {

using Vector [[gnu::vector_size(32)]] = std::uint32_t;

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
