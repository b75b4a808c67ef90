#include "cli/progress_bar.h"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "cli/text_table.h"

namespace rewardpool::cli {
namespace {

constexpr std::chrono::milliseconds kPaintInterval{100};
constexpr std::uint64_t kBarCells = 30;
constexpr const char* kWipeLine = "\r\x1B[K";

}  // namespace

ProgressBar::ProgressBar(std::uint64_t total)
    : total_(total),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      next_paint_(start_ + kPaintInterval) {}

ProgressBar::~ProgressBar() {
  if (is_painted_) std::fputs(kWipeLine, stderr);
}

void ProgressBar::Update(std::uint64_t done) {
  if (!is_terminal_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_paint_) return;
  next_paint_ = now + kPaintInterval;
  is_painted_ = true;

  const double share = static_cast<double>(done) / static_cast<double>(total_);
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarCells));
  std::string line = kWipeLine;
  line.append("[").append(filled, '#').append(kBarCells - filled, '.').append("] ");
  line.append(Grouped(done)).append(" of ").append(Grouped(total_)).append(" draws, ");
  line.append(Grouped(static_cast<std::uint64_t>(static_cast<double>(done) / elapsed_s)));
  line.append(" a second");
  std::fputs(line.c_str(), stderr);
}

}  // namespace rewardpool::cli
