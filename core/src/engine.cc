#include "rewardpool/engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rewardpool {
namespace {

// Keys and users obey the rules of item ids, and may also be absent.
Status ValidateOptionalText(std::string_view what, std::string_view text) {
  static_assert(kKeyBytesMax == kItemIdBytesMax && kUserBytesMax == kItemIdBytesMax);
  if (text.empty()) return Status::Ok();
  Status status = ValidateItemId(text);
  if (status.ok()) return status;
  std::string message = status.message();
  message.replace(message.find("item id"), std::string_view("item id").size(), what);
  return {status.code(), std::move(message)};
}

}  // namespace

Engine::Engine(ItemTable items, KeyTable keys, const LogEnd& log_end,
               std::unique_ptr<Selector> selector, std::unique_ptr<Random> random,
               const Options& options)
    : options_(options),
      state_(std::move(items), std::move(selector)),
      keys_(std::move(keys)),
      random_(std::move(random)),
      batcher_(log_end, options.wal),
      open_schema_hash_(state_.items().schema_hash()),
      written_through_(log_end.last_request_id),
      durable_through_(log_end.last_request_id) {
  keys_.Commit(log_end.last_request_id);
}

Engine::StagedDraws Engine::StageDraws(std::span<ItemIndex> picks) {
  StagedDraws staged{.first_request_id = staged_through() + 1};
  if (!failure_.ok()) return staged;
  picks = picks.first(std::min(picks.size(), RoomForRequests()));
  if (state_.selector().total() != 0) {
    if (refused_run_ != 0) EncodeRuns();
    staged.drawn = state_.StageDraws(*random_, picks);
    run_.insert(run_.end(), picks.begin(),
                picks.begin() + static_cast<std::ptrdiff_t>(staged.drawn));
  }
  staged.refused = picks.size() - staged.drawn;
  if (staged.refused != 0) {
    // A run of draws goes to the log before the refusals that follow it.
    if (!run_.empty()) EncodeRuns();
    refused_run_ += staged.refused;
  }
  return staged;
}

Result<DrawOutcome> Engine::StageDraw(const DrawRequest& request) {
  if (request.count == 0 || request.count > kDrawsPerRecordMax) {
    return Status(StatusCode::kInvalidArgument,
                  "a draw of " + std::to_string(request.count) + " items; 1 to " +
                      std::to_string(kDrawsPerRecordMax) + " can be drawn at once");
  }
  RP_RETURN_IF_ERROR(ValidateOptionalText("key", request.key));
  RP_RETURN_IF_ERROR(ValidateOptionalText("user", request.user));
  RP_RETURN_IF_ERROR(CheckNotFailed());
  if (!request.key.empty()) {
    if (const KeyTable::Entry known = keys_.Find(request.key)) {
      if (known->count != request.count || known->user != request.user) {
        return Status(StatusCode::kAlreadyExists,
                      "key " + Quoted(request.key) + " was used by request " +
                          std::to_string(known->request_id) + " with another count or user");
      }
      return DrawOutcome{known->request_id, known->item_ids};
    }
  }
  RP_RETURN_IF_ERROR(CheckAccepting());

  EncodeRuns();
  RequestedDraw record{
      .key = request.key, .user = request.user, .count = request.count, .items = {}};
  record.items.resize(request.count);
  if (!state_.StageAllDraws(*random_, record.items).ok()) record.items.clear();
  DrawOutcome outcome = MakeOutcome(batcher_.last_request_id() + 1, record.items);
  if (!request.key.empty()) {
    keys_.Insert({.request_id = outcome.request_id,
                  .key = request.key,
                  .user = request.user,
                  .count = request.count,
                  .item_ids = outcome.item_ids});
  }
  batcher_.Add(std::move(record), items());
  return outcome;
}

template <typename Change>
Result<RequestId> Engine::StageCatalogChange(Change change, const Record& record) {
  RP_RETURN_IF_ERROR(CheckAccepting());
  // What is staged so far must be encoded under the items as they were.
  EncodeRuns();
  RP_RETURN_IF_ERROR(change());
  batcher_.Add(record, items());
  return batcher_.last_request_id();
}

Result<RequestId> Engine::StageAdd(const Item& item) {
  return StageCatalogChange([&] { return state_.StageAdd(item); }, ItemAdded{item});
}

Result<RequestId> Engine::StageUpdate(std::string_view id, const ItemChange& change) {
  return StageCatalogChange([&] { return state_.StageUpdate(id, change); },
                            ItemUpdated{std::string(id), change});
}

