#include "cli/exit_code.h"

#include <csignal>
#include <cstdio>
#include <string>

#include "cli/line_writer.h"

namespace rewardpool::cli {
namespace {

void PrintLine(std::string line) {
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void PrintError(std::string_view message) {
  PrintLine(std::string("rewardpool: ").append(message));
}

void PrintNote(std::string_view message) {
  PrintLine(std::string("rewardpool: note: ").append(message));
}

int Fail(const Status& status) {
  // Whoever reads our output has what they wanted ("| head"): no error of ours.
  if (status == ReaderGone()) return kExitSignal + SIGPIPE;
  PrintError(status.message());
  switch (status.code()) {
    case StatusCode::kIo:
    case StatusCode::kFull:
    case StatusCode::kOutcomeUnknown:
      return kExitIo;
    default:
      return kExitRefused;
  }
}

int FailUsage(std::string_view message) {
  PrintError(message);
  return kExitUsage;
}

}  // namespace rewardpool::cli
