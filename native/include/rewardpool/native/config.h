// config.h - a pool's configuration, from a YAML or JSON file.
//
// Every key, its default and its range: docs/configuration.md. The reader is
// strict: what it does not know or cannot take exactly it refuses, with file,
// line and column; it never guesses, rounds or skips.
//
// Threads: free functions, safe concurrently.
#ifndef REWARDPOOL_NATIVE_CONFIG_H_
#define REWARDPOOL_NATIVE_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rewardpool/rewardpool.h"
#include "rewardpool/status.h"

namespace rewardpool::native {

// Longest file that is read.
inline constexpr std::size_t kConfigBytesMax = std::size_t{64} << 20;

// Limits of what a file may ask for, beyond those of PoolOptions.
inline constexpr std::uint64_t kSyncIntervalMsMax = 3'600'000;
inline constexpr std::uint64_t kFlushAfterDrawsMax = 1'000'000'000;
inline constexpr std::uint64_t kKeyRetentionMax = 100'000'000;

// Reads a configuration from text.
//
// Returns: the options that it stands for. Their catalog is given, and one that
//          ItemTable::Create() accepts; `dir` is empty if the text has no
//          working_dir, and else as it is written there.
// Inputs: name: what messages call the text. A name that ends in ".json" makes
//         it JSON (RFC 8259), any other YAML.
// Errors: kInvalidArgument, "name:line:column: what is wrong".
// Cost:   O(text), memory at most a few hundred bytes for each value in it.
[[nodiscard]] Result<PoolOptions> ParseConfig(std::string_view text, std::string_view name);

// ParseConfig() of a file. Errors: also kIo if it cannot be read.
[[nodiscard]] Result<PoolOptions> LoadConfig(const std::string& path);

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_CONFIG_H_
