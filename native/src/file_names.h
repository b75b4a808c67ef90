// file_names.h - the names of a pool's files, and nothing else knows them.
#ifndef REWARDPOOL_NATIVE_SRC_FILE_NAMES_H_
#define REWARDPOOL_NATIVE_SRC_FILE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rewardpool::native {

inline constexpr std::string_view kLockFileName = "lock";

[[nodiscard]] std::string SegmentFileName(std::uint64_t number);
[[nodiscard]] std::string SnapshotFileName(std::uint64_t name);
[[nodiscard]] std::string TemporarySnapshotFileName(std::uint64_t name);

// The number in a name made by the functions above; nothing for other names.
[[nodiscard]] std::optional<std::uint64_t> ParseSegmentFileName(std::string_view file_name);
[[nodiscard]] std::optional<std::uint64_t> ParseSnapshotFileName(std::string_view file_name);
[[nodiscard]] std::optional<std::uint64_t> ParseTemporarySnapshotFileName(
    std::string_view file_name);

[[nodiscard]] std::string PathOf(std::string_view folder, std::string_view file_name);

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_SRC_FILE_NAMES_H_
