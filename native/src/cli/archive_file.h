// archive_file.h - archives of pools as files.
#ifndef REWARDPOOL_NATIVE_SRC_CLI_ARCHIVE_FILE_H_
#define REWARDPOOL_NATIVE_SRC_CLI_ARCHIVE_FILE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "rewardpool/memory_storage.h"
#include "rewardpool/recovery.h"
#include "rewardpool/status.h"

namespace rewardpool::cli {

[[nodiscard]] bool IsFolder(const std::string& path);

struct ArchivedPool {
  std::shared_ptr<MemoryDisk> files;
  VerifyReport report;
  std::size_t bytes = 0;  // of the archive
};

// Reads an archive and verifies all of it: first the bytes, then the pool.
// Errors: those of DecodePoolArchive() and VerifyPool(), which name `path` too.
//         kIo (it is missing, or cannot be read).
[[nodiscard]] Result<ArchivedPool> ReadArchive(const std::string& path);

// Ok if WriteArchive() may write to `path`.
// Errors: kAlreadyExists (there is a file, and no `overwrite`), kInvalidArgument
//         (it is something else than a file).
[[nodiscard]] Status CheckTarget(const std::string& path, bool overwrite);

// Writes a file so that after a crash at any moment there is either what was
// there before, or all of the new one; durable on return.
// Errors: those of CheckTarget(), kFull, kIo; what was there before is untouched.
[[nodiscard]] Status WriteArchive(const std::string& path, std::span<const std::byte> archive,
                                  bool overwrite);

}  // namespace rewardpool::cli

#endif  // REWARDPOOL_NATIVE_SRC_CLI_ARCHIVE_FILE_H_
