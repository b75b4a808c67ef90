#include "rewardpool/pool_file_names.h"

#include <charconv>

namespace rewardpool {
namespace {

constexpr std::size_t kDigits = 20;  // of 2^64 - 1: names sort as numbers do

struct Pattern {
  std::string_view prefix;
  std::string_view suffix;
};

constexpr Pattern kSegment{"wal-", ".log"};
constexpr Pattern kTemporarySegment{"wal-", ".tmp"};
constexpr Pattern kSnapshot{"snapshot-", ".snap"};
constexpr Pattern kTemporarySnapshot{"snapshot-", ".tmp"};

std::string Format(const Pattern& pattern, std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string name(pattern.prefix);
  name.append(kDigits - digits.size(), '0').append(digits).append(pattern.suffix);
  return name;
}

std::optional<std::uint64_t> Parse(const Pattern& pattern, std::string_view name) {
  if (name.size() != pattern.prefix.size() + kDigits + pattern.suffix.size()) return std::nullopt;
  if (!name.starts_with(pattern.prefix) || !name.ends_with(pattern.suffix)) return std::nullopt;
  const std::string_view digits = name.substr(pattern.prefix.size(), kDigits);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + kDigits, number);
  if (error != std::errc() || end != digits.data() + kDigits) return std::nullopt;
  return number;
}

}  // namespace

std::string SegmentFileName(std::uint64_t number) { return Format(kSegment, number); }
std::string SnapshotFileName(std::uint64_t name) { return Format(kSnapshot, name); }
std::string TemporarySegmentFileName(std::uint64_t number) {
  return Format(kTemporarySegment, number);
}
std::string TemporarySnapshotFileName(std::uint64_t name) {
  return Format(kTemporarySnapshot, name);
}

std::optional<std::uint64_t> ParseSegmentFileName(std::string_view file_name) {
  return Parse(kSegment, file_name);
}
std::optional<std::uint64_t> ParseSnapshotFileName(std::string_view file_name) {
  return Parse(kSnapshot, file_name);
}
std::optional<std::uint64_t> ParseTemporarySegmentFileName(std::string_view file_name) {
  return Parse(kTemporarySegment, file_name);
}
std::optional<std::uint64_t> ParseTemporarySnapshotFileName(std::string_view file_name) {
  return Parse(kTemporarySnapshot, file_name);
}

}  // namespace rewardpool
