#include "support/allocation_counter.h"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace rewardpool::bench {
namespace {

std::atomic<std::uint64_t> count{0};
std::atomic<std::uint64_t> bytes{0};
std::atomic<std::uint64_t> bytes_in_use{0};

void* Counted(void* block, std::size_t size) {
  if (block == nullptr) throw std::bad_alloc();
  count.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(size, std::memory_order_relaxed);
  bytes_in_use.fetch_add(malloc_usable_size(block), std::memory_order_relaxed);
  return block;
}

void Free(void* block) noexcept {
  bytes_in_use.fetch_sub(malloc_usable_size(block), std::memory_order_relaxed);
  std::free(block);
}

}  // namespace

Allocations AllocationsSoFar() noexcept {
  return {.count = count.load(std::memory_order_relaxed),
          .bytes = bytes.load(std::memory_order_relaxed)};
}

std::uint64_t HeapBytesInUse() noexcept { return bytes_in_use.load(std::memory_order_relaxed); }

}  // namespace rewardpool::bench

// The array and nothrow forms of the standard library end in these four.
void* operator new(std::size_t size) {
  return rewardpool::bench::Counted(std::malloc(size == 0 ? 1 : size), size);
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return rewardpool::bench::Counted(std::aligned_alloc(step, (size + step - 1) / step * step),
                                    size);
}

void operator delete(void* block) noexcept { rewardpool::bench::Free(block); }

void operator delete(void* block, std::size_t) noexcept { rewardpool::bench::Free(block); }

void operator delete(void* block, std::align_val_t) noexcept { rewardpool::bench::Free(block); }

void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  rewardpool::bench::Free(block);
}
