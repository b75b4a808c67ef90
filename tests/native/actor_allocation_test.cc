// A plain draw costs no heap memory once everything is warm, in any thread. A
// program of its own, since it counts every allocation of the process.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "rewardpool/memory_storage.h"
#include "rewardpool/native/threaded_actor.h"

namespace {
std::atomic<std::uint64_t> allocation_count = 0;

void* CountedAllocation(std::size_t size, std::size_t alignment) {
  ++allocation_count;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) std::abort();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) { return CountedAllocation(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return CountedAllocation(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace rewardpool::tests {
namespace {

// A log that forgets, so that only the actor's own allocations count.
class ForgetfulStorage final : public WalStorage {
 public:
  Result<std::vector<SegmentInfo>> ListSegments() override { return std::vector<SegmentInfo>(); }
  Result<std::size_t> Read(std::uint64_t, std::uint64_t, std::span<std::byte>) override {
    return Status(StatusCode::kNotFound, "forgotten");
  }
  std::string SegmentName(std::uint64_t) const override { return "forgotten"; }
  Status StartSegment(std::uint64_t, std::uint64_t, std::span<const std::byte>) override {
    return Status::Ok();
  }
  Status Append(std::span<const std::byte>) override { return Status::Ok(); }
  Status Sync() override { return Status::Ok(); }
  Status Truncate(std::uint64_t, std::uint64_t) override { return Status::Ok(); }
  Status Persist(std::uint64_t) override { return Status::Ok(); }
  Status RemoveSegment(std::uint64_t) override { return Status::Ok(); }
  Status Close() override { return Status::Ok(); }
};

TEST(ActorAllocationTest, PlainDrawsAllocateNothingOnceWarm) {
  PoolOptions options;
  options.catalog = {{"gold", 1}, {"silver", 9}};
  auto actor = native::ThreadedActor::Open(
      std::make_unique<ForgetfulStorage>(),
      std::make_unique<MemorySnapshotStore>(std::make_shared<MemoryDisk>()), options);
  ASSERT_TRUE(actor.ok());
  constexpr std::size_t kWindow = 1000;
  auto producer = actor->NewProducer(kWindow);
  ASSERT_TRUE(producer.ok());
  std::vector<DrawResult> results(kWindow);
  std::vector<ItemRef> picks(options.pending_requests_max);
  std::uint64_t failed = 0;
  const auto draw_in_every_way = [&] {
    for (int i = 0; i < 100; ++i) failed += actor->Draw().ok() ? 0 : 1;
    for (int i = 0; i < 100; ++i) {
      (void)producer->Submit(kWindow);
      while (producer->in_flight() != 0) (void)producer->Wait(results);
    }
    for (int i = 0; i < 20; ++i) failed += producer->DrawMany(picks).drawn == picks.size() ? 0 : 1;
  };
  // How large batches and buffers become depends on the schedule, so some rounds
  // still grow them; draws that allocate would do so in every round.
  constexpr int kRounds = 20;
  std::uint64_t allocated = 1;
  for (int round = 0; round < kRounds && allocated != 0; ++round) {
    const std::uint64_t before = allocation_count;
    ASSERT_GT(before, 0U) << "allocations are not counted";
    draw_in_every_way();
    allocated = allocation_count - before;
  }
  EXPECT_EQ(allocated, 0U);
  EXPECT_EQ(failed, 0U);
}

}  // namespace
}  // namespace rewardpool::tests
