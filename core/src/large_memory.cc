#include "rewardpool/large_memory.h"

#include <atomic>
#include <new>

namespace rewardpool {
namespace {

std::atomic<LargeBlockAdvice> large_block_advice{nullptr};

}  // namespace

void SetLargeBlockAdvice(LargeBlockAdvice advice) noexcept { large_block_advice.store(advice); }

namespace internal {

void* AllocateLargeBlock(std::size_t bytes) {
  void* const block = ::operator new (bytes, std::align_val_t{kLargeBlockAlignment});
  if (const LargeBlockAdvice advice = large_block_advice.load()) advice(block, bytes);
  return block;
}

void FreeLargeBlock(void* block) noexcept {
  ::operator delete (block, std::align_val_t{kLargeBlockAlignment});
}

}  // namespace internal
}  // namespace rewardpool
