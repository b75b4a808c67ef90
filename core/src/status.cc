#include "rewardpool/status.h"

namespace rewardpool {

std::string_view StatusCodeName(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid-argument";
    case StatusCode::kNotFound:
      return "not-found";
    case StatusCode::kAlreadyExists:
      return "already-exists";
    case StatusCode::kExhausted:
      return "exhausted";
    case StatusCode::kOverloaded:
      return "overloaded";
    case StatusCode::kBusy:
      return "busy";
    case StatusCode::kClosed:
      return "closed";
    case StatusCode::kFull:
      return "full";
    case StatusCode::kIo:
      return "io";
    case StatusCode::kOutcomeUnknown:
      return "outcome-unknown";
    case StatusCode::kCorrupt:
      return "corrupt";
    case StatusCode::kUnsupported:
      return "unsupported";
  }
  return "unknown";
}

std::string Status::ToString() const {
  std::string text(StatusCodeName(code_));
  if (!ok()) text.append(": ").append(message_);
  return text;
}

}  // namespace rewardpool