Result<RequestId> Engine::StageRemove(std::string_view id) {
  return StageCatalogChange([&] { return state_.StageRemove(id); }, ItemRemoved{std::string(id)});
}

void Engine::StageClosed() {
  if (!failure_.ok()) return;
  EncodeRuns();
  batcher_.Add(PoolClosed{}, items());
}

bool Engine::has_open_batch() const noexcept {
  return !batcher_.empty() || !run_.empty() || refused_run_ != 0;
}

WalBatch Engine::SealBatch() {
  assert(has_open_batch() && !sealed_in_flight_ && failure_.ok());
  EncodeRuns();
  const WalBatch batch = batcher_.Seal(durable_batch_ == written_batch_, open_schema_hash_);
  sealed_in_flight_ = true;
  sealed_starts_segment_ = batch.starts_segment;
  sealed_batch_ = batch.number;
  sealed_through_ = batch.last_request_id;
  sealed_mark_ = state_.mark();
  sealed_schema_hash_ = open_schema_hash_;
  open_schema_hash_ = items().schema_hash();
  return batch;
}

void Engine::OnWritten() {
  assert(sealed_in_flight_);
  // Starting a segment syncs the ones before.
  if (sealed_starts_segment_) OnDurable(written_batch_);
  sealed_in_flight_ = false;
  batcher_.Accept();
  state_.Commit(sealed_mark_);
  keys_.Commit(sealed_through_);
  written_batch_ = sealed_batch_;
  written_through_ = sealed_through_;
  written_not_durable_.push_back({written_batch_, written_through_});
}

void Engine::OnDurable(std::uint64_t batch_number) {
  assert(batch_number <= written_batch_);
  auto first_left = written_not_durable_.begin();
  for (; first_left != written_not_durable_.end() && first_left->number <= batch_number;
       ++first_left) {
    durable_through_ = first_left->last_request_id;
  }
  written_not_durable_.erase(written_not_durable_.begin(), first_left);
  durable_batch_ = std::max(durable_batch_, batch_number);
}

void Engine::OnFailed(const Status& status) {
  assert(!status.ok());
  run_.clear();
  refused_run_ = 0;
  if (status.code() == StatusCode::kFull) {
    assert(sealed_in_flight_);
    batcher_.Forget();
    state_.Revert();
    keys_.UndoAfter(written_through_);
    open_schema_hash_ = items().schema_hash();
    assert(open_schema_hash_ == sealed_schema_hash_);
  } else if (failure_.ok()) {
    failure_ = status;
  }
  sealed_in_flight_ = false;
}

RequestId Engine::staged_through() const noexcept {
  return batcher_.last_request_id() + run_.size() + refused_run_;
}

SnapshotCopy Engine::TakeSnapshot() {
  assert(!has_open_batch() && failure_.ok());
  SnapshotCopy copy{.request_id = staged_through(), .items = state_.BeginCopy(), .keys = {}};
  keys_.BeginCopy();
  batcher_.StartSegment();
  batcher_.Add(SnapshotTaken{copy.request_id}, items());
  return copy;
}

bool Engine::ContinueSnapshot(SnapshotCopy& copy, std::size_t count) {
  return state_.ContinueCopy(*copy.items, count) && keys_.ContinueCopy(count, copy.keys);
}

Status Engine::CheckNotFailed() const {
  if (failure_.ok()) return Status::Ok();
  return {StatusCode::kOutcomeUnknown,
          "the log has failed, reopen the pool: " + failure_.message()};
}

Status Engine::CheckAccepting() const {
  RP_RETURN_IF_ERROR(CheckNotFailed());
  if (RoomForRequests() == 0) {
    return {StatusCode::kOverloaded, std::to_string(options_.pending_requests_max) +
                                         " requests wait to be acknowledged already"};
  }
  return Status::Ok();
}

std::size_t Engine::RoomForRequests() const noexcept {
  return options_.pending_requests_max -
         static_cast<std::size_t>(staged_through() - acknowledged_through());
}

void Engine::EncodeRuns() {
  // At most one of the two is there: StageDraws() sees to it.
  if (!run_.empty()) {
    batcher_.AddDraws(run_, items());
    run_.clear();
  }
  if (refused_run_ != 0) {
    batcher_.Add(RefusedRun{refused_run_}, items());
    refused_run_ = 0;
  }
}

DrawOutcome Engine::MakeOutcome(RequestId request_id, std::span<const ItemIndex> picks) const {
  DrawOutcome outcome{request_id, {}};
  outcome.item_ids.reserve(picks.size());
  for (const ItemIndex index : picks) outcome.item_ids.emplace_back(items().IdAt(index));
  return outcome;
}

}  // namespace rewardpool
