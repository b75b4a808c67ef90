// nearest_name.h - "did you mean ...?"
#ifndef REWARDPOOL_NATIVE_SRC_CONFIG_NEAREST_NAME_H_
#define REWARDPOOL_NATIVE_SRC_CONFIG_NEAREST_NAME_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace rewardpool::native::internal {

// Fewest single-byte insertions, deletions, replacements and swaps of
// neighbours that make `a` from `b` (optimal string alignment distance).
// Cost: O(a.size() * b.size()).
[[nodiscard]] std::size_t EditDistance(std::string_view a, std::string_view b);

// The known name that is most like `name`; empty if none is like it at all.
[[nodiscard]] std::string_view NearestName(std::string_view name,
                                           std::span<const std::string_view> known);

// "; did you mean "weight"?", or, if nothing known is near, "; known: a, b, c".
[[nodiscard]] std::string Suggestion(std::string_view name,
                                     std::span<const std::string_view> known);

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_CONFIG_NEAREST_NAME_H_
