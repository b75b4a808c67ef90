// exit_code.h - what the command tells the shell, and how it reports trouble.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_EXIT_CODE_H_
#define REWARDPOOL_NATIVE_SRC_CLI_EXIT_CODE_H_

#include <string_view>

#include "rewardpool/status.h"

namespace rewardpool::cli {

// Part of the public surface: scripts rely on it.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRefused = 1;  // refused, exhausted, or found damaged
inline constexpr int kExitUsage = 2;    // the command line makes no sense
inline constexpr int kExitIo = 3;       // disk, file or pipe
// Ended by a signal: kExitSignal + its number.
inline constexpr int kExitSignal = 128;

// Writes "rewardpool: <message>" to standard error, as one line.
void PrintError(std::string_view message);
// Writes "rewardpool: note: <message>" to standard error, as one line.
void PrintNote(std::string_view message);

// Prints the error and returns the exit code that it stands for.
[[nodiscard]] int Fail(const Status& status);
// The same for a command line that parsed but makes no sense.
[[nodiscard]] int FailUsage(std::string_view message);

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_EXIT_CODE_H_
