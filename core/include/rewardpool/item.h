// item.h - the words a pool is described in: item ids, weights, quantities.
#ifndef REWARDPOOL_ITEM_H_
#define REWARDPOOL_ITEM_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "rewardpool/status.h"

namespace rewardpool {

// Position of an item in its pool, 0 <= index < kItemsMax. Stable while the
// item exists; after a removal the lowest free position is the next one given.
using ItemIndex = std::uint32_t;

// Relative chance of an item, 0 to kWeightMax. Zero is never drawn.
using Weight = std::uint64_t;

// Number of a request that the log holds: 1, 2, 3, ... without gaps, unique
// and increasing over the whole life of a pool, across restarts.
using RequestId = std::uint64_t;

inline constexpr std::size_t kItemsMax = std::size_t{1} << 26;
inline constexpr Weight kWeightMax = (Weight{1} << 63) - 1;
inline constexpr std::uint64_t kQuantityMax = (std::uint64_t{1} << 63) - 1;
inline constexpr std::size_t kItemIdBytesMax = 255;

// How many units of an item are left: a count of 0 to kQuantityMax, or
// unlimited, which is a state of its own and not a number.
class Quantity {
 public:
  [[nodiscard]] static constexpr Quantity Unlimited() noexcept { return Quantity(kUnlimitedBits); }
  // Requires count <= kQuantityMax.
  [[nodiscard]] static constexpr Quantity Of(std::uint64_t count) noexcept {
    assert(count <= kQuantityMax);
    return Quantity(count);
  }

  [[nodiscard]] constexpr bool is_unlimited() const noexcept { return bits_ == kUnlimitedBits; }
  // Requires !is_unlimited().
  [[nodiscard]] constexpr std::uint64_t count() const noexcept {
    assert(!is_unlimited());
    return bits_;
  }
  [[nodiscard]] constexpr bool is_zero() const noexcept { return bits_ == 0; }

  // Takes one unit. Requires !is_zero().
  // Returns: true if that was the last one.
  constexpr bool TakeOne() noexcept {
    assert(bits_ != 0);
    if (bits_ == kUnlimitedBits) return false;
    return --bits_ == 0;
  }
  // True if so many units are left.
  [[nodiscard]] constexpr bool Covers(std::uint64_t units) const noexcept { return bits_ >= units; }
  // Takes that many units. Requires Covers(units).
  constexpr void Take(std::uint64_t units) noexcept {
    assert(Covers(units));
    bits_ -= is_unlimited() ? 0 : units;
  }
  // Gives back one unit that TakeOne() took.
  constexpr void ReturnOne() noexcept {
    if (bits_ != kUnlimitedBits) ++bits_;
  }

  friend constexpr bool operator==(Quantity, Quantity) = default;

 private:
  static constexpr std::uint64_t kUnlimitedBits = std::numeric_limits<std::uint64_t>::max();
  explicit constexpr Quantity(std::uint64_t bits) noexcept : bits_(bits) {}

  std::uint64_t bits_;
};

// One line of a catalog.
struct Item {
  std::string id;
  Weight weight = 0;
  Quantity quantity = Quantity::Unlimited();

  friend bool operator==(const Item&, const Item&) = default;
};

// An item to add to a pool, whose id lies elsewhere.
struct NewItem {
  std::string_view id;
  Weight weight = 0;
  Quantity quantity = Quantity::Unlimited();
};

// Ok if `id` is 1 to kItemIdBytesMax bytes of well-formed UTF-8 without NUL;
// otherwise kInvalidArgument, saying what is wrong and where.
Status ValidateItemId(std::string_view id);
// Whether ValidateItemId() would return Ok.
[[nodiscard]] bool IsItemId(std::string_view id) noexcept;

// ValidateItemId, and the weight is at most kWeightMax.
Status ValidateItem(const Item& item);

// `text` in double quotes, with quotes, backslashes, control characters and
// malformed UTF-8 escaped: how ids appear in messages.
[[nodiscard]] std::string Quoted(std::string_view text);

}  // namespace rewardpool

#endif  // REWARDPOOL_ITEM_H_
