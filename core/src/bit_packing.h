// bit_packing.h - rows of positions, each in the same small number of bits.
//
// The first position lies in the lowest bits of the first byte; the bits left
// over in the last byte are zero. Spec: docs/wal-format.md.
#ifndef REWARDPOOL_SRC_BIT_PACKING_H_
#define REWARDPOOL_SRC_BIT_PACKING_H_

#include <bit>
#include <cstddef>
#include <span>

#include "rewardpool/item.h"

namespace rewardpool::internal {

inline constexpr unsigned kPackedBitsMax = 26;
static_assert(kItemsMax <= std::size_t{1} << kPackedBitsMax);

// A 64-bit word that begins at a byte may begin with up to 7 bits of what was
// before, and then holds this many more.
inline constexpr unsigned kWordBitsMax = 64 - 7;

// Bits that a position among `slot_count` needs: 0 if there is only one.
[[nodiscard]] constexpr unsigned PackedBits(std::size_t slot_count) noexcept {
  return slot_count == 0 ? 0 : static_cast<unsigned>(std::bit_width(slot_count - 1));
}

[[nodiscard]] constexpr std::size_t PackedBytes(std::size_t count, unsigned bits) noexcept {
  return (count * bits + 7) / 8;
}

// Are the bits behind the last of `count` positions zero? Requires that `packed`
// has PackedBytes().
[[nodiscard]] inline bool PaddingIsZero(std::span<const std::byte> packed, std::size_t count,
                                        unsigned bits) noexcept {
  const std::size_t bits_in_last_byte = count * bits % 8;
  return bits_in_last_byte == 0 ||
         std::to_integer<unsigned>(packed.back()) >> bits_in_last_byte == 0;
}

// PackPositions() may write this many bytes more than PackedBytes().
inline constexpr std::size_t kPackSlackBytes = 8;

// Writes PackedBytes() bytes to `out`, and rubbish to up to kPackSlackBytes
// behind them. Requires each position < 2^bits, bits <= kPackedBitsMax.
// Cost: about 0.5 ns a position.
void PackPositions(std::span<const ItemIndex> positions, unsigned bits, char8_t* out) noexcept;

// Reads `positions.size()` positions from `packed`. Requires that `bits` is
// PackedBits(slot_count) and the size of `packed` PackedBytes().
// Returns: false if one is not below `slot_count`, or if a bit left over in the
//          last byte is not zero.
// Cost:    about 0.8 ns a position.
[[nodiscard]] bool UnpackPositions(std::span<const std::byte> packed, unsigned bits,
                                   std::size_t slot_count, std::span<ItemIndex> positions) noexcept;

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_BIT_PACKING_H_
