#include "actor/group_commit_delay.h"

#include <algorithm>
#include <cassert>

namespace rewardpool::native::internal {
namespace {

using std::chrono::nanoseconds;

// How much the latest time counts beside all earlier ones.
constexpr double kWeightOfLatest = 0.25;
// A return counts as one of so many syncs at most: a single long one is enough to
// stop the waiting, and a few short ones to begin it again.
constexpr double kReturnMaxInSyncs = 8;

double Count(nanoseconds time) { return static_cast<double>(time.count()); }

}  // namespace

void GroupCommitDelay::OnAnswered(const Answers& answers) noexcept {
  assert(answers.count != 0 && answers.sync_time.count() > 0);
  if (is_measuring_) {
    // They have not all come back; so it takes longer than this.
    Learn(answers.time - answered_at_,
          std::max<std::uint64_t>(answers.staged_through - staged_through_, 1));
  }
  is_measuring_ = true;
  // The few who have not much to draw again are quicker, or take longer a draw.
  is_representative_ = answers.count >= answers.open;
  answered_ = answers.count;
  staged_through_ = answers.staged_through;
  answered_at_ = answers.time;
  sync_time_ = answers.sync_time;

  // What is open would come back together with them, once it is answered.
  const double expected_ns =
      return_ns_per_draw_ * static_cast<double>(answers.count + answers.open);
  is_waiting_ = return_ns_per_draw_ >= 0 && expected_ns < Count(sync_time_);
  if (is_waiting_) {
    // Late enough to be put off once more before it comes, as long as they all return: an
    // alarm that is moved costs next to nothing, one that goes off wakes a thread.
    deadline_ = answers.time + nanoseconds(static_cast<std::int64_t>(2 * expected_ns)) + sync_time_;
  }
}

void GroupCommitDelay::OnReturned(Clock::time_point now) noexcept {
  Learn(now - answered_at_, answered_);
  is_measuring_ = false;
  is_waiting_ = false;
}

void GroupCommitDelay::Forget() noexcept {
  is_measuring_ = false;
  is_waiting_ = false;
  answered_ = 0;
}

void GroupCommitDelay::Learn(nanoseconds duration, std::uint64_t returned) noexcept {
  if (!is_representative_) return;
  const double longest = kReturnMaxInSyncs * Count(sync_time_) / static_cast<double>(answered_);
  const double latest = std::min(Count(duration) / static_cast<double>(returned), longest);
  return_ns_per_draw_ =
      return_ns_per_draw_ < 0
          ? latest
          : return_ns_per_draw_ + kWeightOfLatest * (latest - return_ns_per_draw_);
}

}  // namespace rewardpool::native::internal
