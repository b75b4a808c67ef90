#include "rewardpool/native/threaded_actor.h"

#include <cstring>
#include <optional>
#include <utility>

#include "actor/actor_core.h"
#include "rewardpool/native/secure_key.h"
#include "rewardpool/native/thread_workers.h"
#include "rewardpool/recovery.h"

namespace rewardpool::native {

using internal::ActorCore;
using internal::ProducerRings;
using internal::Request;
using internal::StateRequest;
using internal::WaitedRequest;

namespace {

// Whether a failure leaves it open if the request took effect.
bool IsUnknown(const Status& status) { return status.code() == StatusCode::kOutcomeUnknown; }

class PlainDraw final : public WaitedRequest {
 public:
  DrawResult result;

  Stage StageOn(ActorCore& core) override {
    ItemIndex pick = 0;
    const std::span<ItemIndex> picks(&pick, 1);
    const Engine::StagedDraws done = core.engine().StageDraws(picks);
    if (done.drawn + done.refused == 0) {
      result.code =
          core.engine().failure().ok() ? StatusCode::kOverloaded : StatusCode::kOutcomeUnknown;
      return Stage::kDone;
    }
    core.CountDraws(done.drawn, done.refused);
    result.request_id = done.first_request_id;
    if (done.drawn == 0) {
      result.code = StatusCode::kExhausted;
    } else {
      core.directory().ToRefs(picks);
      result.item = pick;
    }
    return Stage::kStaged;
  }

  void OnFailed(ActorCore&, const Status& status, RequestId) override {
    result = {
        .request_id = IsUnknown(status) ? result.request_id : 0, .item = 0, .code = status.code()};
  }
};

// A draw with a key, a user or a count, for both ways of answering.
class DetailedDraw {
 public:
  Request::Stage StageOn(ActorCore& core, const DrawRequest& request) {
    const RequestId staged_before = core.engine().staged_through();
    outcome = core.engine().StageDraw(request);
    if (!outcome.ok()) return Request::Stage::kDone;
    const bool is_repetition = outcome->request_id <= staged_before;
    if (!is_repetition) {
      core.CountDraws(outcome->item_ids.size(), outcome->item_ids.empty() ? 1 : 0);
    }
    return Request::Stage::kStaged;
  }

  void OnFailed(const Status& status, RequestId acknowledged_through) {
    // A repetition may have waited in vain for others; its own outcome stands.
    if (outcome.ok() && outcome->request_id != 0 && outcome->request_id <= acknowledged_through) {
      return;
    }
    outcome = status;
  }

  Result<DrawOutcome> outcome = DrawOutcome{};
};

class WaitedDraw final : public WaitedRequest {
 public:
  explicit WaitedDraw(const DrawRequest& request) : request_(request) {}

  Stage StageOn(ActorCore& core) override { return draw.StageOn(core, request_); }
  void OnFailed(ActorCore&, const Status& status, RequestId acknowledged_through) override {
    draw.OnFailed(status, acknowledged_through);
  }

  DetailedDraw draw;

 private:
  const DrawRequest& request_;
};

class AsyncDraw final : public Request {
 public:
  AsyncDraw(DrawRequest request, Pool::DrawCallback callback)
      : request_(std::move(request)), callback_(std::move(callback)) {}

  Stage StageOn(ActorCore& core) override {
    core_ = &core;
    return draw_.StageOn(core, request_);
  }
  void OnFailed(ActorCore& core, const Status& status, RequestId acknowledged_through) override {
    core_ = &core;
    draw_.OnFailed(status, acknowledged_through);
  }
  void Answer() noexcept override {
    core_->EndPosted();
    callback_(std::move(draw_.outcome));
    delete this;
  }

 private:
  const DrawRequest request_;
  const Pool::DrawCallback callback_;
  ActorCore* core_ = nullptr;
  DetailedDraw draw_;
};

// `StageIt`: Result<RequestId>(ActorCore&).
template <typename StageIt>
class CatalogChange final : public WaitedRequest {
 public:
  explicit CatalogChange(StageIt stage_it) : stage_it_(std::move(stage_it)) {}

  Stage StageOn(ActorCore& core) override {
    request_id = stage_it_(core);
    return request_id.ok() ? Stage::kStaged : Stage::kDone;
  }
  void OnFailed(ActorCore&, const Status& status, RequestId) override { request_id = status; }

  Result<RequestId> request_id = RequestId{0};

