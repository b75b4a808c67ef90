// pool_file_names.h - the names of a pool's files, in its folder and in its
// archive, and nothing else knows them.
//
// Numbers are written as twenty decimal digits, so that names sort as they do.
//
// Threads: free functions.
#ifndef REWARDPOOL_POOL_FILE_NAMES_H_
#define REWARDPOOL_POOL_FILE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rewardpool {

inline constexpr std::string_view kLockFileName = "lock";

// "wal-00000000000000000003.log", "snapshot-00000000000000001000.snap".
[[nodiscard]] std::string SegmentFileName(std::uint64_t number);
[[nodiscard]] std::string SnapshotFileName(std::uint64_t name);
// What they are called until they are whole.
[[nodiscard]] std::string TemporarySegmentFileName(std::uint64_t number);
[[nodiscard]] std::string TemporarySnapshotFileName(std::uint64_t name);

// The number in a name made by the functions above; nothing for other names.
[[nodiscard]] std::optional<std::uint64_t> ParseSegmentFileName(std::string_view file_name);
[[nodiscard]] std::optional<std::uint64_t> ParseSnapshotFileName(std::string_view file_name);
[[nodiscard]] std::optional<std::uint64_t> ParseTemporarySegmentFileName(
    std::string_view file_name);
[[nodiscard]] std::optional<std::uint64_t> ParseTemporarySnapshotFileName(
    std::string_view file_name);

}  // namespace rewardpool

#endif  // REWARDPOOL_POOL_FILE_NAMES_H_
