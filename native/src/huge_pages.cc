#include "rewardpool/native/huge_pages.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "rewardpool/large_memory.h"

namespace rewardpool::native {

void AskForHugePages() noexcept {
#ifdef __linux__
  [[maybe_unused]] static const bool kAsked = [] {
    SetLargeBlockAdvice([](void* block, std::size_t bytes) noexcept {
      static_cast<void>(::madvise(block, bytes, MADV_HUGEPAGE));
    });
    return true;
  }();
#endif
}

}  // namespace rewardpool::native
