#include "position_counter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

#include "bit_packing.h"
#include "little_endian.h"

namespace rewardpool::internal {
namespace {

// So many positions fill as many bytes as one has bits, so that a compiler knows where
// in these each of them lies.
constexpr std::size_t kPositionsAtOnce = 8;

// Counts positions of kBits bits, eight at a time. Returns: how many bytes of them; fewer
// than kBits + 4 are left.
template <unsigned kBits>
std::size_t CountEights(std::span<const std::byte> packed, std::uint32_t* counts) noexcept {
  using Word = std::uint32_t;
  // With an even number of bits none begins later than in the seventh bit of a byte.
  static_assert(kPackedBitsMax + 6 <= 32 && kPackedBitsMax % 2 == 0);
  constexpr Word kMask = (Word{1} << kBits) - 1;
  std::size_t at = 0;
  for (; packed.size() - at >= kBits + sizeof(Word); at += kBits) {
    // All are read before one is counted: for all that the compiler knows, a count is
    // written over them.
    std::array<Word, kPositionsAtOnce> positions;
    for (std::size_t k = 0; k < kPositionsAtOnce; ++k) {
      positions[k] = LoadLittleEndian<Word>(&packed[at + k * kBits / 8]) >> (k * kBits % 8);
    }
    for (const Word position : positions) ++counts[position & kMask];
  }
  return at;
}

using CountFunction = std::size_t (*)(std::span<const std::byte>, std::uint32_t*) noexcept;

// By the number of bits beyond kFirst.
template <unsigned kFirst, std::size_t... more>
constexpr std::array<CountFunction, sizeof...(more)> CountFunctions(
    std::index_sequence<more...>) noexcept {
  return {&CountEights<kFirst + more>...};
}

}  // namespace

PositionCounter::Layout::Layout(unsigned position_bits, std::uint64_t draws) noexcept
    : bits(position_bits) {
  assert(bits <= kPackedBitsMax);
  // Of kTables tables of 2^room entries there is one entry for two draws at least.
  const unsigned room = std::min<unsigned>(
      kSymbolBitsMax, static_cast<unsigned>(std::bit_width(draws / (4 * kTables))));
  if (bits == 0 || bits > room) return;
  symbol_positions = room / bits;
  tables = kTables;
}

PositionCounter::PositionCounter(const Layout& layout)
    : layout_(layout),
      symbols_(layout.tables == kTables ? kTables << symbol_bits() : 0),
      singles_(std::size_t{1} << layout.bits) {}

bool PositionCounter::Count(const PackedDraws& draws) noexcept {
  const unsigned bits = layout_.bits;
  assert(draws.bits == bits && draws.positions.size() == PackedBytes(draws.count, bits));
  if (bits == 0) {
    singles_[0] += static_cast<std::uint32_t>(draws.count);
    return true;
  }
  if (layout_.tables == kTables) {
    static_assert(kTables * kSymbolBitsMax <= kWordBitsMax);
    CountSymbols<kTables>(draws);
  } else {
    static_assert(2 * kPackedBitsMax <= kWordBitsMax);
    CountSymbols<2>(bits > kSymbolBitsMax ? WithoutEights(draws) : draws);
  }
  return PaddingIsZero(draws.positions, draws.count, bits);
}

PackedDraws PositionCounter::WithoutEights(const PackedDraws& draws) noexcept {
  constexpr unsigned kFirst = kSymbolBitsMax + 1;
  static constexpr auto kFunctions =
      CountFunctions<kFirst>(std::make_index_sequence<kPackedBitsMax - kFirst + 1>());
  const std::size_t counted_bytes =
      kFunctions[draws.bits - kFirst](draws.positions, singles_.data());
  return {.count = draws.count - counted_bytes * 8 / draws.bits,
          .bits = draws.bits,
          .positions = draws.positions.subspan(counted_bytes)};
}

template <std::size_t kGroup>
void PositionCounter::CountSymbols(const PackedDraws& draws) noexcept {
  const std::byte* const packed = draws.positions.data();
  const std::size_t packed_bytes = draws.positions.size();
  const unsigned symbol_bits = this->symbol_bits();
  const std::uint64_t symbol_mask = (std::uint64_t{1} << symbol_bits) - 1;
  const std::size_t group_positions = kGroup * layout_.symbol_positions;
  std::uint32_t* const symbols = kGroup == kTables ? symbols_.data() : singles_.data();

  std::size_t left = draws.count;
  std::size_t at = 0;  // in bits
  for (; left >= group_positions && at / 8 + 8 <= packed_bytes; left -= group_positions) {
    std::uint64_t word = LoadLittleEndian<std::uint64_t>(packed + at / 8) >> (at % 8);
    for (std::size_t k = 0; k < kGroup; ++k) {
      const std::size_t table = kGroup == kTables ? k << symbol_bits : 0;
      ++symbols[table + (word & symbol_mask)];
      word >>= symbol_bits;
    }
    at += kGroup * symbol_bits;
  }
  // What is left fits one word: it is less than a group, or less than 8 bytes.
  std::byte last_bytes[8] = {};
  std::memcpy(last_bytes, packed + at / 8, packed_bytes - at / 8);
  std::uint64_t word = LoadLittleEndian<std::uint64_t>(last_bytes) >> (at % 8);
  const std::uint64_t mask = (std::uint64_t{1} << layout_.bits) - 1;
  for (; left > 0; --left) {
    ++singles_[word & mask];
    word >>= layout_.bits;
  }
}

void PositionCounter::MoveTo(std::span<std::uint32_t> counts) noexcept {
  assert(counts.size() == singles_.size());
  for (std::size_t position = 0; position < singles_.size(); ++position) {
    counts[position] += singles_[position];
  }
  const std::size_t table_size = symbols_.size() / kTables;
  for (std::size_t symbol = 0; symbol < table_size; ++symbol) {
    std::uint32_t count = 0;
    for (std::size_t table = 0; table < kTables; ++table) {
      count += symbols_[table * table_size + symbol];
    }
    if (count == 0) continue;
    for (unsigned k = 0; k < layout_.symbol_positions; ++k) {
      counts[symbol >> (k * layout_.bits) & (singles_.size() - 1)] += count;
    }
  }
  std::fill(singles_.begin(), singles_.end(), 0);
  std::fill(symbols_.begin(), symbols_.end(), 0);
}

}  // namespace rewardpool::internal
