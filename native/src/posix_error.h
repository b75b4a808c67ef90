// posix_error.h - from errno to Status, and calls that a signal interrupted.
#ifndef REWARDPOOL_NATIVE_SRC_POSIX_ERROR_H_
#define REWARDPOOL_NATIVE_SRC_POSIX_ERROR_H_

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "rewardpool/status.h"

namespace rewardpool::native {

// "cannot write pool/wal-1.log: No space left on device"
[[nodiscard]] inline Status PosixError(std::string_view call, std::string_view path, int error) {
  StatusCode code = StatusCode::kIo;
  if (error == ENOENT) code = StatusCode::kNotFound;
  if (error == EEXIST) code = StatusCode::kAlreadyExists;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) code = StatusCode::kFull;
  // Too many open files, of this process or in all.
  if (error == EMFILE || error == ENFILE) code = StatusCode::kFull;
  std::string message = "cannot ";
  message.append(call).append(" ").append(path).append(": ");
  return Status(code, message + std::generic_category().message(error));
}

// Repeats a call that returns -1 and sets errno to EINTR.
template <typename Call>
auto RepeatInterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_SRC_POSIX_ERROR_H_
