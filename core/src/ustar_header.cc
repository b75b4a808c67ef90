#include "ustar_header.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <string>
#include <system_error>

namespace rewardpool::internal {
namespace {

struct Field {
  std::size_t at;
  std::size_t bytes;
};

constexpr Field kName{0, kUstarNameBytesMax};
constexpr Field kMode{100, 8};
constexpr Field kUserId{108, 8};
constexpr Field kGroupId{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kTime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr Field kType{156, 1};
constexpr Field kMagic{257, 6};
constexpr Field kVersion{263, 2};
constexpr Field kUserName{265, 32};
constexpr Field kGroupName{297, 32};
constexpr Field kDeviceMajor{329, 8};
constexpr Field kDeviceMinor{337, 8};

constexpr std::uint64_t kMode0644 = 0644;
// 1980-01-01, since some programs warn of times in the year 1970.
constexpr std::uint64_t kFixedTimeS = 315532800;
constexpr char kRegularFile = '0';

constexpr std::string_view kOwner = "rewardpool";
// With the archive's version behind it: it stands where every tar program keeps
// and none interprets it.
constexpr std::string_view kGroupPrefix = "archive-";

void PutText(UstarHeader& header, const Field& field, std::string_view text) {
  assert(text.size() <= field.bytes);
  std::transform(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(field.at),
                 [](char c) { return static_cast<std::byte>(c); });
}

// As many octal digits as there is room for, one byte left for the NUL.
std::string OctalDigits(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 3) {
    text[i] = static_cast<char>('0' + static_cast<char>(value & 7));
  }
  return text;
}

void PutNumber(UstarHeader& header, const Field& field, std::uint64_t value) {
  PutText(header, field, OctalDigits(value, field.bytes - 1));
}

std::string_view TextOf(std::span<const std::byte, kUstarBlockBytes> block, const Field& field) {
  const auto bytes = block.subspan(field.at, field.bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

// The sum of all bytes, those of the checksum itself taken as spaces.
std::uint32_t SumOf(std::span<const std::byte, kUstarBlockBytes> block) {
  std::uint32_t sum = kChecksum.bytes * ' ';
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i - kChecksum.at >= kChecksum.bytes) sum += static_cast<std::uint32_t>(block[i]);
  }
  return sum;
}

// The checksum is the one field that ends with NUL and a space.
std::string ChecksumDigits(std::span<const std::byte, kUstarBlockBytes> block) {
  return OctalDigits(SumOf(block), kChecksum.bytes - 2);
}

template <typename Integer>
std::optional<Integer> ParseDigits(std::string_view digits, int base) {
  Integer value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<UstarHeader> MakeUstarHeader(std::string_view name, std::uint64_t size) {
  assert(!name.empty() && name.size() <= kUstarNameBytesMax);
  if (size > kUstarSizeMax) {
    return Status(StatusCode::kInvalidArgument, std::string(name) + " has " + std::to_string(size) +
                                                    " bytes; a file in an archive has at most " +
                                                    std::to_string(kUstarSizeMax));
  }
  UstarHeader header{};
  PutText(header, kName, name);
  PutNumber(header, kMode, kMode0644);
  PutNumber(header, kUserId, 0);
  PutNumber(header, kGroupId, 0);
  PutNumber(header, kSize, size);
  PutNumber(header, kTime, kFixedTimeS);
  header[kType.at] = static_cast<std::byte>(kRegularFile);
  PutText(header, kMagic, "ustar");
  PutText(header, kVersion, "00");
  PutText(header, kUserName, kOwner);
  PutText(header, kGroupName, std::string(kGroupPrefix) + std::to_string(kArchiveVersion));
  PutNumber(header, kDeviceMajor, 0);
  PutNumber(header, kDeviceMinor, 0);
  PutText(header, kChecksum, ChecksumDigits(header) + std::string("\0 ", 2));
  return header;
}

std::optional<UstarEntry> ReadUstarHeader(std::span<const std::byte, kUstarBlockBytes> block) {
  const std::string_view name = TextOf(block, kName);
  const std::optional<std::uint64_t> size = ParseDigits<std::uint64_t>(TextOf(block, kSize), 8);
  if (name.empty() || !size || *size > kUstarSizeMax) return std::nullopt;
  return UstarEntry{name, *size};
}

std::optional<std::uint32_t> ArchiveVersionOf(std::span<const std::byte, kUstarBlockBytes> block) {
  const std::string_view group = TextOf(block, kGroupName);
  if (TextOf(block, kUserName) != kOwner || !group.starts_with(kGroupPrefix) ||
      TextOf(block, kChecksum) != ChecksumDigits(block)) {
    return std::nullopt;
  }
  return ParseDigits<std::uint32_t>(group.substr(kGroupPrefix.size()), 10);
}

}  // namespace rewardpool::internal
