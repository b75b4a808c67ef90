// little_endian.h - integers in the byte order of the log, on any platform.
#ifndef REWARDPOOL_SRC_LITTLE_ENDIAN_H_
#define REWARDPOOL_SRC_LITTLE_ENDIAN_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rewardpool::internal {

// `Byte` is std::byte or char8_t. Copied whole where the platform is
// little-endian: gcc 12 does not make one load of the loop everywhere.

template <typename Integer, typename Byte>
[[nodiscard]] inline Integer LoadLittleEndian(const Byte* from) noexcept {
  Integer value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, from, sizeof(value));
  } else {
    for (std::size_t i = 0; i < sizeof(value); ++i) {
      value |= static_cast<Integer>(static_cast<Integer>(from[i]) << (8 * i));
    }
  }
  return value;
}

template <typename Integer, typename Byte>
inline void StoreLittleEndian(Byte* to, Integer value) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(to, &value, sizeof(value));
  } else {
    for (std::size_t i = 0; i < sizeof(value); ++i) {
      to[i] = static_cast<Byte>(value >> (8 * i) & 0xFF);
    }
  }
}

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_LITTLE_ENDIAN_H_
