// whole_number.h - whole numbers and quantities as people write them, for the
// configuration and the command line alike.
#ifndef REWARDPOOL_NATIVE_SRC_CONFIG_WHOLE_NUMBER_H_
#define REWARDPOOL_NATIVE_SRC_CONFIG_WHOLE_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "rewardpool/item.h"

namespace rewardpool::native::internal {

[[nodiscard]] constexpr bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }

// The number, if `text` is nothing but plain digits, without leading zeros, and
// fits in 64 bits.
[[nodiscard]] std::optional<std::uint64_t> ParseWholeNumber(std::string_view text);

// A whole number up to kQuantityMax, or unlimited: "unlimited" or "-1".
[[nodiscard]] std::optional<Quantity> ParseQuantity(std::string_view text);

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_CONFIG_WHOLE_NUMBER_H_
