#include "config/whole_number.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace rewardpool::native::internal {

std::optional<std::uint64_t> ParseWholeNumber(std::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<Quantity> ParseQuantity(std::string_view text) {
  if (text == "unlimited" || text == "-1") return Quantity::Unlimited();
  const std::optional<std::uint64_t> count = ParseWholeNumber(text);
  if (!count || *count > kQuantityMax) return std::nullopt;
  return Quantity::Of(*count);
}

}  // namespace rewardpool::native::internal
