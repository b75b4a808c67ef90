// huge_pages.h - huge pages for the large arrays of pools.
#ifndef REWARDPOOL_NATIVE_HUGE_PAGES_H_
#define REWARDPOOL_NATIVE_HUGE_PAGES_H_

namespace rewardpool::native {

// Asks Linux for transparent huge pages for large blocks from now on
// (SetLargeBlockAdvice() of large_memory.h). A hint: where the system has none, or
// they are set to `never`, nothing changes. Does nothing after the first call in a
// process, so that a program which then sets an advice of its own keeps it.
// Pool::Open() calls this; a program that reads pools without opening them may.
//
// Threads: any.
// Memory:  full huge pages inside a block only; those are taken when first touched,
//          so an array that is not filled yet may take up to 2 MiB more.
void AskForHugePages() noexcept;

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_HUGE_PAGES_H_
