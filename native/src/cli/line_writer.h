// line_writer.h - lines for standard output, never half of one.
//
// Whoever reads them through a pipe sees whole lines only, even when this
// process is killed in the middle of a write: pieces of up to PIPE_BUF bytes
// are written at once or not at all, and each ends with a line.
//
// Threads: one owner.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_LINE_WRITER_H_
#define REWARDPOOL_NATIVE_SRC_CLI_LINE_WRITER_H_

#include <cstddef>
#include <string>

#include "rewardpool/status.h"

namespace rewardpool::cli {

// The status of a write to a pipe that nobody reads any more.
[[nodiscard]] const Status& ReaderGone();

class LineWriter {
 public:
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}

  // Where whole lines are appended to.
  [[nodiscard]] std::string& buffer() noexcept { return buffer_; }

  // Writes what is in the buffer. Errors: ReaderGone(), kIo; the rest of the
  // buffer is then dropped.
  [[nodiscard]] Status Flush();
  // Flush() if much has gathered.
  [[nodiscard]] Status FlushIfLong();

 private:
  int descriptor_;
  std::string buffer_;
};

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_LINE_WRITER_H_
