// pool_files.h - a pool's stored bytes, looked at and not owned: for reading the
// log, verifying, exporting and importing.
//
// Threads: one owner.
#ifndef REWARDPOOL_WASM_SRC_POOL_FILES_H_
#define REWARDPOOL_WASM_SRC_POOL_FILES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/memory_storage.h"
#include "rewardpool/recovery.h"
#include "rewardpool/status.h"

namespace rewardpool::wasm {

class PoolFiles {
 public:
  // Room for what is stored; the caller writes it before the next call.
  [[nodiscard]] std::span<std::byte> LoadSegment(std::uint64_t number, std::size_t byte_count);
  [[nodiscard]] std::span<std::byte> LoadSnapshot(RequestId name, std::size_t byte_count);
  [[nodiscard]] std::span<std::byte> LoadArchive(std::size_t byte_count);

  // What is loaded.
  [[nodiscard]] const MemoryDisk& disk() const noexcept { return *disk_; }

  // Replaces what is loaded by what the archive holds, and forgets the archive.
  // Errors: those of DecodePoolArchive(); what was loaded is unchanged.
  [[nodiscard]] Status DecodeArchive();
  // What is loaded as one file. A torn tail of the log is left out, and nothing
  // else. Errors: those of CollectPoolFiles() and EncodePoolArchive().
  [[nodiscard]] Result<ByteBuffer> EncodeArchive() const;

  // Errors: those of VerifyPool().
  [[nodiscard]] Result<VerifyReport> Verify() const;

  // The log behind the request `after` as JSON lines (record_json.h), the first
  // `skip` of them left out, until there are at least `bytes_max` bytes. Empty: the
  // end. Errors: those of InspectPool().
  // Cost: a replay of the log from its beginning.
  [[nodiscard]] Result<std::string> LogLines(RequestId after, std::uint64_t skip,
                                             std::size_t bytes_max) const;

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::vector<std::byte> archive_;
};

}  // namespace rewardpool::wasm

#endif  // REWARDPOOL_WASM_SRC_POOL_FILES_H_
