// group_commit_delay.h - whether the next sync should wait for the producers that
// the last one answered.
//
// Without a delay what was staged during a sync is sent to the disk as soon as it
// is over. The producers that it answered come back during the next one, so they
// are two groups that take turns, each with half of all draws in flight, and a
// draw is answered every other sync. If they come back in less time than a sync takes
// it pays to wait for them: all then share one sync, and all draws in flight are
// answered in
//
//   return + sync   rather than in   sync + sync.
//
// So the time that answered draws take to be asked for again is measured, and the sync
// put off while it is expected to be shorter than a sync. Who does not come back costs
// one delay, of three syncs at most, and then is not waited for before a few more
// batches have shown the opposite. Databases know this as commit_delay (PostgreSQL) or
// binlog_group_commit_sync_delay (MySQL), where a person sets it.
//
// Has no clock: it is told the time. Threads: one owner.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_GROUP_COMMIT_DELAY_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_GROUP_COMMIT_DELAY_H_

#include <chrono>
#include <cstdint>

#include "rewardpool/item.h"

namespace rewardpool::native::internal {

class GroupCommitDelay {
 public:
  using Clock = std::chrono::steady_clock;

  struct Answers {
    std::uint64_t count = 0;       // at least 1
    RequestId staged_through = 0;  // by now, with what is open
    std::uint64_t open = 0;        // staged meanwhile: requests of the next batch
    Clock::time_point time;
    std::chrono::nanoseconds sync_time{0};  // what a batch takes of late, over 0
  };

  // Producers have been given the answers of a batch. Decides whether to wait.
  void OnAnswered(const Answers& answers) noexcept;

  // Whether the next sync is put off, until deadline() at the latest.
  [[nodiscard]] bool is_waiting() const noexcept { return is_waiting_; }
  [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
  // The sync goes ahead, whoever has come back.
  void StopWaiting() noexcept { is_waiting_ = false; }

  // Whether as many draws as were answered have been asked for again by now, for
  // the first time: OnReturned() is to be told when.
  [[nodiscard]] bool HaveReturned(RequestId staged_through) const noexcept {
    return is_measuring_ && staged_through - staged_through_ >= answered_;
  }
  // Ends the waiting.
  void OnReturned(Clock::time_point now) noexcept;
  // True from then until the next answers: nobody is known who would come during a sync.
  [[nodiscard]] bool all_have_returned() const noexcept { return answered_ != 0 && !is_measuring_; }

  // The last answers say nothing about who comes back.
  void Forget() noexcept;

 private:
  void Learn(std::chrono::nanoseconds duration, std::uint64_t returned) noexcept;

  bool is_waiting_ = false;
  bool is_measuring_ = false;
  bool is_representative_ = false;  // what is being measured
  Clock::time_point deadline_;      // if is_waiting_
  // Of the last answers.
  std::uint64_t answered_ = 0;
  RequestId staged_through_ = 0;
  Clock::time_point answered_at_;
  std::chrono::nanoseconds sync_time_{0};
  // Smoothed; negative: not known.
  double return_ns_per_draw_ = -1;
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_GROUP_COMMIT_DELAY_H_
