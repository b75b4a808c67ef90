// append_floor.h - what a durable append costs at least: pwrite and fdatasync of
// as many bytes into a file that was filled with zeros before, and nothing else.
//
// Threads: one owner.
#ifndef REWARDPOOL_BENCH_SUPPORT_APPEND_FLOOR_H_
#define REWARDPOOL_BENCH_SUPPORT_APPEND_FLOOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rewardpool::bench {

class AppendFloor {
 public:
  // Makes the file "floor" in a folder on the disk to be measured, with room for
  // 64 MiB; when that is used up it is written from the beginning again. Ends the
  // program if the disk refuses; so do the calls below.
  explicit AppendFloor(const std::string& folder);
  ~AppendFloor();
  AppendFloor(const AppendFloor&) = delete;
  AppendFloor& operator=(const AppendFloor&) = delete;

  // At most 1 MiB.
  void Append(std::size_t bytes);
  void Sync();
  void AppendAndSync(std::size_t bytes) {
    Append(bytes);
    Sync();
  }

 private:
  int descriptor_;
  std::uint64_t at_ = 0;
  std::vector<char> data_;
};

}  // namespace rewardpool::bench

#endif  // REWARDPOOL_BENCH_SUPPORT_APPEND_FLOOR_H_
