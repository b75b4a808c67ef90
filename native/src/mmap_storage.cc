#include "rewardpool/native/mmap_storage.h"

#include <cstring>

#include "segment_log.h"

namespace rewardpool::native {
namespace {

class MappedWriter final : public SegmentWriter {
 public:
  explicit MappedWriter(File& file) : file_(file) {}

  Status SetRoom(std::uint64_t room_bytes) override {
    // A new mapping each time: POSIX does not say what an old one shows of a
    // file that changed its size. Both share the file's pages, so nothing that
    // was written is lost.
    auto mapped = file_.Map(room_bytes);
    if (!mapped.ok()) return mapped.status();
    mapped_ = *std::move(mapped);
    return Status::Ok();
  }
  Status Write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    if (!bytes.empty()) std::memcpy(mapped_->bytes().data() + offset, bytes.data(), bytes.size());
    return Status::Ok();
  }
  Status Sync(std::uint64_t from, std::uint64_t to) override {
    return mapped_->Sync(from, to - from);
  }

 private:
  File& file_;
  std::unique_ptr<MappedFile> mapped_;
};

}  // namespace

Result<std::unique_ptr<WalStorage>> OpenMmapStorage(const std::string& folder,
                                                    const StorageEnvironment& environment) {
  return SegmentLog::Open(folder, environment, [](File& file) -> std::unique_ptr<SegmentWriter> {
    return std::make_unique<MappedWriter>(file);
  });
}

}  // namespace rewardpool::native
