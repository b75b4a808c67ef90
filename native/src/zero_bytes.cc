#include "zero_bytes.h"

#include <algorithm>
#include <array>
#include <vector>

namespace rewardpool::native {
namespace {

constexpr std::size_t kWriteBytes = 256 * 1024;
constexpr std::size_t kFirstReadBytes = 4096;  // a started segment shows at once
constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

Status WriteZeros(File& file, std::uint64_t from, std::uint64_t to) {
  static constexpr std::array<std::byte, kWriteBytes> kZeros{};
  while (from < to) {
    const std::uint64_t count = std::min<std::uint64_t>(to - from, kWriteBytes);
    RP_RETURN_IF_ERROR(WriteFully(file, from, std::span(kZeros).first(count)));
    from += count;
  }
  return Status::Ok();
}

Result<bool> HasNonZeroFrom(File& file, std::uint64_t offset) {
  std::vector<std::byte> piece(kFirstReadBytes);
  while (true) {
    const auto count = file.Read(offset, piece);
    if (!count.ok()) return count.status();
    const auto read = std::span(piece).first(*count);
    if (std::any_of(read.begin(), read.end(), [](std::byte b) { return b != std::byte{0}; })) {
      return true;
    }
    if (*count < piece.size()) return false;
    offset += *count;
    piece.resize(kReadBytes);
  }
}

}  // namespace rewardpool::native
