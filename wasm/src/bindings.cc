// bindings.cc - what JavaScript sees of the core, through Embind, and no logic.
//
// The contract, method by method, is wasm/js/coreModule.ts. Statuses travel as
// their codes; the message waits in message(). Integers of 64 bits are bigints.
#include <emscripten/bind.h>
#include <emscripten/val.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pool_loop.h"

namespace rewardpool::wasm {
namespace {

using emscripten::val;

template <typename T>
val ViewOf(std::span<T> values) {
  return val(emscripten::typed_memory_view(values.size(), values.data()));
}

val BytesView(std::span<const std::byte> bytes) {
  return ViewOf(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

// Writable: JavaScript fills it.
val RoomView(std::span<std::byte> room) {
  return ViewOf(std::span(reinterpret_cast<std::uint8_t*>(room.data()), room.size()));
}

template <typename Range>
val ArrayOf(const Range& values) {
  val array = val::array();
  for (const auto& value : values) array.call<void>("push", value);
  return array;
}

Quantity MakeQuantity(std::uint64_t quantity, bool unlimited) {
  return unlimited ? Quantity::Unlimited() : Quantity::Of(quantity);
}

val OperationOf(const StorageOperation& operation) {
  using Kind = StorageOperation::Kind;
  val object = val::object();
  const auto set_kind = [&object](const char* kind) { object.set("kind", std::string(kind)); };
  // The bytes die with the operation, so they are copied.
  const auto copy = [&operation] { return BytesView(operation.bytes).call<val>("slice"); };
  switch (operation.kind) {
    case Kind::kStartSegment:
      set_kind("start-segment");
      object.set("segment", operation.number);
      object.set("capacityBytes", static_cast<double>(operation.size));
      object.set("bytes", copy());
      break;
    case Kind::kAppend:
      set_kind("append");
      object.set("bytes", copy());
      break;
    case Kind::kSync:
      set_kind("sync");
      break;
    case Kind::kTruncate:
      set_kind("truncate");
      object.set("segment", operation.number);
      object.set("length", static_cast<double>(operation.size));
      break;
    case Kind::kPersist:
      set_kind("persist");
      object.set("segment", operation.number);
      break;
    case Kind::kRemoveSegment:
      set_kind("remove-segment");
      object.set("segment", operation.number);
      break;
    case Kind::kRemoveSnapshot:
      set_kind("remove-snapshot");
      object.set("snapshot", operation.number);
      break;
  }
  return object;
}

class LoopBinding {
 public:
  std::string Message() const { return message_; }

  void SetSelector(const std::string& name) { loop_.options().selector = name; }
  void SetSegmentBytes(double bytes) {
    loop_.options().segment_bytes_max = static_cast<std::uint64_t>(bytes);
  }
  void SetKeyRetention(double count) {
    loop_.options().key_retention = static_cast<std::size_t>(count);
  }
  void SetPendingRequestsMax(double count) {
    loop_.options().pending_requests_max = static_cast<std::size_t>(count);
  }
  void SetAcknowledgeWhenWritten() { loop_.options().acknowledge_when = AcknowledgeWhen::kWritten; }
  void SetSecureKey(const val& key) {
    SecureKey& bytes = loop_.options().secure_key;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(key[i].as<unsigned>());
    }
  }
  void SetInsecureSeed(std::uint64_t seed) { loop_.options().insecure_seed = seed; }
  void SetSaltSeed(std::uint64_t seed) { loop_.options().salt_seed = seed; }

  val LoadSegment(std::uint64_t number, double byte_count) {
    return RoomView(loop_.LoadSegment(number, static_cast<std::size_t>(byte_count)));
  }
  val LoadSnapshot(std::uint64_t name, double byte_count) {
    return RoomView(loop_.LoadSnapshot(name, static_cast<std::size_t>(byte_count)));
  }

  void AddCatalogItem(const std::string& item_id, std::uint64_t weight, std::uint64_t quantity,
                      bool unlimited) {
    catalog_.push_back({item_id, weight, MakeQuantity(quantity, unlimited)});
  }
  int Open(bool create) {
    std::vector<Item> catalog = std::exchange(catalog_, {});
    return CodeOf(loop_.Open(create ? std::optional(std::move(catalog)) : std::nullopt));
  }
  val TakeOperations() {
    val array = val::array();
    for (const StorageOperation& operation : loop_.TakeOperations()) {
      array.call<void>("push", OperationOf(operation));
    }
    return array;
  }

  bool Created() const { return loop_.created(); }
  std::uint64_t RecoveredThrough() const { return loop_.recovered_through(); }
  std::uint64_t LogStartsAfter() const { return loop_.log_starts_after(); }
  val Notes() const { return ArrayOf(loop_.notes()); }

  val StageDraws(double count) {
    staged_ = loop_.StageDraws(static_cast<std::size_t>(count));
    return ViewOf(staged_.names);
  }
  std::uint64_t StagedFirstRequestId() const { return staged_.first_request_id; }
  double StagedRefused() const { return static_cast<double>(staged_.refused); }

  int StageDraw(double count, const std::string& key, const std::string& user) {
    Result<DrawOutcome> outcome =
        loop_.StageDraw({.count = static_cast<std::uint32_t>(count), .key = key, .user = user});
    if (!outcome.ok()) return CodeOf(outcome.status());
    outcome_ = *std::move(outcome);
    return 0;
  }
  std::uint64_t OutcomeRequestId() const { return outcome_.request_id; }
  val OutcomeItemIds() const { return ArrayOf(outcome_.item_ids); }

  int StageAdd(const std::string& item_id, std::uint64_t weight, std::uint64_t quantity,
               bool unlimited) {
    return CodeOf(loop_.StageAdd({item_id, weight, MakeQuantity(quantity, unlimited)}));
  }
  int StageUpdate(const std::string& item_id, bool has_weight, std::uint64_t weight,
                  bool has_quantity, std::uint64_t quantity, bool unlimited) {
    ItemChange change;
    if (has_weight) change.weight = weight;
    if (has_quantity) change.quantity = MakeQuantity(quantity, unlimited);
    return CodeOf(loop_.StageUpdate(item_id, change));
  }
  int StageRemove(const std::string& item_id) { return CodeOf(loop_.StageRemove(item_id)); }
  void StageClosed() { loop_.StageClosed(); }

  val ItemIdsFrom(double first) const {
    return ArrayOf(loop_.names().item_ids().subspan(static_cast<std::size_t>(first)));
  }
  double ItemNameCount() const { return static_cast<double>(loop_.names().item_ids().size()); }

  bool HasOpenBatch() const { return loop_.engine().has_open_batch(); }
  double SealBatch() { return static_cast<double>(loop_.SealBatch().number); }
  bool BatchStartsSegment() const { return loop_.batch().starts_segment; }
  std::uint64_t BatchSegment() const { return loop_.batch().segment; }
  double BatchCapacityBytes() const {
    return static_cast<double>(loop_.batch().segment_capacity_bytes);
  }
  val BatchHeader() const { return BytesView(loop_.batch().header); }
  val BatchFrames() const { return BytesView(loop_.batch().frames); }

  void OnWritten() { loop_.OnWritten(); }
  void OnDurable(double batch_number) { loop_.OnDurable(static_cast<std::uint64_t>(batch_number)); }
  void OnFailed(int code, const std::string& message) {
    loop_.OnFailed(Status(static_cast<StatusCode>(code), message));
  }
  int Failure() const { return static_cast<int>(loop_.engine().failure().code()); }

  std::uint64_t StagedThrough() const { return loop_.engine().staged_through(); }
  std::uint64_t AcknowledgedThrough() const { return loop_.engine().acknowledged_through(); }
  std::uint64_t DurableThrough() const { return loop_.engine().durable_through(); }
  double WrittenBatch() const { return static_cast<double>(loop_.engine().written_batch()); }
  double DurableBatch() const { return static_cast<double>(loop_.engine().durable_batch()); }

  std::string StateJson() const { return loop_.StateJson(); }

  std::uint64_t TakeSnapshot() { return loop_.TakeSnapshot(); }
  double SnapshotMarkBatch() const { return static_cast<double>(loop_.snapshot_mark_batch()); }
  val EncodeSnapshot() { return BytesView(loop_.EncodeSnapshot()); }
  void DiscardSnapshot() { loop_.DiscardSnapshot(); }
  int OnSnapshotPublished(std::uint64_t name) { return CodeOf(loop_.OnSnapshotPublished(name)); }

 private:
  // Notes a failure for message(). Returns its code.
  int CodeOf(const Status& status) {
    message_ = status.message();
    return static_cast<int>(status.code());
  }

  PoolLoop loop_;
  std::string message_;
  std::vector<Item> catalog_;
  PoolLoop::StagedDraws staged_;
  DrawOutcome outcome_;
};

}  // namespace

EMSCRIPTEN_BINDINGS(rewardpool) {
  using emscripten::class_;

  class_<LoopBinding>("PoolLoop")
      .constructor<>()
      .function("message", &LoopBinding::Message)
      .function("setSelector", &LoopBinding::SetSelector)
      .function("setSegmentBytes", &LoopBinding::SetSegmentBytes)
      .function("setKeyRetention", &LoopBinding::SetKeyRetention)
      .function("setPendingRequestsMax", &LoopBinding::SetPendingRequestsMax)
      .function("setAcknowledgeWhenWritten", &LoopBinding::SetAcknowledgeWhenWritten)
      .function("setSecureKey", &LoopBinding::SetSecureKey)
      .function("setInsecureSeed", &LoopBinding::SetInsecureSeed)
      .function("setSaltSeed", &LoopBinding::SetSaltSeed)
      .function("loadSegment", &LoopBinding::LoadSegment)
      .function("loadSnapshot", &LoopBinding::LoadSnapshot)
      .function("addCatalogItem", &LoopBinding::AddCatalogItem)
      .function("open", &LoopBinding::Open)
      .function("takeOperations", &LoopBinding::TakeOperations)
      .function("created", &LoopBinding::Created)
      .function("recoveredThrough", &LoopBinding::RecoveredThrough)
      .function("logStartsAfter", &LoopBinding::LogStartsAfter)
      .function("notes", &LoopBinding::Notes)
      .function("stageDraws", &LoopBinding::StageDraws)
      .function("stagedFirstRequestId", &LoopBinding::StagedFirstRequestId)
      .function("stagedRefused", &LoopBinding::StagedRefused)
      .function("stageDraw", &LoopBinding::StageDraw)
      .function("outcomeRequestId", &LoopBinding::OutcomeRequestId)
      .function("outcomeItemIds", &LoopBinding::OutcomeItemIds)
      .function("stageAdd", &LoopBinding::StageAdd)
      .function("stageUpdate", &LoopBinding::StageUpdate)
      .function("stageRemove", &LoopBinding::StageRemove)
      .function("stageClosed", &LoopBinding::StageClosed)
      .function("itemIdsFrom", &LoopBinding::ItemIdsFrom)
      .function("itemNameCount", &LoopBinding::ItemNameCount)
      .function("hasOpenBatch", &LoopBinding::HasOpenBatch)
      .function("sealBatch", &LoopBinding::SealBatch)
      .function("batchStartsSegment", &LoopBinding::BatchStartsSegment)
      .function("batchSegment", &LoopBinding::BatchSegment)
      .function("batchCapacityBytes", &LoopBinding::BatchCapacityBytes)
      .function("batchHeader", &LoopBinding::BatchHeader)
      .function("batchFrames", &LoopBinding::BatchFrames)
      .function("onWritten", &LoopBinding::OnWritten)
      .function("onDurable", &LoopBinding::OnDurable)
      .function("onFailed", &LoopBinding::OnFailed)
      .function("failure", &LoopBinding::Failure)
      .function("stagedThrough", &LoopBinding::StagedThrough)
      .function("acknowledgedThrough", &LoopBinding::AcknowledgedThrough)
      .function("durableThrough", &LoopBinding::DurableThrough)
      .function("writtenBatch", &LoopBinding::WrittenBatch)
      .function("durableBatch", &LoopBinding::DurableBatch)
      .function("stateJson", &LoopBinding::StateJson)
      .function("takeSnapshot", &LoopBinding::TakeSnapshot)
      .function("snapshotMarkBatch", &LoopBinding::SnapshotMarkBatch)
      .function("encodeSnapshot", &LoopBinding::EncodeSnapshot)
      .function("discardSnapshot", &LoopBinding::DiscardSnapshot)
      .function("onSnapshotPublished", &LoopBinding::OnSnapshotPublished);
}

}  // namespace rewardpool::wasm
