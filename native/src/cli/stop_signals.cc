#include "cli/stop_signals.h"

#include <csignal>

namespace rewardpool::cli {
namespace {

volatile std::sig_atomic_t g_stop_signal = 0;

void NoteSignal(int signal) { g_stop_signal = signal; }

}  // namespace

void CatchStopSignals() {
  struct sigaction action = {};
  action.sa_handler = &NoteSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int StopSignal() noexcept { return g_stop_signal; }

}  // namespace rewardpool::cli
