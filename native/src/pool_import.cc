#include "rewardpool/native/pool_import.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "file_path.h"
#include "rewardpool/native/file_snapshot_store.h"
#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/pool_file_names.h"
#include "rewardpool/recovery.h"
#include "zero_bytes.h"

namespace rewardpool::native {
namespace {

struct PoolFile {
  std::string name;
  std::string temporary_name;
  std::span<const std::byte> content;
};

// The files in the order in which they get their names.
//
// The segments from the last to the first: until the first is there the log
// begins in its middle, and no snapshot is there that leads into it, so it is
// refused. Then the snapshots from the oldest: if the log begins with the pool's
// catalog, it is the whole pool already, and snapshots only shorten its recovery;
// if not, it is refused until the oldest snapshot is there, from which all of the
// log can be replayed. With a snapshot before the segments, those behind its mark
// would pass for a pool, without the history before.
std::vector<PoolFile> FilesInOrder(const MemoryDisk& pool) {
  std::vector<PoolFile> files;
  for (auto segment = pool.segments.rbegin(); segment != pool.segments.rend(); ++segment) {
    const std::uint64_t number = segment->first;
    files.push_back({SegmentFileName(number), TemporarySegmentFileName(number), segment->second});
  }
  for (const auto& [name, bytes] : pool.snapshots) {
    files.push_back({SnapshotFileName(name), TemporarySnapshotFileName(name), bytes});
  }
  return files;
}

class Importer {
 public:
  Importer(const MemoryDisk& pool, const std::string& folder, FileSystem& files)
      : missing_(FilesInOrder(pool)), folder_(folder), files_(files) {}

  Status Run() {
    RP_RETURN_IF_ERROR(CheckFolder());
    Status status = WriteAll();
    if (status.ok()) status = NameAll();
    if (!status.ok()) {
      // Gives the room back. If even that fails, the next owner removes them.
      for (const PoolFile& file : missing_)
        (void)UnlinkIfThere(files_, PathOf(file.temporary_name));
    }
    return status;
  }

 private:
  [[nodiscard]] std::string PathOf(const std::string& name) const {
    return native::PathOf(folder_, name);
  }

  // Takes from missing_ what an import that was cut short has put there, and
  // removes what means nothing.
  Status CheckFolder() {
    const auto names = files_.List(folder_);
    if (!names.ok()) return names.status();
    std::vector<std::string> meaningless;
    std::vector<std::string> present;
    for (const std::string& name : *names) {
      if (ParseTemporarySegmentFileName(name) || ParseTemporarySnapshotFileName(name)) {
        meaningless.push_back(name);
      } else if (ParseSnapshotFileName(name)) {
        present.push_back(name);
      } else if (ParseSegmentFileName(name)) {
        const Result<bool> begun = HasSomething(name);
        if (!begun.ok()) return begun.status();
        (*begun ? present : meaningless).push_back(name);
      }
    }
    if (!present.empty()) RP_RETURN_IF_ERROR(CheckIsOurs(present));
    for (const std::string& name : meaningless) {
      RP_RETURN_IF_ERROR(UnlinkIfThere(files_, PathOf(name)));
    }
    std::erase_if(missing_, [&](const PoolFile& file) {
      return std::find(present.begin(), present.end(), file.name) != present.end();
    });
    return files_.SyncFolder(folder_);
  }

  Result<bool> HasSomething(const std::string& name) {
    const auto file = files_.OpenForReading(PathOf(name));
    if (!file.ok()) return file.status();
    return HasNonZeroFrom(**file, 0);
  }

  // Ok if `present` are left over from this very import, and are no pool.
  Status CheckIsOurs(const std::vector<std::string>& present) {
    FileWalSource log(folder_, files_);
    const auto snapshots = FileSnapshotStore::OpenForReading(folder_, files_);
    const Result<Inspection> inspection = InspectPool(log, *snapshots, InspectOptions());
    if (inspection.ok() && inspection->exists) {
      return Status(StatusCode::kAlreadyExists, "there is a pool in " + folder_ + " already");
    }
    for (const std::string& name : present) {
      const auto ours = std::find_if(missing_.begin(), missing_.end(),
                                     [&](const PoolFile& file) { return file.name == name; });
      const Result<bool> same = ours == missing_.end() ? false : HasContent(*ours);
      if (!same.ok()) return same.status();
      if (!*same) {
        return Status(StatusCode::kAlreadyExists,
                      "there is " + name + " of another pool in " + folder_ + " already");
      }
    }
    return Status::Ok();
  }

  Result<bool> HasContent(const PoolFile& expected) {
    const auto file = files_.OpenForReading(PathOf(expected.name));
    if (!file.ok()) return file.status();
    const auto size = (*file)->Size();
    if (!size.ok()) return size.status();
    if (*size != expected.content.size()) return false;
    std::vector<std::byte> content(expected.content.size());
    const auto count = (*file)->Read(0, content);
    if (!count.ok()) return count.status();
    return std::ranges::equal(content, expected.content);
  }

  Status WriteAll() {
    for (const PoolFile& wanted : missing_) {
      const auto file = files_.Create(PathOf(wanted.temporary_name));
      if (!file.ok()) return file.status();
      RP_RETURN_IF_ERROR(WriteFully(**file, 0, wanted.content));
      RP_RETURN_IF_ERROR((*file)->SyncAll());
    }
    return Status::Ok();
  }

  // Each name is durable before the next is given: a loss of power could
  // otherwise keep the last and lose the first.
  Status NameAll() {
    for (const PoolFile& file : missing_) {
      RP_RETURN_IF_ERROR(files_.Rename(PathOf(file.temporary_name), PathOf(file.name)));
      RP_RETURN_IF_ERROR(files_.SyncFolder(folder_));
    }
    return Status::Ok();
  }

  std::vector<PoolFile> missing_;
  const std::string& folder_;
  FileSystem& files_;
};

}  // namespace

Status ImportPool(const MemoryDisk& pool, const std::string& folder, FileSystem& files) {
  return Importer(pool, folder, files).Run();
}

}  // namespace rewardpool::native
