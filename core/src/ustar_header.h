// ustar_header.h - the header of one entry in a pool's archive. It is a function
// of the entry's name and size, so that one archive has one form.
//
// Spec: docs/archive-format.md, and POSIX.1-2017 pax, "ustar Interchange Format".
#ifndef REWARDPOOL_SRC_USTAR_HEADER_H_
#define REWARDPOOL_SRC_USTAR_HEADER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "rewardpool/status.h"

namespace rewardpool::internal {

// Headers are one block, and contents are filled up with zeros to whole blocks.
inline constexpr std::size_t kUstarBlockBytes = 512;
inline constexpr std::size_t kUstarNameBytesMax = 100;
inline constexpr std::uint64_t kUstarSizeMax = (std::uint64_t{1} << 33) - 1;  // 11 octal digits

// Of the archives that this program reads and writes.
inline constexpr std::uint32_t kArchiveVersion = 1;

using UstarHeader = std::array<std::byte, kUstarBlockBytes>;

// Requires a name of 1 to kUstarNameBytesMax bytes without NUL.
// Errors: kInvalidArgument (size above kUstarSizeMax).
[[nodiscard]] Result<UstarHeader> MakeUstarHeader(std::string_view name, std::uint64_t size);

// The name and size that a header has; nothing if there is no such header. The
// rest of it is not looked at: compare it with MakeUstarHeader(). The name is a
// view into `block`.
struct UstarEntry {
  std::string_view name;
  std::uint64_t size = 0;
};
[[nodiscard]] std::optional<UstarEntry> ReadUstarHeader(
    std::span<const std::byte, kUstarBlockBytes> block);

// The version of the archive that a header begins; nothing if it is no header of
// a pool's archive, or its own checksum is wrong.
[[nodiscard]] std::optional<std::uint32_t> ArchiveVersionOf(
    std::span<const std::byte, kUstarBlockBytes> block);

}  // namespace rewardpool::internal

#endif  // REWARDPOOL_SRC_USTAR_HEADER_H_
