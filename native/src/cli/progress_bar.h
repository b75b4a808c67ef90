// progress_bar.h - how far a long run has come, for whoever watches a terminal.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_PROGRESS_BAR_H_
#define REWARDPOOL_NATIVE_SRC_CLI_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>

namespace rewardpool::cli {

// Draws on standard error, and only if that is a terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::uint64_t total);
  // Wipes the bar away.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Requires done <= total. Cheap: paints ten times a second at most.
  void Update(std::uint64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  const std::uint64_t total_;
  const bool is_terminal_;
  const Clock::time_point start_;
  Clock::time_point next_paint_;
  bool is_painted_ = false;
};

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_PROGRESS_BAR_H_
