// secure_key.h - a key for the random generator, from the operating system.
#ifndef REWARDPOOL_NATIVE_SECURE_KEY_H_
#define REWARDPOOL_NATIVE_SECURE_KEY_H_

#include "rewardpool/random.h"

namespace rewardpool::native {

// 32 bytes that nobody can foretell, for MakeChaCha20Random().
// Errors: kIo (the system has no entropy to give; do not draw without it).
// Cost:   one system call, about half a microsecond.
[[nodiscard]] Result<SecureKey> MakeSecureKey();

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_SECURE_KEY_H_
