// stop_signals.h - an orderly end on SIGINT and SIGTERM.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_STOP_SIGNALS_H_
#define REWARDPOOL_NATIVE_SRC_CLI_STOP_SIGNALS_H_

namespace rewardpool::cli {

// From now on the first SIGINT or SIGTERM is only noted; a second one ends the
// process at once, which a pool survives.
void CatchStopSignals();

// The signal that came, or 0.
[[nodiscard]] int StopSignal() noexcept;

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_STOP_SIGNALS_H_
