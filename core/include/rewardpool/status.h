// status.h - how every operation of rewardpool reports success or failure.
//
// A closed list of codes: a new one is added only if a caller can react to it
// differently from all the others. No exception crosses the public API.
//
//   code             gRPC                 JavaScript        what the caller can do
//   kOk              OK                   -                 -
//   kInvalidArgument INVALID_ARGUMENT     invalid-argument  mend the request
//   kNotFound        NOT_FOUND            not-found         name what exists
//   kAlreadyExists   ALREADY_EXISTS       already-exists    take another id or key
//   kExhausted       FAILED_PRECONDITION  exhausted         restock the pool
//   kOverloaded      RESOURCE_EXHAUSTED   overloaded        wait for answers, try again
//   kBusy            UNAVAILABLE          busy              ask the pool's owner
//   kClosed          CANCELLED            closed            open the pool again
//   kFull            RESOURCE_EXHAUSTED   full              free some space, or files
//   kIo              INTERNAL             io                see the message
//   kOutcomeUnknown  UNKNOWN              outcome-unknown   reopen: recovery tells
//   kCorrupt         DATA_LOSS            corrupt           restore from a copy
//   kUnsupported     UNIMPLEMENTED        unsupported       use a newer program
#ifndef REWARDPOOL_STATUS_H_
#define REWARDPOOL_STATUS_H_

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rewardpool {

enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument = 1,
  kNotFound = 2,
  kAlreadyExists = 3,
  kExhausted = 4,
  kOverloaded = 5,
  kBusy = 6,
  kClosed = 7,
  kFull = 8,
  kIo = 9,
  kOutcomeUnknown = 10,
  kCorrupt = 11,
  kUnsupported = 12,
};

// The code's name as scripts and JavaScript see it, for example "exhausted".
// Stable: names are part of the public surface.
[[nodiscard]] std::string_view StatusCodeName(StatusCode code) noexcept;

// A code and, unless it is kOk, a sentence for people.
//
// Threads: a value type; distinct objects are independent.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  // `code` must not be kOk: success carries no message.
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {
    assert(code != StatusCode::kOk);
  }

  [[nodiscard]] static Status Ok() noexcept { return Status(); }

  [[nodiscard]] bool ok() const noexcept { return code_ == StatusCode::kOk; }
  [[nodiscard]] StatusCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  // "exhausted: no item has both weight and stock", or "ok".
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// Either a T or the Status that says why there is none.
//
// Reading the value of a failed Result is a programming error (asserted).
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return status;` both read well.
  Result(T value) : content_(std::in_place_index<1>, std::move(value)) {}
  Result(Status status) : content_(std::in_place_index<0>, std::move(status)) {
    assert(!std::get<0>(content_).ok());
  }

  [[nodiscard]] bool ok() const noexcept { return content_.index() == 1; }
  [[nodiscard]] Status status() const { return ok() ? Status::Ok() : std::get<0>(content_); }

  [[nodiscard]] T& value() & {
    assert(ok());
    return *std::get_if<1>(&content_);
  }
  [[nodiscard]] const T& value() const& {
    assert(ok());
    return *std::get_if<1>(&content_);
  }
  [[nodiscard]] T&& value() && {
    assert(ok());
    return std::move(*std::get_if<1>(&content_));
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> content_;
};

// Returns the status of `expression` from the enclosing function unless it is
// ok. The only macro of the public API: a Status must not be dropped by hand.
#define RP_RETURN_IF_ERROR(expression)                                    \
  do {                                                                    \
    if (::rewardpool::Status rp_status = (expression); !rp_status.ok()) { \
      return rp_status;                                                   \
    }                                                                     \
  } while (false)

}  // namespace rewardpool

#endif  // REWARDPOOL_STATUS_H_
