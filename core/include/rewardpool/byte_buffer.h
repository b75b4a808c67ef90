// byte_buffer.h - bytes that are appended to and reused: the one buffer type of
// the log's writing side.
//
// Unlike std::vector it grows without writing zeros first, and its element type
// is char8_t inside: stores through it need not be assumed to alias other
// objects, which makes the encoder two to three times as fast (docs/adr).
//
// Threads: one owner.
#ifndef REWARDPOOL_BYTE_BUFFER_H_
#define REWARDPOOL_BYTE_BUFFER_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace rewardpool {

class ByteBuffer {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(data_.get()), size_};
  }
  [[nodiscard]] char8_t* data() noexcept { return data_.get(); }

  // Keeps the memory.
  void Clear() noexcept { size_ = 0; }
  // Requires size <= this->size().
  void Truncate(std::size_t size) noexcept {
    assert(size <= size_);
    size_ = size;
  }

  // Makes room for `count` more bytes and returns where they go; the caller
  // writes there and then says with Advance() how many it wrote. The pointer
  // lives until the next call of a non-const method.
  [[nodiscard]] char8_t* Reserve(std::size_t count) {
    if (capacity_ - size_ < count) [[unlikely]] {
      Grow(count);
    }
    return data_.get() + size_;
  }
  void Advance(std::size_t count) noexcept {
    assert(capacity_ - size_ >= count);
    size_ += count;
  }

  void Append(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    Advance(bytes.size());
  }

 private:
  void Grow(std::size_t count) {
    const std::size_t capacity = std::max({size_ + count, 2 * capacity_, std::size_t{256}});
    // Not make_unique_for_overwrite(): libc++ 13 has none.
    std::unique_ptr<char8_t[]> data(new char8_t[capacity]);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace rewardpool

#endif  // REWARDPOOL_BYTE_BUFFER_H_
