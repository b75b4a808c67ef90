// chacha20.h - the keystream behind MakeChaCha20Random, by instruction set.
//
// Every path writes the same words; the fastest that the processor has is
// chosen at run time, and tests compare them.
#ifndef REWARDPOOL_CHACHA20_H_
#define REWARDPOOL_CHACHA20_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "rewardpool/random.h"

namespace rewardpool::internal {

inline constexpr std::size_t kChaChaBlockWords = 8;
inline constexpr std::size_t kChaChaBlocksPerBuffer = Random::kBufferWords / kChaChaBlockWords;

// The 256-bit key as eight little-endian words.
using ChaChaKey = std::array<std::uint32_t, 8>;

// Writes the keystream blocks first_block, first_block + 1, ... (zero nonce):
// word k holds the keystream bytes 8k to 8k + 7, little-endian.
using ChaChaFunction = void (*)(const ChaChaKey& key, std::uint64_t first_block,
                                std::span<std::uint64_t, Random::kBufferWords> words) noexcept;

void ChaCha20Portable(const ChaChaKey& key, std::uint64_t first_block,
                      std::span<std::uint64_t, Random::kBufferWords> words) noexcept;

// The paths for AVX2 and AVX-512, or null where the program or the processor
// has none.
[[nodiscard]] ChaChaFunction ChaCha20Avx2() noexcept;
[[nodiscard]] ChaChaFunction ChaCha20Avx512() noexcept;

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_CHACHA20_H_
