// file_system.h - the few calls of the operating system that storage is built
// on, as an interface: production uses PosixFileSystem(), and the crash tests
// put a simulated one in its place that forgets what was not synced.
//
// Not a general file library: one folder deep, no permissions, no times.
//
// Errors of every call, with a message that names the call, the path and the
// system's reason:
//   kNotFound       no such file or folder
//   kAlreadyExists  Create() of a name that is taken
//   kFull           no space, quota, file size or descriptor left
//   kIo             everything else
//
// Threads: a FileSystem may be used by any number at once; a File by several
//          too, as long as no two write the same bytes.
#ifndef REWARDPOOL_NATIVE_FILE_SYSTEM_H_
#define REWARDPOOL_NATIVE_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/status.h"

namespace rewardpool::native {

// A file's bytes in memory, shared with the file. Unmapped on destruction.
class MappedFile {
 public:
  virtual ~MappedFile() = default;

  [[nodiscard]] virtual std::span<std::byte> bytes() noexcept = 0;

  // Makes the bytes [offset, offset + length) durable.
  // Errors: kIo (which of them are durable is unknown).
  [[nodiscard]] virtual Status Sync(std::uint64_t offset, std::uint64_t length) = 0;
};

// An open file. Closed on destruction, without a sync.
class File {
 public:
  virtual ~File() = default;

  // Fewer bytes than asked for only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> Read(std::uint64_t offset,
                                                 std::span<std::byte> out) = 0;
  // Writes some of the bytes, at least one, and says how many; WriteFully()
  // writes them all.
  [[nodiscard]] virtual Result<std::size_t> Write(std::uint64_t offset,
                                                  std::span<const std::byte> bytes) = 0;
  // Makes the content durable, and the size if the content lies beyond the old.
  [[nodiscard]] virtual Status SyncData() = 0;
  // Makes the content and all that describes the file durable; not its name.
  [[nodiscard]] virtual Status SyncAll() = 0;
  [[nodiscard]] virtual Status Truncate(std::uint64_t length) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> Size() = 0;
  // Maps the first `length` bytes, which must exist and be allocated: touching
  // others kills the process.
  [[nodiscard]] virtual Result<std::unique_ptr<MappedFile>> Map(std::uint64_t length) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // A new, empty file for reading and writing.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> Create(const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> OpenForReading(const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> OpenForWriting(const std::string& path) = 0;
  // The names in a folder, in no order.
  [[nodiscard]] virtual Result<std::vector<std::string>> List(const std::string& folder) = 0;
  // Replaces `to` if it exists, in one step.
  [[nodiscard]] virtual Status Rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Status Unlink(const std::string& path) = 0;
  // Makes creations, renames and removals in the folder durable.
  [[nodiscard]] virtual Status SyncFolder(const std::string& folder) = 0;
};

// The real one. Interrupted calls are repeated. On macOS every sync is
// F_FULLFSYNC, since fsync() there does not reach the medium.
[[nodiscard]] FileSystem& PosixFileSystem();

// Writes all of `bytes`, in as many calls as it takes. On an error an unknown
// part was written.
[[nodiscard]] Status WriteFully(File& file, std::uint64_t offset, std::span<const std::byte> bytes);

// Unlinks `path`; Ok also if it does not exist.
[[nodiscard]] Status UnlinkIfThere(FileSystem& files, const std::string& path);

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_FILE_SYSTEM_H_
