#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "posix_error.h"
#include "rewardpool/native/file_system.h"

namespace rewardpool::native {
namespace {

Status SyncDescriptor(int descriptor, bool data_only, const std::string& path) {
#if defined(__APPLE__)
  (void)data_only;
  const int result = RepeatInterrupted([&] { return ::fcntl(descriptor, F_FULLFSYNC); });
#else
  const int result =
      RepeatInterrupted([&] { return data_only ? ::fdatasync(descriptor) : ::fsync(descriptor); });
#endif
  if (result == 0) return Status::Ok();
  // No space found at this late moment is no different from any other loss: the
  // data was accepted before.
  const Status status = PosixError("sync", path, errno);
  return Status(StatusCode::kIo, status.message());
}

class PosixMappedFile final : public MappedFile {
 public:
  PosixMappedFile(std::string path, std::span<std::byte> bytes)
      : path_(std::move(path)),
        bytes_(bytes),
        page_bytes_(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) {}
  ~PosixMappedFile() override { ::munmap(bytes_.data(), bytes_.size()); }

  std::span<std::byte> bytes() noexcept override { return bytes_; }

  Status Sync(std::uint64_t offset, std::uint64_t length) override {
    const std::uint64_t begin = offset - offset % page_bytes_;
    if (RepeatInterrupted([&] {
          return ::msync(bytes_.data() + begin, offset + length - begin, MS_SYNC);
        }) != 0) {
      return Status(StatusCode::kIo, PosixError("msync", path_, errno).message());
    }
    return Status::Ok();
  }

 private:
  const std::string path_;
  const std::span<std::byte> bytes_;
  const std::uint64_t page_bytes_;
};

class PosixFile final : public File {
 public:
  PosixFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  ~PosixFile() override { ::close(descriptor_); }

  Result<std::size_t> Read(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = RepeatInterrupted([&] {
        return ::pread(descriptor_, out.data() + done, out.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (count < 0) return PosixError("read", path_, errno);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<std::size_t> Write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const ssize_t count = RepeatInterrupted([&] {
      return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (count < 0) return PosixError("write", path_, errno);
    return static_cast<std::size_t>(count);
  }

  Status SyncData() override { return SyncDescriptor(descriptor_, /*data_only=*/true, path_); }
  Status SyncAll() override { return SyncDescriptor(descriptor_, /*data_only=*/false, path_); }

  Status Truncate(std::uint64_t length) override {
    if (RepeatInterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(length)); }) !=
        0) {
      return PosixError("truncate", path_, errno);
    }
    return Status::Ok();
  }

  Result<std::uint64_t> Size() override {
    struct stat info {};
    if (::fstat(descriptor_, &info) != 0) return PosixError("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<std::unique_ptr<MappedFile>> Map(std::uint64_t length) override {
    void* const address =
        ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (address == MAP_FAILED) return PosixError("map", path_, errno);
    return std::unique_ptr<MappedFile>(std::make_unique<PosixMappedFile>(
        path_, std::span(static_cast<std::byte*>(address), length)));
  }

 private:
  const std::string path_;
  const int descriptor_;
};

class PosixFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Create(const std::string& path) override {
    return Open("create", path, O_RDWR | O_CREAT | O_EXCL);
  }
  Result<std::unique_ptr<File>> OpenForReading(const std::string& path) override {
    return Open("open", path, O_RDONLY);
  }
  Result<std::unique_ptr<File>> OpenForWriting(const std::string& path) override {
    return Open("open", path, O_RDWR);
  }

  Result<std::vector<std::string>> List(const std::string& folder) override {
    DIR* const stream = ::opendir(folder.c_str());
    if (stream == nullptr) return PosixError("list", folder, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) names.emplace_back(entry->d_name);
    const int error = errno;
    ::closedir(stream);
    if (error != 0) return PosixError("list", folder, error);
    return names;
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return PosixError("rename", from, errno);
    return Status::Ok();
  }

  Status Unlink(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return PosixError("remove", path, errno);
    return Status::Ok();
  }

  Status SyncFolder(const std::string& folder) override {
    const int descriptor = RepeatInterrupted(
        [&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return PosixError("open", folder, errno);
    Status status = SyncDescriptor(descriptor, /*data_only=*/false, folder);
    ::close(descriptor);
    return status;
  }

 private:
  static Result<std::unique_ptr<File>> Open(const char* call, const std::string& path, int flags) {
    const int descriptor =
        RepeatInterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
    if (descriptor < 0) return PosixError(call, path, errno);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(path, descriptor));
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static PosixFiles files;
  return files;
}

}  // namespace rewardpool::native
