// large_memory.h - arrays that may be large and are hit at random.
//
// A draw from ten million items misses the cache, and with pages of 4 KiB the
// address must be looked up in memory too. Larger pages save that, but only the
// operating system gives them, and the core does not talk to it. So large blocks
// lie where large pages can be, and whoever runs the core may ask for those.
//
// In WebAssembly, which has no pages, these are the standard library's names.
#ifndef REWARDPOOL_LARGE_MEMORY_H_
#define REWARDPOOL_LARGE_MEMORY_H_

#include <cstddef>
#include <memory>
#include <vector>

namespace rewardpool {

#ifdef __EMSCRIPTEN__

template <typename T>
using LargeBlockAllocator = std::allocator<T>;

#else

// Blocks of this many bytes and more are large.
inline constexpr std::size_t kLargeBlockBytesMin = std::size_t{4} << 20;
// They begin at a multiple of this: a huge page of x86-64, and of ARM with pages
// of 4 KiB.
inline constexpr std::size_t kLargeBlockAlignment = std::size_t{2} << 20;

// Is told of each large block when it is allocated and not yet touched: where it
// begins and how many bytes were asked for. Called by any thread. Must not allocate
// with a LargeBlockAllocator.
using LargeBlockAdvice = void (*)(void* block, std::size_t bytes) noexcept;

// Sets, in the manner of std::set_new_handler(), whom to tell of large blocks from
// now on; nullptr, as in the beginning, is nobody.
// Threads: any.
void SetLargeBlockAdvice(LargeBlockAdvice advice) noexcept;

namespace internal {

[[nodiscard]] void* AllocateLargeBlock(std::size_t bytes);
void FreeLargeBlock(void* block) noexcept;

}  // namespace internal

// std::allocator but for large blocks. Costs them up to kLargeBlockAlignment bytes
// of address space each, and no memory.
template <typename T>
class LargeBlockAllocator {
 public:
  using value_type = T;

  LargeBlockAllocator() = default;
  template <typename U>
  LargeBlockAllocator(const LargeBlockAllocator<U>& /*same*/) noexcept {}

  // Requires count * sizeof(T) to be a size.
  [[nodiscard]] T* allocate(std::size_t count) {
    if (!IsLarge(count)) return std::allocator<T>().allocate(count);
    return static_cast<T*>(internal::AllocateLargeBlock(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept {
    if (!IsLarge(count)) return std::allocator<T>().deallocate(block, count);
    internal::FreeLargeBlock(block);
  }

  friend bool operator==(const LargeBlockAllocator&, const LargeBlockAllocator&) = default;

 private:
  static_assert(alignof(T) <= kLargeBlockAlignment);

  static constexpr bool IsLarge(std::size_t count) noexcept {
    return count >= (kLargeBlockBytesMin + sizeof(T) - 1) / sizeof(T);
  }
};

#endif

template <typename T>
using LargeVector = std::vector<T, LargeBlockAllocator<T>>;

}  // namespace rewardpool

#endif  // REWARDPOOL_LARGE_MEMORY_H_
