// little_endian.h - integers in the byte order of the log, on any platform.
#ifndef REWARDPOOL_SRC_LITTLE_ENDIAN_H_
#define REWARDPOOL_SRC_LITTLE_ENDIAN_H_

#include <cstddef>
#include <cstdint>

namespace rewardpool::internal {

// Compilers turn these loops into one load or store where the platform is
// little-endian. `Byte` is std::byte or char8_t.

template <typename Integer, typename Byte>
[[nodiscard]] constexpr Integer LoadLittleEndian(const Byte* from) noexcept {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value |= static_cast<Integer>(static_cast<Integer>(from[i]) << (8 * i));
  }
  return value;
}

template <typename Integer, typename Byte>
constexpr void StoreLittleEndian(Byte* to, Integer value) noexcept {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    to[i] = static_cast<Byte>(value >> (8 * i) & 0xFF);
  }
}

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_LITTLE_ENDIAN_H_