 private:
  const StageIt stage_it_;
};

template <typename StageIt>
Result<RequestId> ChangeCatalog(ActorCore& core, StageIt stage_it) {
  CatalogChange<StageIt> change(std::move(stage_it));
  core.ServeChange(change);
  return std::move(change.request_id);
}

class ViewRequest final : public StateRequest {
 public:
  Status status;
  PoolView view;  // all but the items

  void OnAcknowledged(ActorCore& core) override {
    view.last_request_id = last_request_id;
    view.durable_through = core.durable_through();
    view.log_starts_after = core.log_starts_after();
  }
  void OnFailed(ActorCore&, const Status& failure, RequestId) override { status = failure; }
};

class FlushRequest final : public WaitedRequest {
 public:
  Status status;

  Stage StageOn(ActorCore& core) override {
    core.AddFlush(this);
    return Stage::kTakenOver;
  }
  void OnFailed(ActorCore&, const Status& failure, RequestId) override { status = failure; }
};

class SnapshotRequest final : public WaitedRequest {
 public:
  Result<RequestId> request_id = RequestId{0};

  Stage StageOn(ActorCore& core) override {
    core.AddSnapshot(this);
    return Stage::kTakenOver;
  }
  void OnAcknowledged(ActorCore& core) override { request_id = core.snapshot_taken(); }
  void OnFailed(ActorCore&, const Status& failure, RequestId) override { request_id = failure; }
};

Status InvalidOption(std::string message) {
  return {StatusCode::kInvalidArgument, std::move(message)};
}

template <typename Integer>
Status CheckRange(std::string_view name, Integer value, Integer min, Integer max) {
  if (value >= min && value <= max) return Status::Ok();
  return InvalidOption(std::string(name) + " is " + std::to_string(value) + "; it must be " +
                       std::to_string(min) + " to " + std::to_string(max));
}

// The first eight bytes from `offset` of a key.
std::uint64_t WordOf(const SecureKey& key, std::size_t offset) {
  std::uint64_t word = 0;
  static_assert(kSecureKeyBytes >= 2 * sizeof(word));
  std::memcpy(&word, key.data() + offset, sizeof(word));
  return word;
}

}  // namespace

Result<std::shared_ptr<PoolThreads>> ThreadsOf(const PoolOptions& options) {
  if (options.threads != nullptr) return options.threads;
  return PoolThreads::Start({.actors = 1, .syncers = 1});
}

Result<ThreadedActor> ThreadedActor::Open(std::unique_ptr<WalStorage> log,
                                          std::unique_ptr<SnapshotStore> snapshots,
                                          const PoolOptions& options) {
  const RecordCodec* const codec = FindRecordCodec(std::string_view(options.codec));
  if (codec == nullptr) {
    return InvalidOption("codec " + Quoted(options.codec) +
                         " is not known; it must be binary or jsonl");
  }
  RP_RETURN_IF_ERROR(CheckRange("segment_bytes_max", options.segment_bytes_max, kSegmentBytesMin,
                                kSegmentBytesMax));
  RP_RETURN_IF_ERROR(CheckRange<std::size_t>("pending_requests_max", options.pending_requests_max,
                                             1, kPendingRequestsMax));
  Result<std::unique_ptr<Selector>> selector = MakeSelector(options.selector);
  if (!selector.ok()) return selector.status();
  Result<std::shared_ptr<PoolThreads>> threads = ThreadsOf(options);
  if (!threads.ok()) return threads.status();

  // Salts need other entropy than draws: they are written to the disk.
  Result<SecureKey> salts = MakeSecureKey();
  if (!salts.ok()) return salts.status();
  std::unique_ptr<Random> random;
  if (options.insecure_seed) {
    random = MakeXoshiroRandom(*options.insecure_seed);
  } else {
    Result<SecureKey> key = MakeSecureKey();
    if (!key.ok()) return key.status();
    random = MakeChaCha20Random(*key);
  }

  Engine::Options engine;
  engine.wal = {.codec = codec,
                .segment_bytes_max = options.segment_bytes_max,
                .salt_seed = WordOf(*salts, 0)};
  engine.acknowledge_when = options.durability.kind() == Durability::Kind::kDurable
                                ? AcknowledgeWhen::kDurable
                                : AcknowledgeWhen::kWritten;
  engine.pending_requests_max = options.pending_requests_max;
  ThreadWorkers workers(options.recovery_threads);
  Result<OpenedPool> pool =
      OpenPool(*log, *snapshots, options.catalog, engine.wal, options.key_retention, &workers);
  if (!pool.ok()) return pool.status();

  return ThreadedActor(std::make_shared<ActorCore>(
      ActorCore::Parts{.threads = *std::move(threads),
                       .log = std::move(log),
                       .snapshots = std::move(snapshots),
                       .selector = *std::move(selector),
                       .random = std::move(random),
                       .pool = *std::move(pool),
                       .engine = engine,
                       .snapshot_salt_seed = WordOf(*salts, sizeof(std::uint64_t)),
                       .durability = options.durability,
                       .snapshot_policy = options.snapshots}));
}

ThreadedActor::ThreadedActor(std::shared_ptr<ActorCore> core) noexcept : core_(std::move(core)) {}

ThreadedActor::ThreadedActor(ThreadedActor&&) noexcept = default;

ThreadedActor& ThreadedActor::operator=(ThreadedActor&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) (void)core_->Close();
    core_ = std::move(other.core_);
  }
  return *this;
}

