#include "support/append_floor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace rewardpool::bench {
namespace {

constexpr std::size_t kAppendBytesMax = std::size_t{1} << 20;
constexpr std::uint64_t kRoomBytes = std::uint64_t{64} << 20;

void EndIf(bool failed) {
  if (!failed) return;
  std::perror("the floor's file");
  std::exit(EXIT_FAILURE);
}

}  // namespace

AppendFloor::AppendFloor(const std::string& folder)
    : descriptor_(open((folder + "/floor").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
      data_(kAppendBytesMax) {
  EndIf(descriptor_ < 0);
  while (at_ < kRoomBytes) Append(kAppendBytesMax);
  Sync();
  data_.assign(kAppendBytesMax, 'x');
}

AppendFloor::~AppendFloor() { close(descriptor_); }

void AppendFloor::Append(std::size_t bytes) {
  if (at_ + bytes > kRoomBytes) at_ = 0;
  EndIf(pwrite(descriptor_, data_.data(), bytes, static_cast<off_t>(at_)) !=
        static_cast<ssize_t>(bytes));
  at_ += bytes;
}

void AppendFloor::Sync() { EndIf(fdatasync(descriptor_) != 0); }

}  // namespace rewardpool::bench
