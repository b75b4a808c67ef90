#include "rewardpool/producer.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "actor/actor_core.h"
#include "actor/producer_rings.h"

namespace rewardpool {

using native::internal::ActorCore;
using native::internal::ProducerRings;

Producer::Producer(std::shared_ptr<ActorCore> core, std::shared_ptr<ProducerRings> rings) noexcept
    : core_(std::move(core)), rings_(std::move(rings)) {}

Producer::Producer(Producer&&) noexcept = default;

Producer& Producer::operator=(Producer&& other) noexcept {
  if (this != &other) {
    Leave();
    core_ = std::move(other.core_);
    rings_ = std::move(other.rings_);
  }
  return *this;
}

Producer::~Producer() { Leave(); }

void Producer::Leave() noexcept {
  if (rings_ == nullptr) return;
  ProducerRings& rings = *rings_;
  rings.left.store(true, std::memory_order_seq_cst);
  core_->Wake();
  if (bulks_in_flight() != 0) {
    rings.parking.WaitUntil(core_->WaitSpin(), [&] {
      return rings.released.load(std::memory_order_seq_cst) ||
             rings.closed.load(std::memory_order_seq_cst);
    });
  }
  rings_.reset();
}

std::size_t Producer::Submit(std::size_t count) noexcept {
  ProducerRings& rings = *rings_;
  count = std::min(count, rings.window - in_flight());
  if (count == 0) return 0;
  rings.submitted.store(rings.submitted.load(std::memory_order_relaxed) + count,
                        std::memory_order_seq_cst);
  core_->OnSubmitted();
  return count;
}

std::size_t Producer::Poll(std::span<DrawResult> results) noexcept {
  ProducerRings& rings = *rings_;
  // In this order: once `closed` is seen, `completed` is final.
  const bool closed = rings.closed.load(std::memory_order_acquire);
  const std::uint64_t completed = rings.completed.load(std::memory_order_acquire);
  const auto answered =
      static_cast<std::size_t>(std::min<std::uint64_t>(completed - rings.taken, results.size()));
  for (std::size_t i = 0; i < answered; ++i) results[i] = rings.SlotOf(rings.taken + i);
  rings.taken += answered;
  if (!closed || rings.taken != completed) {
    const std::uint64_t submitted = rings.submitted.load(std::memory_order_relaxed);
    // Once for what was submitted is enough, and no more than the actor needs.
    if (answered == 0 && !results.empty() && rings.polled_in_vain_for != submitted) {
      rings.polled_in_vain_for = submitted;
      core_->OnPolledInVain();
    }
    return answered;
  }

  // The rest was submitted too late.
  const std::size_t refused = std::min(results.size() - answered, in_flight());
  std::fill_n(results.begin() + static_cast<std::ptrdiff_t>(answered), refused,
              DrawResult{.request_id = 0, .item = 0, .code = StatusCode::kClosed});
  rings.taken += refused;
  // Nobody else counts any more: keep the row of counters in order.
  rings.completed.store(rings.taken, std::memory_order_relaxed);
  return answered + refused;
}

std::size_t Producer::Wait(std::span<DrawResult> results) noexcept {
  ProducerRings& rings = *rings_;
  if (results.empty() || in_flight() == 0) return 0;
  if (rings.completed.load(std::memory_order_acquire) == rings.taken) {
    core_->OnAboutToWait(rings.completed, rings.taken);
  }
  rings.parking.WaitUntil(core_->WaitSpin(), [&] {
    return rings.completed.load(std::memory_order_seq_cst) != rings.taken ||
           rings.closed.load(std::memory_order_seq_cst);
  });
  return Poll(results);
}

std::size_t Producer::in_flight() const noexcept {
  return static_cast<std::size_t>(rings_->submitted.load(std::memory_order_relaxed) -
                                  rings_->taken);
}

std::size_t Producer::window() const noexcept { return rings_->window; }

BulkResult Producer::DrawMany(std::span<ItemRef> picks) noexcept {
  assert(bulks_in_flight() == 0);
  if (const StatusCode code = SubmitMany(picks); code != StatusCode::kOk) {
    return {.first_request_id = 0, .drawn = 0, .refused = 0, .code = code};
  }
  return WaitMany();
}

StatusCode Producer::SubmitMany(std::span<ItemRef> picks) noexcept {
  ProducerRings& rings = *rings_;
  if (picks.empty() || picks.size() > kBulkDrawsMax) return StatusCode::kInvalidArgument;
  if (bulks_in_flight() == kBulksInFlightMax) return StatusCode::kOverloaded;
  if (core_->closing()) return StatusCode::kClosed;
  const std::uint64_t number = rings.bulks_submitted.load(std::memory_order_relaxed);
  rings.BulkOf(number).picks = picks;
  rings.bulks_submitted.store(number + 1, std::memory_order_seq_cst);
  core_->OnSubmitted();
  return StatusCode::kOk;
}

BulkResult Producer::WaitMany() noexcept {
  assert(bulks_in_flight() != 0);
  ProducerRings& rings = *rings_;
  const std::uint64_t number = rings.bulks_taken;
  if (rings.bulks_completed.load(std::memory_order_acquire) == number) {
    core_->OnAboutToWait(rings.bulks_completed, number);
  }
  rings.parking.WaitUntil(core_->WaitSpin(), [&] {
    return rings.bulks_completed.load(std::memory_order_seq_cst) > number ||
           rings.closed.load(std::memory_order_seq_cst);
  });
  ++rings.bulks_taken;
  if (rings.bulks_completed.load(std::memory_order_acquire) > number) {
    return rings.BulkOf(number).result;
  }
  return {.first_request_id = 0, .drawn = 0, .refused = 0, .code = StatusCode::kClosed};
}

std::size_t Producer::bulks_in_flight() const noexcept {
  return static_cast<std::size_t>(rings_->bulks_submitted.load(std::memory_order_relaxed) -
                                  rings_->bulks_taken);
}

std::string_view Producer::ItemId(ItemRef item) const noexcept { return core_->ItemText(item); }

}  // namespace rewardpool
