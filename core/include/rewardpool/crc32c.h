// crc32c.h - CRC-32C (Castagnoli), the checksum of logs and snapshots.
#ifndef REWARDPOOL_CRC32C_H_
#define REWARDPOOL_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace rewardpool {

// The CRC of all bytes of which `crc` is the CRC, followed by `bytes`; start
// with 0. Crc32c(Crc32c(0, a), b) == Crc32c(0, ab).
// Cost:   about a tenth of a nanosecond a byte with SSE4.2, one without.
// Source: RFC 3720 appendix B.4 (polynomial, test vectors).
[[nodiscard]] std::uint32_t Crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept;

}  // namespace rewardpool

#endif  // REWARDPOOL_CRC32C_H_
