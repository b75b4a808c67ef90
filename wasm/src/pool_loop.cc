#include "pool_loop.h"

#include <limits>
#include <utility>

#include "rewardpool/record_codec.h"
#include "rewardpool/record_json.h"
#include "rewardpool/recovery.h"
#include "rewardpool/selector.h"
#include "rewardpool/snapshot.h"

namespace rewardpool::wasm {

Status PoolLoop::Open(const std::optional<std::vector<Item>>& catalog) {
  Result<std::unique_ptr<Selector>> selector = MakeSelector(options_.selector);
  if (!selector.ok()) return selector.status();
  Engine::Options engine;
  engine.wal = {.codec = &BinaryRecordCodec(),
                .segment_bytes_max = options_.segment_bytes_max,
                .salt_seed = options_.salt_seed};
  engine.acknowledge_when = options_.acknowledge_when;
  engine.pending_requests_max = options_.pending_requests_max;

  Result<OpenedPool> pool =
      OpenPool(storage_.log(), storage_.snapshots(), catalog, engine.wal, options_.key_retention);
  if (!pool.ok()) return pool.status();
  storage_.ForgetContent();
  created_ = pool->created;
  recovered_through_ = pool->log_end.last_request_id;
  log_starts_after_ = pool->log_starts_after;
  notes_ = std::move(pool->notes);
  published_snapshot_ = pool->base_snapshot;
  names_.emplace(pool->items);
  engine_.emplace(std::move(pool->items), std::move(pool->keys), pool->log_end,
                  *std::move(selector),
                  options_.insecure_seed ? MakeXoshiroRandom(*options_.insecure_seed)
                                         : MakeChaCha20Random(options_.secure_key),
                  engine);
  return Status::Ok();
}

PoolLoop::StagedDraws PoolLoop::StageDraws(std::size_t count) {
  picks_.resize(count);
  const Engine::StagedDraws staged = engine_->StageDraws(picks_);
  const auto drawn = std::span(picks_).first(staged.drawn);
  names_->FromPositions(drawn);
  return {.first_request_id = staged.first_request_id, .names = drawn, .refused = staged.refused};
}

Status PoolLoop::StageAdd(const Item& item) {
  const Result<RequestId> request_id = engine_->StageAdd(item);
  if (!request_id.ok()) return request_id.status();
  names_->Add(*engine_->items().Find(item.id), item.id, *request_id);
  return Status::Ok();
}

const WalBatch& PoolLoop::SealBatch() {
  batch_ = engine_->SealBatch();
  if (std::exchange(mark_is_open_, false)) snapshot_mark_batch_ = batch_.number;
  return batch_;
}

void PoolLoop::OnWritten() {
  engine_->OnWritten();
  names_->Commit(engine_->written_through());
  if (batch_.starts_segment) storage_.NoteSegment(batch_.segment, batch_.header);
}

void PoolLoop::OnFailed(const Status& status) {
  engine_->OnFailed(status);
  // Only a lack of room undoes anything.
  if (engine_->failure().ok()) names_->Undo();
  mark_is_open_ = false;
}

std::string PoolLoop::StateJson() const {
  const ItemTable& items = engine_->items();
  std::string json =
      "{\"last_request_id\":\"" + std::to_string(engine_->staged_through()) + "\",\"items\":[";
  bool is_first = true;
  for (ItemIndex index = 0; index < items.slot_count(); ++index) {
    if (!items.Has(index)) continue;
    if (!std::exchange(is_first, false)) json += ',';
    const Stock::Entry& entry = items.stock()[index];
    json += "{\"item_id\":";
    AppendJsonString(items.IdAt(index), json);
    json += ",\"weight\":\"" + std::to_string(items.WeightAt(index)) + "\",\"quantity\":\"" +
            (entry.left.is_unlimited() ? "unlimited" : std::to_string(entry.left.count())) +
            "\",\"drawn\":\"" + std::to_string(entry.drawn) + "\"}";
  }
  json += "]}";
  return json;
}

RequestId PoolLoop::TakeSnapshot() {
  image_ = engine_->TakeSnapshot();
  engine_->ContinueSnapshot(*image_, std::numeric_limits<std::size_t>::max());
  mark_is_open_ = true;
  snapshot_mark_batch_ = 0;
  return image_->request_id;
}

std::span<const std::byte> PoolLoop::EncodeSnapshot() {
  // Salts of snapshots differ among themselves and from those of segments.
  const std::uint64_t salt = ~options_.salt_seed + ++snapshots_encoded_;
  SnapshotCopy image = *std::exchange(image_, std::nullopt);
  image.Settle();
  encoded_ = rewardpool::EncodeSnapshot(image, salt);
  return encoded_.bytes();
}

Status PoolLoop::OnSnapshotPublished(RequestId name) {
  encoded_ = ByteBuffer();
  storage_.NoteSnapshot(name);
  const Result<RequestId> log_starts_after = PruneLog(storage_.log(), storage_.snapshots(), name,
                                                      std::exchange(published_snapshot_, name));
  if (!log_starts_after.ok()) return log_starts_after.status();
  log_starts_after_ = *log_starts_after;
  return Status::Ok();
}

}  // namespace rewardpool::wasm
