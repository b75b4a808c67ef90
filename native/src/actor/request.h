// request.h - what a caller asks of the actor, one object for each call, and
// the queue that carries it there.
//
// A request is staged by whoever owns the engine, and answered once: when what
// it staged is acknowledged, or when that has failed. A waiting caller keeps its
// request on its own stack, so a call costs no allocation.
#ifndef REWARDPOOL_NATIVE_SRC_ACTOR_REQUEST_H_
#define REWARDPOOL_NATIVE_SRC_ACTOR_REQUEST_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "rewardpool/item.h"
#include "rewardpool/status.h"
#include "threads/parking.h"

namespace rewardpool::native::internal {

class ActorCore;

class Request {
 public:
  // What Stage() did.
  enum class Stage : std::uint8_t {
    kDone,       // nothing to wait for: answer it
    kStaged,     // answer it once everything staged so far is acknowledged
    kTakenOver,  // the actor keeps it elsewhere (Flush, Snapshot, Close)
  };

  Request() = default;
  virtual ~Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // Does the work, as the owner of the engine.
  [[nodiscard]] virtual Stage StageOn(ActorCore& core) = 0;
  // What it staged is acknowledged. For answers that say how far things are.
  virtual void OnAcknowledged(ActorCore& /*core*/) {}
  // What it staged is undone (kFull) or unknown, or it was never staged
  // (kClosed). `acknowledged_through` is how far things had come before.
  virtual void OnFailed(ActorCore& core, const Status& status, RequestId acknowledged_through) = 0;
  // Tells the caller. The object may be gone when this returns.
  virtual void Answer() noexcept = 0;

 private:
  friend class RequestQueue;
  friend class RequestList;
  friend class ActorCore;

  Request* next_ = nullptr;
  RequestId wait_for_ = 0;  // the acknowledgement that answers it
};

// Requests in order, linked through themselves. Threads: one owner.
class RequestList {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] Request* first() const noexcept { return first_; }

  void PushBack(Request* request) noexcept {
    request->next_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_) = request;
    last_ = request;
  }
  // Requires !empty().
  Request* PopFront() noexcept {
    Request* const request = first_;
    first_ = request->next_;
    return request;
  }
  // Takes over all of `other`, behind what is there.
  void Append(RequestList& other) noexcept {
    if (other.empty()) return;
    (first_ == nullptr ? first_ : last_->next_) = other.first_;
    last_ = other.last_;
    other.first_ = nullptr;
  }

 private:
  Request* first_ = nullptr;
  Request* last_ = nullptr;  // if first_ is there
};

// The way from any thread to the actor. Threads: Push() and empty(), any; the
// others, the actor thread.
class RequestQueue {
 public:
  // False, and nothing is queued, after Close().
  [[nodiscard]] bool Push(Request* request) noexcept {
    Request* head = head_.load(std::memory_order_relaxed);
    do {
      if (head == closed_mark()) return false;
      request->next_ = head;
    } while (!head_.compare_exchange_weak(head, request, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
    return true;
  }

  [[nodiscard]] bool empty() const noexcept {
    Request* const head = head_.load(std::memory_order_seq_cst);
    return head == nullptr || head == closed_mark();
  }

  // Moves everything queued to the end of `list`, in order.
  // Returns: how many.
  std::uint64_t TakeAll(RequestList& list) noexcept {
    if (head_.load(std::memory_order_seq_cst) == nullptr) return 0;
    return AppendReversed(head_.exchange(nullptr, std::memory_order_acquire), list);
  }
  // The same for the last time.
  void Close(RequestList& list) noexcept {
    AppendReversed(head_.exchange(closed_mark(), std::memory_order_acq_rel), list);
  }

 private:
  // Not a request, but an address that no request can have.
  [[nodiscard]] Request* closed_mark() const noexcept {
    return reinterpret_cast<Request*>(const_cast<RequestQueue*>(this));
  }

  // The queue is linked from its newest request to its oldest.
  std::uint64_t AppendReversed(Request* newest, RequestList& list) noexcept {
    Request* oldest = nullptr;
    for (Request* request = newest; request != nullptr;) {
      Request* const older = std::exchange(request->next_, oldest);
      oldest = request;
      request = older;
    }
    std::uint64_t count = 0;
    while (oldest != nullptr) {
      Request* const newer = oldest->next_;
      list.PushBack(oldest);
      oldest = newer;
      ++count;
    }
    return count;
  }

  std::atomic<Request*> head_{nullptr};
};

// A request whose caller waits for the answer.
class WaitedRequest : public Request {
 public:
  void Answer() noexcept final {
    if (state_.exchange(State::kAnswered, std::memory_order_acq_rel) != State::kAsleep) return;
    state_.notify_one();
    // Until here the caller, though awake, keeps the object alive.
    state_.store(State::kReleased, std::memory_order_release);
  }

  // Returns once Answer() was called; the object may then be destroyed.
  void Wait(std::chrono::nanoseconds spin) noexcept {
    if (SpinUntil(spin,
                  [this] { return state_.load(std::memory_order_acquire) != State::kWaiting; })) {
      return;
    }
    State expected = State::kWaiting;
    if (!state_.compare_exchange_strong(expected, State::kAsleep, std::memory_order_acq_rel))
      return;
    state_.wait(State::kAsleep, std::memory_order_acquire);
    while (state_.load(std::memory_order_acquire) != State::kReleased) std::this_thread::yield();
  }

 private:
  enum class State : std::uint32_t { kWaiting, kAsleep, kAnswered, kReleased };
  std::atomic<State> state_{State::kWaiting};
};

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_ACTOR_REQUEST_H_
