#include "cli/line_writer.h"

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace rewardpool::cli {
namespace {

constexpr std::size_t kLongBytes = std::size_t{64} * 1024;

// The longest beginning of `text` that is written whole or not at all and ends
// with a line; of a line that is too long for that, the part that fits.
std::size_t PieceLength(std::string_view text) {
  if (text.size() <= PIPE_BUF) return text.size();
  const std::size_t line_end = text.rfind('\n', PIPE_BUF - 1);
  return line_end == std::string_view::npos ? PIPE_BUF : line_end + 1;
}

}  // namespace

const Status& ReaderGone() {
  static const Status status(StatusCode::kClosed, "standard output was closed by its reader");
  return status;
}

Status LineWriter::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = write(descriptor_, rest.data(), PieceLength(rest));
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      const int error = errno;
      buffer_.clear();
      if (error == EPIPE) return ReaderGone();
      return {StatusCode::kIo,
              "cannot write to standard output: " + std::generic_category().message(error)};
    }
  }
  buffer_.clear();
  return Status::Ok();
}

Status LineWriter::FlushIfLong() { return buffer_.size() < kLongBytes ? Status::Ok() : Flush(); }

}  // namespace rewardpool::cli
