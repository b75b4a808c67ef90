// bytes.h - short ways to write and show bytes in tests.
#ifndef REWARDPOOL_TESTS_SUPPORT_BYTES_H_
#define REWARDPOOL_TESTS_SUPPORT_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rewardpool/wal_storage.h"

namespace rewardpool::tests {

// The bytes of `text`, which must outlive them.
inline std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

// Two lower-case digits a byte.
inline std::string HexOf(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

// `count` bytes without zeros that differ from place to place and from `tag` to
// `tag`, so that bytes in the wrong place are noticed.
inline std::vector<std::byte> Pattern(std::size_t count, std::uint32_t tag) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t word = (static_cast<std::uint32_t>(i) + 1) * 2654435761u ^ tag * 40503u;
    bytes[i] = static_cast<std::byte>((word >> 16) % 255 + 1);
  }
  return bytes;
}

inline std::vector<std::byte> Joined(std::vector<std::byte> first,
                                     const std::vector<std::byte>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// All that Read() gives for a segment, in pieces of an odd size.
inline Result<std::vector<std::byte>> ReadAll(WalSource& source, std::uint64_t segment) {
  std::vector<std::byte> all;
  std::vector<std::byte> piece(1009);
  while (true) {
    const auto count = source.Read(segment, all.size(), piece);
    if (!count.ok()) return count.status();
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*count));
    if (*count < piece.size()) return all;
  }
}

// `bytes` without the zeros at the end: what was written, without spare room.
inline std::vector<std::byte> WithoutRoom(std::vector<std::byte> bytes) {
  while (!bytes.empty() && bytes.back() == std::byte{0}) bytes.pop_back();
  return bytes;
}

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_BYTES_H_
