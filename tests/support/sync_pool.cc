#include "support/sync_pool.h"

#include <limits>
#include <ostream>
#include <utility>

namespace rewardpool::testing {

Result<SyncPool> SyncPool::Open(WalStorage& log, SnapshotStore& snapshots,
                                std::optional<std::span<const Item>> catalog,
                                const SyncPoolOptions& options) {
  const WalBatcher::Options wal{.codec = FindRecordCodec(options.codec),
                                .segment_bytes_max = options.segment_bytes_max,
                                .salt_seed = options.random_seed};
  Result<OpenedPool> opened = OpenPool(log, snapshots, catalog, wal, options.key_retention);
  if (!opened.ok()) return opened.status();
  Result<std::unique_ptr<Selector>> selector = MakeSelector(options.selector);
  if (!selector.ok()) return selector.status();
  SyncPool pool;
  pool.log_ = &log;
  pool.snapshots_ = &snapshots;
  pool.opened_ = *opened;
  pool.newest_snapshot_ = opened->base_snapshot;
  pool.engine_ = std::make_unique<Engine>(
      std::move(opened->items), std::move(opened->keys), opened->log_end, std::move(*selector),
      MakeXoshiroRandom(options.random_seed),
      Engine::Options{.wal = wal,
                      .acknowledge_when = options.acknowledge_when,
                      .pending_requests_max = options.pending_requests_max});
  return pool;
}

Engine::StagedDraws SyncPool::Draw(std::size_t count) {
  std::vector<ItemIndex> picks(count);
  const Engine::StagedDraws staged = engine_->StageDraws(picks);
  for (std::size_t i = 0; i < staged.drawn; ++i) {
    history_.push_back(DrawEntry{"", 1, {std::string(engine_->items().IdAt(picks[i]))}});
  }
  for (std::size_t i = 0; i < staged.refused; ++i) history_.push_back(DrawEntry{});
  return staged;
}

Result<DrawOutcome> SyncPool::Draw(const DrawRequest& request) {
  const RequestId before = engine_->staged_through();
  Result<DrawOutcome> outcome = engine_->StageDraw(request);
  if (engine_->staged_through() != before) {
    history_.push_back(DrawEntry{request.key, request.count, outcome->item_ids});
  }
  return outcome;
}

Status SyncPool::Add(const Item& item) {
  Result<RequestId> staged = engine_->StageAdd(item);
  if (staged.ok()) history_.push_back(ItemAdded{item});
  return staged.status();
}

Status SyncPool::Update(const std::string& id, const ItemChange& change) {
  Result<RequestId> staged = engine_->StageUpdate(id, change);
  if (staged.ok()) history_.push_back(ItemUpdated{id, change});
  return staged.status();
}

Status SyncPool::Remove(const std::string& id) {
  Result<RequestId> staged = engine_->StageRemove(id);
  if (staged.ok()) history_.push_back(ItemRemoved{id});
  return staged.status();
}

Status SyncPool::Write() {
  const WalBatch batch = engine_->SealBatch();
  if (Status status = AppendBatch(*log_, batch); !status.ok()) return Fail(status);
  engine_->OnWritten();
  return Status::Ok();
}

Status SyncPool::Sync() {
  const std::uint64_t batch = engine_->written_batch();
  if (Status status = log_->Sync(); !status.ok()) return Fail(status);
  engine_->OnDurable(batch);
  return Status::Ok();
}

Status SyncPool::Flush() {
  if (!engine_->failure().ok()) return engine_->failure();
  if (engine_->has_open_batch()) RP_RETURN_IF_ERROR(Write());
  return Sync();
}

Status SyncPool::Snapshot() {
  RP_RETURN_IF_ERROR(Flush());
  SnapshotCopy image = engine_->TakeSnapshot();
  RP_RETURN_IF_ERROR(Flush());
  engine_->ContinueSnapshot(image, std::numeric_limits<std::size_t>::max());
  image.Settle();
  const ByteBuffer bytes = EncodeSnapshot(image, image.request_id ^ 0x5A17);
  RP_RETURN_IF_ERROR(snapshots_->Publish(image.request_id, bytes.bytes()));
  const std::optional<RequestId> previous = std::exchange(newest_snapshot_, image.request_id);
  return PruneLog(*log_, *snapshots_, image.request_id, previous).status();
}

Status SyncPool::Close() {
  RP_RETURN_IF_ERROR(Flush());
  engine_->StageClosed();
  RP_RETURN_IF_ERROR(Flush());
  return log_->Close();
}

Status SyncPool::Fail(const Status& status) {
  engine_->OnFailed(status);
  if (status.code() == StatusCode::kFull) {
    history_.resize(engine_->staged_through() - opened_.log_end.last_request_id);
  }
  return status;
}

namespace {

class HistoryReader final : public RecordVisitor {
 public:
  explicit HistoryReader(std::vector<HistoryEntry>& entries) : entries_(entries) {}

