#include "support/allocation_counter.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace rewardpool::bench {
namespace {

std::atomic<std::uint64_t> count{0};
std::atomic<std::uint64_t> bytes{0};
std::atomic<std::uint64_t> bytes_in_use{0};

// A block that malloc returned for `size` bytes, and that takes `held`.
void* Counted(void* block, std::size_t size, std::size_t held) {
  count.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(size, std::memory_order_relaxed);
  bytes_in_use.fetch_add(held, std::memory_order_relaxed);
  return block;
}

void Free(void* block, std::size_t held) noexcept {
  bytes_in_use.fetch_sub(held, std::memory_order_relaxed);
  std::free(block);
}

void* OrThrow(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

std::size_t RoundedUp(std::size_t size, std::size_t step) noexcept {
  return (size + step - 1) / step * step;
}

// What an aligned block takes. What malloc skips to align a large one, and what it adds
// behind it, is address space that nobody touches.
std::size_t HeldBy(std::size_t size, std::size_t alignment) noexcept {
  constexpr std::size_t kPageBytes = 4'096;
  return RoundedUp(size, std::min(alignment, kPageBytes));
}

// Where an aligned block keeps what it takes, since not all who free one know its size:
// in the last bytes that malloc has given.
std::byte* HeldAt(void* block) noexcept {
  return static_cast<std::byte*>(block) + malloc_usable_size(block) - sizeof(std::size_t);
}

void* AllocateAligned(std::size_t size, std::size_t alignment) {
  void* const block =
      OrThrow(std::aligned_alloc(alignment, RoundedUp(size + sizeof(std::size_t), alignment)));
  const std::size_t held = HeldBy(size, alignment);
  std::memcpy(HeldAt(block), &held, sizeof(held));
  return Counted(block, size, held);
}

void FreeAligned(void* block) noexcept {
  if (block == nullptr) return;
  std::size_t held = 0;
  std::memcpy(&held, HeldAt(block), sizeof(held));
  Free(block, held);
}

}  // namespace

Allocations AllocationsSoFar() noexcept {
  return {.count = count.load(std::memory_order_relaxed),
          .bytes = bytes.load(std::memory_order_relaxed)};
}

std::uint64_t HeapBytesInUse() noexcept { return bytes_in_use.load(std::memory_order_relaxed); }

}  // namespace rewardpool::bench

// The array and nothrow forms of the standard library end in these.
void* operator new(std::size_t size) {
  using namespace rewardpool::bench;
  void* const block = OrThrow(std::malloc(size == 0 ? 1 : size));
  return Counted(block, size, malloc_usable_size(block));
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  return rewardpool::bench::AllocateAligned(size, static_cast<std::size_t>(alignment));
}

void operator delete(void* block) noexcept {
  rewardpool::bench::Free(block, malloc_usable_size(block));
}

void operator delete(void* block, std::size_t) noexcept {
  rewardpool::bench::Free(block, malloc_usable_size(block));
}

void operator delete(void* block, std::align_val_t) noexcept {
  rewardpool::bench::FreeAligned(block);
}

void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  rewardpool::bench::FreeAligned(block);
}
