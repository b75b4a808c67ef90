#include "rewardpool/native/file_storage.h"

#include "segment_log.h"

namespace rewardpool::native {
namespace {

class PositionedWriter final : public SegmentWriter {
 public:
  explicit PositionedWriter(File& file) : file_(file) {}

  Status SetRoom(std::uint64_t /*room_bytes*/) override { return Status::Ok(); }
  Status Write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return WriteFully(file_, offset, bytes);
  }
  Status Sync(std::uint64_t /*from*/, std::uint64_t /*to*/) override { return file_.SyncData(); }

 private:
  File& file_;
};

}  // namespace

Result<std::unique_ptr<WalStorage>> OpenFileStorage(const std::string& folder,
                                                    const StorageEnvironment& environment) {
  return SegmentLog::Open(folder, environment, [](File& file) -> std::unique_ptr<SegmentWriter> {
    return std::make_unique<PositionedWriter>(file);
  });
}

}  // namespace rewardpool::native