  Status OnRecord(const Record& record, RequestId, const ItemTable& items,
                  const KeyTable&) override {
    if (const auto* run = std::get_if<DrawRun>(&record)) {
      for (const ItemIndex index : run->items) {
        entries_.push_back(DrawEntry{"", 1, {IdOf(items, index)}});
      }
    } else if (const auto* refused = std::get_if<RefusedRun>(&record)) {
      entries_.insert(entries_.end(), refused->count, DrawEntry{});
    } else if (const auto* draw = std::get_if<RequestedDraw>(&record)) {
      DrawEntry drawn{draw->key, draw->count, {}};
      for (const ItemIndex index : draw->items) drawn.item_ids.push_back(IdOf(items, index));
      entries_.push_back(drawn);
    } else if (const auto* added = std::get_if<ItemAdded>(&record)) {
      entries_.push_back(*added);
    } else if (const auto* updated = std::get_if<ItemUpdated>(&record)) {
      entries_.push_back(*updated);
    } else if (const auto* removed = std::get_if<ItemRemoved>(&record)) {
      entries_.push_back(*removed);
    }
    return Status::Ok();
  }

 private:
  static std::string IdOf(const ItemTable& items, ItemIndex index) {
    return items.Has(index) ? std::string(items.IdAt(index)) : "(no item)";
  }

  std::vector<HistoryEntry>& entries_;
};

}  // namespace

Result<RecoveredHistory> ReadHistory(WalSource& log, SnapshotStore& snapshots) {
  RecoveredHistory history;
  HistoryReader reader(history.entries);
  Result<Inspection> inspection =
      InspectPool(log, snapshots, {.from = InspectOptions::From::kLogStart, .visitor = &reader});
  if (!inspection.ok()) return inspection.status();
  history.inspection = std::move(*inspection);
  history.log_starts_after = history.inspection.log_end.last_request_id - history.entries.size();
  return history;
}

ItemTable Replay(ItemTable items, std::span<const HistoryEntry> entries) {
  for (const HistoryEntry& entry : entries) {
    if (const auto* drawn = std::get_if<DrawEntry>(&entry)) {
      for (const std::string& id : drawn->item_ids) {
        items.stock().TakeOne(items.Find(id).value());
      }
    } else if (const auto* added = std::get_if<ItemAdded>(&entry)) {
      (void)items.Add(added->item);
    } else if (const auto* updated = std::get_if<ItemUpdated>(&entry)) {
      (void)items.Update(updated->id, updated->change);
    } else if (const auto* removed = std::get_if<ItemRemoved>(&entry)) {
      (void)items.Remove(removed->id);
    }
  }
  return items;
}

std::ostream& operator<<(std::ostream& out, const ItemState& state) {
  out << Quoted(state.id) << " weight " << state.weight << " left ";
  if (state.left.is_unlimited()) {
    out << "unlimited";
  } else {
    out << state.left.count();
  }
  return out << " drawn " << state.drawn;
}

std::vector<ItemState> StatesOf(const ItemTable& items) {
  std::vector<ItemState> states;
  for (ItemIndex index = 0; index < items.slot_count(); ++index) {
    if (!items.Has(index)) continue;
    const Stock::Entry& stock = items.stock()[index];
    states.push_back(
        {std::string(items.IdAt(index)), items.WeightAt(index), stock.left, stock.drawn});
  }
  return states;
}

}  // namespace rewardpool::testing
