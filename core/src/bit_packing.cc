#include "bit_packing.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "little_endian.h"

namespace rewardpool::internal {
namespace {

// Both directions handle `kGroup` positions with one 64-bit word.
template <std::size_t kGroup>
void PackGroups(std::span<const ItemIndex> positions, unsigned bits, char8_t* out) noexcept {
  std::uint64_t carry = 0;
  unsigned carry_bits = 0;
  const auto put = [&](std::uint64_t group, unsigned group_bits) {
    carry |= group << carry_bits;
    carry_bits += group_bits;
    StoreLittleEndian(out, carry);
    const unsigned whole_bytes = carry_bits / 8;
    out += whole_bytes;
    // Shifted twice, since a shift by 64 would be undefined.
    carry = carry >> (4 * whole_bytes) >> (4 * whole_bytes);
    carry_bits %= 8;
  };
  std::size_t i = 0;
  for (; i + kGroup <= positions.size(); i += kGroup) {
    std::uint64_t group = 0;
    for (std::size_t k = 0; k < kGroup; ++k) {
      group |= std::uint64_t{positions[i + k]} << (k * bits);
    }
    put(group, static_cast<unsigned>(kGroup) * bits);
  }
  for (; i < positions.size(); ++i) put(positions[i], bits);
}

// Returns true if every position is at most `last`.
template <std::size_t kGroup>
bool UnpackGroups(std::span<const std::byte> packed, unsigned bits, ItemIndex last,
                  std::span<ItemIndex> positions) noexcept {
  const ItemIndex mask = (ItemIndex{1} << bits) - 1;
  // Its top bit is set once a position is larger than `last`: quicker than to
  // find the largest, for which each step waits for the one before.
  ItemIndex beyond = 0;
  std::size_t i = 0;
  for (; i + kGroup <= positions.size(); i += kGroup) {
    const std::size_t at = i * bits;
    if (at / 8 + 8 > packed.size()) break;
    std::uint64_t word = LoadLittleEndian<std::uint64_t>(packed.data() + at / 8) >> (at % 8);
    for (std::size_t k = 0; k < kGroup; ++k) {
      const ItemIndex position = static_cast<ItemIndex>(word) & mask;
      positions[i + k] = position;
      beyond |= last - position;
      word >>= bits;
    }
  }
  for (; i < positions.size(); ++i) {
    const std::size_t at = i * bits;
    std::byte last_bytes[8] = {};
    std::memcpy(last_bytes, packed.data() + at / 8,
                std::min<std::size_t>(8, packed.size() - at / 8));
    const std::uint64_t word = LoadLittleEndian<std::uint64_t>(last_bytes) >> (at % 8);
    positions[i] = static_cast<ItemIndex>(word) & mask;
    beyond |= last - positions[i];
  }
  return beyond >> 31 == 0;
}

}  // namespace

void PackPositions(std::span<const ItemIndex> positions, unsigned bits, char8_t* out) noexcept {
  assert(bits <= kPackedBitsMax);
  if (bits == 0) return;
  static_assert(2 * kPackedBitsMax <= kWordBitsMax);
  if (8 * bits <= kWordBitsMax) {
    PackGroups<8>(positions, bits, out);
  } else if (4 * bits <= kWordBitsMax) {
    PackGroups<4>(positions, bits, out);
  } else {
    PackGroups<2>(positions, bits, out);
  }
}

bool UnpackPositions(std::span<const std::byte> packed, unsigned bits, std::size_t slot_count,
                     std::span<ItemIndex> positions) noexcept {
  assert(bits == PackedBits(slot_count));
  assert(packed.size() == PackedBytes(positions.size(), bits));
  if (positions.empty()) return true;
  if (bits == 0) {
    std::fill(positions.begin(), positions.end(), ItemIndex{0});
    return slot_count != 0;
  }
  const auto last = static_cast<ItemIndex>(slot_count - 1);
  const bool all_exist = 8 * bits <= kWordBitsMax ? UnpackGroups<8>(packed, bits, last, positions)
                         : 4 * bits <= kWordBitsMax
                             ? UnpackGroups<4>(packed, bits, last, positions)
                             : UnpackGroups<2>(packed, bits, last, positions);
  return all_exist && PaddingIsZero(packed, positions.size(), bits);
}

}  // namespace rewardpool::internal
