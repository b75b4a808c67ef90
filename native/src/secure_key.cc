#include "rewardpool/native/secure_key.h"

#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#include <cerrno>

#include "posix_error.h"

namespace rewardpool::native {

Result<SecureKey> MakeSecureKey() {
  SecureKey key;
  if (::getentropy(key.data(), key.size()) != 0) {
    return Status(StatusCode::kIo, PosixError("read", "the system's entropy", errno).message());
  }
  return key;
}

}  // namespace rewardpool::native