ThreadedActor::~ThreadedActor() {
  if (core_ != nullptr) (void)core_->Close();
}

DrawResult ThreadedActor::Draw() {
  PlainDraw draw;
  core_->ServeChange(draw);
  return draw.result;
}

Result<DrawOutcome> ThreadedActor::Draw(const DrawRequest& request) {
  WaitedDraw waited(request);
  core_->ServeChange(waited);
  return std::move(waited.draw.outcome);
}

Status ThreadedActor::DrawAsync(DrawRequest request, Pool::DrawCallback callback) {
  auto draw = std::make_unique<AsyncDraw>(std::move(request), std::move(callback));
  RP_RETURN_IF_ERROR(core_->Post(draw.get()));
  (void)draw.release();  // its Answer() deletes it
  return Status::Ok();
}

Result<Producer> ThreadedActor::NewProducer(std::size_t window) {
  RP_RETURN_IF_ERROR(CheckRange<std::size_t>("window", window, 1, kWindowMax));
  auto rings = std::make_shared<ProducerRings>(window);
  RP_RETURN_IF_ERROR(core_->AddProducer(rings));
  return Producer(core_, std::move(rings));
}

std::string_view ThreadedActor::ItemId(ItemRef item) const noexcept {
  return core_->ItemText(item);
}

Result<RequestId> ThreadedActor::AddItem(const Item& item) {
  return ChangeCatalog(*core_, [&item](ActorCore& core) {
    Result<RequestId> request_id = core.engine().StageAdd(item);
    if (request_id.ok()) {
      const ItemTable& items = core.engine().items();
      const ItemIndex position = *items.Find(item.id);
      core.directory().Add(position, items.IdTextAt(position), *request_id);
    }
    return request_id;
  });
}

Result<RequestId> ThreadedActor::UpdateItem(std::string_view id, const ItemChange& change) {
  return ChangeCatalog(*core_,
                       [&](ActorCore& core) { return core.engine().StageUpdate(id, change); });
}

Result<RequestId> ThreadedActor::RemoveItem(std::string_view id) {
  return ChangeCatalog(*core_, [&](ActorCore& core) { return core.engine().StageRemove(id); });
}

Result<PoolView> ThreadedActor::State() {
  ViewRequest request;
  core_->ServeControl(request);
  if (!request.status.ok()) return request.status;
  ItemsCopy& items = *request.items;
  items.Settle();
  PoolView view = std::move(request.view);
  view.drawn_of_removed = items.drawn_of_removed();
  view.items.reserve(items.item_count());
  for (ItemIndex position = 0; position < items.slot_count(); ++position) {
    const ItemRow& row = items[position];
    if (row.id == nullptr) continue;
    view.items.push_back({.id = std::string(IdTexts::View(row.id)),
                          .weight = row.weight,
                          .quantity = row.stock.left,
                          .drawn = row.stock.drawn});
  }
  return view;
}

Result<RequestId> ThreadedActor::Snapshot() {
  SnapshotRequest request;
  core_->ServeControl(request);
  return std::move(request.request_id);
}

Status ThreadedActor::Flush() {
  FlushRequest request;
  core_->ServeControl(request);
  return request.status;
}

Status ThreadedActor::Close() { return core_->Close(); }

PoolStats ThreadedActor::Stats() const { return core_->Stats(); }

RequestId ThreadedActor::durable_through() const noexcept { return core_->durable_through(); }

Status ThreadedActor::Failure() const { return core_->Failure(); }

const OpeningReport& ThreadedActor::opening() const noexcept { return core_->opening(); }

}  // namespace rewardpool::native
