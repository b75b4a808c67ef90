#include "rewardpool/native/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "file_path.h"
#include "posix_error.h"
#include "rewardpool/native/file_system.h"
#include "rewardpool/pool_file_names.h"

namespace rewardpool::native {
namespace {

std::string ParentOf(std::string_view folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.remove_suffix(1);
  const std::size_t slash = folder.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(folder.substr(0, slash == 0 ? 1 : slash));
}

// Of an error that has no other meaning here.
Status OtherError(const char* call, const std::string& folder, int error) {
  Status status = PosixError(call, folder, error);
  if (status.code() == StatusCode::kFull) return status;
  return Status(StatusCode::kIo, status.message());
}

// Makes `folder` and the missing ones above it, each durable in its parent.
Status MakeFolder(const std::string& folder) {
  int made = ::mkdir(folder.c_str(), 0755);
  const std::string parent = ParentOf(folder);
  if (made != 0 && errno == ENOENT && parent != folder) {
    RP_RETURN_IF_ERROR(MakeFolder(parent));
    made = ::mkdir(folder.c_str(), 0755);
  }
  if (made == 0) {
    Status status = PosixFileSystem().SyncFolder(parent);
    // Else the next owner would find it, and take it for durable.
    if (!status.ok()) ::rmdir(folder.c_str());
    return status;
  }
  if (errno == EEXIST) return Status::Ok();  // what it is, the lock finds out
  return OtherError("make the folder", folder, errno);
}

Status OpenError(const std::string& folder, int error) {
  if (error == ENOENT) {
    return Status(StatusCode::kNotFound, "there is no folder " + folder);
  }
  if (error == EACCES || error == EPERM || error == EROFS) {
    return Status(StatusCode::kIo, "the folder " + folder + " may not be written to: " +
                                       std::generic_category().message(error));
  }
  return OtherError("lock", folder, error);
}

std::string OwnerOf(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t count = ::pread(descriptor, text.data(), text.size() - 1, 0);
  const std::string_view pid(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  // The owner may be between taking the lock and writing its number.
  if (pid.empty()) return "another process";
  return "process " + std::string(pid.substr(0, pid.find('\n')));
}

}  // namespace

Result<FolderLock> FolderLock::Acquire(const std::string& folder, IfMissing if_missing) {
  if (if_missing == IfMissing::kCreate) RP_RETURN_IF_ERROR(MakeFolder(folder));
  const std::string path = PathOf(folder, kLockFileName);
  const int descriptor =
      RepeatInterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); });
  if (descriptor < 0) return OpenError(folder, errno);
  FolderLock lock(descriptor);
  if (RepeatInterrupted([&] { return ::flock(descriptor, LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return OpenError(folder, errno);
    return Status(StatusCode::kBusy,
                  "the pool in " + folder + " is in use by " + OwnerOf(descriptor));
  }
  // The number is for messages only, so a failure to write it changes nothing.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const ssize_t count = ::pwrite(descriptor, pid.data(), pid.size(), 0);
  }
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace rewardpool::native
