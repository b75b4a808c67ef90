// crc32c.h - CRC-32C (Castagnoli), the checksum of logs and snapshots.
#ifndef REWARDPOOL_CRC32C_H_
#define REWARDPOOL_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace rewardpool {

// The CRC of all bytes of which `crc` is the CRC, followed by `bytes`; start
// with 0. Crc32c(Crc32c(0, a), b) == Crc32c(0, ab).
// Cost:   about a tenth of a nanosecond a byte with SSE4.2 and PCLMUL (half of that in
//         long inputs), one without, and a few hundredths with AVX-512.
// Source: RFC 3720 appendix B.4 (polynomial, test vectors).
[[nodiscard]] std::uint32_t Crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept;

// The CRC of two pieces from the CRC of each, without their bytes:
// Crc32cCombine(Crc32c(0, a), Crc32c(0, b), b.size()) == Crc32c(0, ab).
// Since a CRC is linear it also works backwards: with p = Crc32c(0, a) and
// q = Crc32c(0, ab), Crc32cCombine(p, q, b.size()) == Crc32c(0, b).
// Cost: O(log second_length), about 0.3 us.
[[nodiscard]] std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second,
                                          std::uint64_t second_length) noexcept;

namespace internal {

using Crc32cKernel = std::uint32_t (*)(std::uint32_t crc,
                                       std::span<const std::byte> bytes) noexcept;

// All ways to take a CRC that this machine has, the quickest last; for tests.
[[nodiscard]] std::span<const Crc32cKernel> Crc32cKernels();

// What Crc32c() does on a machine without CRC instructions.
[[nodiscard]] std::uint32_t Crc32cPortable(std::uint32_t crc,
                                           std::span<const std::byte> bytes) noexcept;

}  // namespace internal
}  // namespace rewardpool

#endif  // REWARDPOOL_CRC32C_H_
