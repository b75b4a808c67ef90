// zero_bytes.h - writing room made of zeros, and finding out whether all is zero.
#ifndef REWARDPOOL_NATIVE_SRC_ZERO_BYTES_H_
#define REWARDPOOL_NATIVE_SRC_ZERO_BYTES_H_

#include <cstdint>

#include "rewardpool/native/file_system.h"

namespace rewardpool::native {

// Writes zeros over [from, to) of the file. Really writes them: allocated blocks
// that were never written would cost metadata at their first sync.
[[nodiscard]] Status WriteZeros(File& file, std::uint64_t from, std::uint64_t to);

// Whether any byte from `offset` to the end of the file is not zero.
[[nodiscard]] Result<bool> HasNonZeroFrom(File& file, std::uint64_t offset);

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_SRC_ZERO_BYTES_H_
