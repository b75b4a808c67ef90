// file_wal_source.h - reads the log in a folder without changing it, and without
// a lock: for `log`, `verify`, `state`, also on a read-only folder.
//
// While a writer is at work a reader may see a tail that is half written, and a
// listed segment may be gone (kNotFound) when it is read.
//
// Threads: any number at once.
#ifndef REWARDPOOL_NATIVE_FILE_WAL_SOURCE_H_
#define REWARDPOOL_NATIVE_FILE_WAL_SOURCE_H_

#include <string>

#include "rewardpool/native/file_system.h"
#include "rewardpool/wal_storage.h"

namespace rewardpool::native {

class FileWalSource final : public WalSource {
 public:
  explicit FileWalSource(std::string folder, FileSystem& files = PosixFileSystem())
      : folder_(std::move(folder)), files_(&files) {}

  // Files of other names are not listed.
  Result<std::vector<SegmentInfo>> ListSegments() override;
  Result<std::size_t> Read(std::uint64_t segment, std::uint64_t offset,
                           std::span<std::byte> out) override;
  // "wal-00000000000000000003.log"
  std::string SegmentName(std::uint64_t segment) const override;

 private:
  std::string folder_;
  FileSystem* files_;
};

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_FILE_WAL_SOURCE_H_
