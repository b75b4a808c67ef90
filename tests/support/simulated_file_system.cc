#include "support/simulated_file_system.h"

#include <utility>

namespace rewardpool::tests {
namespace {

using testing::SimulatedDisk;

std::string NameIn(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class SimulatedMappedFile final : public native::MappedFile {
 public:
  SimulatedMappedFile(SimulatedDisk& disk, SimulatedDisk::Handle file, std::span<std::byte> bytes)
      : disk_(disk), file_(std::move(file)), bytes_(bytes) {}

  std::span<std::byte> bytes() noexcept override { return bytes_; }
  Status Sync(std::uint64_t offset, std::uint64_t length) override {
    return disk_.SyncRange(file_, offset, length);
  }

 private:
  SimulatedDisk& disk_;
  const SimulatedDisk::Handle file_;
  const std::span<std::byte> bytes_;
};

class SimulatedFile final : public native::File {
 public:
  SimulatedFile(SimulatedDisk& disk, SimulatedDisk::Handle file)
      : disk_(disk), file_(std::move(file)) {}

  Result<std::size_t> Read(std::uint64_t offset, std::span<std::byte> out) override {
    return disk_.Read(file_, offset, out);
  }
  Result<std::size_t> Write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return disk_.Write(file_, offset, bytes);
  }
  Status SyncData() override { return disk_.Sync(file_); }
  Status SyncAll() override { return disk_.Sync(file_); }
  Status Truncate(std::uint64_t length) override { return disk_.Resize(file_, length); }
  Result<std::uint64_t> Size() override { return disk_.Size(file_); }
  Result<std::unique_ptr<native::MappedFile>> Map(std::uint64_t length) override {
    const auto bytes = disk_.Map(file_);
    if (!bytes.ok()) return bytes.status();
    return std::unique_ptr<native::MappedFile>(
        std::make_unique<SimulatedMappedFile>(disk_, file_, (*bytes).first(length)));
  }

 private:
  SimulatedDisk& disk_;
  const SimulatedDisk::Handle file_;
};

Result<std::unique_ptr<native::File>> Opened(SimulatedDisk& disk,
                                             const Result<SimulatedDisk::Handle>& file) {
  if (!file.ok()) return file.status();
  return std::unique_ptr<native::File>(std::make_unique<SimulatedFile>(disk, *file));
}

}  // namespace

Result<std::unique_ptr<native::File>> SimulatedFileSystem::Create(const std::string& path) {
  return Opened(disk_, disk_.Create(NameIn(path)));
}
Result<std::unique_ptr<native::File>> SimulatedFileSystem::OpenForReading(const std::string& path) {
  return Opened(disk_, disk_.Open(NameIn(path)));
}
Result<std::unique_ptr<native::File>> SimulatedFileSystem::OpenForWriting(const std::string& path) {
  return Opened(disk_, disk_.Open(NameIn(path)));
}
Result<std::vector<std::string>> SimulatedFileSystem::List(const std::string& /*folder*/) {
  return disk_.List();
}
Status SimulatedFileSystem::Rename(const std::string& from, const std::string& to) {
  return disk_.Rename(NameIn(from), NameIn(to));
}
Status SimulatedFileSystem::Unlink(const std::string& path) { return disk_.Remove(NameIn(path)); }
Status SimulatedFileSystem::SyncFolder(const std::string& /*folder*/) { return disk_.SyncFolder(); }

void ScriptedBackground::Post(std::function<void()> task) {
  waiting_.push_back(std::move(task));
  if (moment_ == BackgroundMoment::kAtOnce) Drain();
}

void ScriptedBackground::Drain() {
  while (!waiting_.empty()) {
    const std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    task();
  }
}

}  // namespace rewardpool::tests
