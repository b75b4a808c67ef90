#include "config/nearest_name.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "rewardpool/item.h"

namespace rewardpool::native::internal {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  // Rows of the table for the prefixes of `a` of length i-2, i-1 and i.
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view NearestName(std::string_view name, std::span<const std::string_view> known) {
  // A longer name cannot be near, and comparing it would cost its length.
  constexpr std::size_t kNameBytesMax = 64;
  if (name.size() > kNameBytesMax) return {};
  std::string_view nearest;
  std::size_t nearest_distance = kNameBytesMax;
  for (const std::string_view candidate : known) {
    const std::size_t distance = EditDistance(name, candidate);
    const std::size_t distance_max = std::max(name.size(), candidate.size()) / 2;
    if (distance <= distance_max && distance < nearest_distance) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

std::string Suggestion(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view nearest = NearestName(name, known);
  if (!nearest.empty()) return "; did you mean " + Quoted(nearest) + "?";
  std::string text = "; known: ";
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i != 0) text.append(", ");
    text.append(known[i]);
  }
  return text;
}

}  // namespace rewardpool::native::internal
