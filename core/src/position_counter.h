// position_counter.h - how often each position occurs in packed draws, without
// unpacking them one by one.
#ifndef REWARDPOOL_SRC_POSITION_COUNTER_H_
#define REWARDPOOL_SRC_POSITION_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rewardpool/large_memory.h"
#include "rewardpool/record_codec.h"

namespace rewardpool::internal {

// Narrow positions are counted several at a time: a row of them is a *symbol*, and
// what is counted is symbols. Neighbouring symbols count in different tables, since
// a draw is often the same as the one before, and an increment would wait for the
// last one of the same number.
class PositionCounter {
 public:
  // How the work is laid out.
  struct Layout {
    // For positions of `position_bits` bits each, at most kPackedBitsMax. With
    // `draws` draws to come going through the tables costs little beside them.
    Layout(unsigned position_bits, std::uint64_t draws) noexcept;

    unsigned bits;
    unsigned symbol_positions = 1;
    std::size_t tables = 1;  // or kTables

    friend bool operator==(const Layout&, const Layout&) = default;
  };

  explicit PositionCounter(const Layout& layout);

  // Requires draws.bits == layout().bits, and fewer than 2^32 draws until the next
  // MoveTo(). Returns: false if a bit behind the last position is not zero.
  // Cost: 0.1 to 0.5 ns a draw while the tables are in cache.
  [[nodiscard]] bool Count(const PackedDraws& draws) noexcept;

  // Adds to counts[i] how often position i has occurred, and begins at 0 again.
  // Requires 2^bits counts.
  void MoveTo(std::span<std::uint32_t> counts) noexcept;

  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }

 private:
  static constexpr unsigned kSymbolBitsMax = 12;
  static constexpr std::size_t kTables = 4;

  // Counts most positions, of more bits than a symbol may have. Returns: the others.
  [[nodiscard]] PackedDraws WithoutEights(const PackedDraws& draws) noexcept;
  template <std::size_t kGroup>
  void CountSymbols(const PackedDraws& draws) noexcept;

  [[nodiscard]] unsigned symbol_bits() const noexcept {
    return layout_.bits * layout_.symbol_positions;
  }

  Layout layout_;
  std::vector<std::uint32_t> symbols_;  // kTables tables, one after the other, or none
  LargeVector<std::uint32_t> singles_;  // positions that fill no symbol, or all
};

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_POSITION_COUNTER_H_
