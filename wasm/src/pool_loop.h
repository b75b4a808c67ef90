// pool_loop.h - the message-loop actor: one pool in one thread, without any I/O.
//
// It puts the engine together with what surrounds it (opening, names of items,
// snapshots, pruning) in a form that a message loop can drive: calls go in, and
// bytes and operations for the storage come out. The other half, which has the
// storage and the callers, is wasm/js/poolOwner.ts.
//
// Order of calls: set options, Load...() all that is stored, Open(), carry out
// TakeOperations(), then requests and batches.
//
// Threads: one owner.
#ifndef REWARDPOOL_WASM_SRC_POOL_LOOP_H_
#define REWARDPOOL_WASM_SRC_POOL_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "deferred_storage.h"
#include "item_names.h"
#include "rewardpool/byte_buffer.h"
#include "rewardpool/engine.h"
#include "rewardpool/item.h"
#include "rewardpool/key_table.h"
#include "rewardpool/random.h"
#include "rewardpool/status.h"

namespace rewardpool::wasm {

class PoolLoop {
 public:
  struct Options {
    std::string selector = "auto";
    std::uint64_t segment_bytes_max = kSegmentBytesDefault;
    std::size_t key_retention = kKeyRetentionDefault;
    std::size_t pending_requests_max = std::size_t{1} << 20;
    AcknowledgeWhen acknowledge_when = AcknowledgeWhen::kDurable;
    // Keys the cryptographic generator, unless there is an insecure seed.
    SecureKey secure_key{};
    std::optional<std::uint64_t> insecure_seed;
    // Fresh entropy, other than that of draws: salts are written to the disk.
    std::uint64_t salt_seed = 0;
  };

  // What StageDraws() did: `names` of the items drawn, then `refused` draws that
  // found the pool exhausted; ids run from first_request_id over both.
  struct StagedDraws {
    RequestId first_request_id = 0;
    std::span<const ItemName> names;  // until the next call
    std::size_t refused = 0;
  };

  [[nodiscard]] Options& options() noexcept { return options_; }

  // Room for what is stored; the caller writes it before the next call.
  [[nodiscard]] std::span<std::byte> LoadSegment(std::uint64_t number, std::size_t byte_count) {
    return storage_.LoadSegment(number, byte_count);
  }
  [[nodiscard]] std::span<std::byte> LoadSnapshot(RequestId name, std::size_t byte_count) {
    return storage_.LoadSnapshot(name, byte_count);
  }

  // Recovers what was loaded; if there is no pool, makes one of the catalog, if
  // there is one. Nothing may be told to anybody before the operations are done.
  // Errors: those of OpenPool(), and kInvalidArgument (unknown selector).
  [[nodiscard]] Status Open(const std::optional<std::vector<Item>>& catalog);
  [[nodiscard]] std::vector<StorageOperation> TakeOperations() { return storage_.TakeOperations(); }

  [[nodiscard]] bool created() const noexcept { return created_; }
  [[nodiscard]] RequestId recovered_through() const noexcept { return recovered_through_; }
  [[nodiscard]] RequestId log_starts_after() const noexcept { return log_starts_after_; }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

  // --- Requests; see Engine ---------------------------------------------------

  [[nodiscard]] StagedDraws StageDraws(std::size_t count);
  [[nodiscard]] Result<DrawOutcome> StageDraw(const DrawRequest& request) {
    return engine_->StageDraw(request);
  }
  [[nodiscard]] Status StageAdd(const Item& item);
  [[nodiscard]] Status StageUpdate(std::string_view id, const ItemChange& change) {
    return engine_->StageUpdate(id, change).status();
  }
  [[nodiscard]] Status StageRemove(std::string_view id) {
    return engine_->StageRemove(id).status();
  }
  void StageClosed() { engine_->StageClosed(); }

  [[nodiscard]] const ItemNames& names() const noexcept { return *names_; }
  [[nodiscard]] const Engine& engine() const noexcept { return *engine_; }

  // --- The log; see Engine ------------------------------------------------------

  [[nodiscard]] const WalBatch& SealBatch();
  // The batch sealed last.
  [[nodiscard]] const WalBatch& batch() const noexcept { return batch_; }
  void OnWritten();
  void OnDurable(std::uint64_t batch_number) { engine_->OnDurable(batch_number); }
  void OnFailed(const Status& status);

  // --- State and snapshots --------------------------------------------------------

  // The state, staged changes included, as JSON: integers as texts, since
  // JavaScript would round them.
  [[nodiscard]] std::string StateJson() const;

  // Copies the state; its mark goes into the batch that SealBatch() makes next.
  // Requires no open batch and no failure. Replaces an image that was there.
  // Returns: the last request in it.
  [[nodiscard]] RequestId TakeSnapshot();
  // The batch with the mark of the last image, once it is sealed; 0 before. The
  // image may be published when that batch is durable.
  [[nodiscard]] std::uint64_t snapshot_mark_batch() const noexcept { return snapshot_mark_batch_; }
  // The image as bytes, which live until the next call. The image is then gone.
  // Requires an image.
  [[nodiscard]] std::span<const std::byte> EncodeSnapshot();
  void DiscardSnapshot() noexcept { image_.reset(); }
  // The snapshot is stored. What is not needed any more, TakeOperations() removes.
  [[nodiscard]] Status OnSnapshotPublished(RequestId name);

 private:
  Options options_;
  DeferredStorage storage_;
  bool created_ = false;
  RequestId recovered_through_ = 0;
  RequestId log_starts_after_ = 0;
  std::vector<std::string> notes_;

  // From Open() on.
  std::optional<Engine> engine_;
  std::optional<ItemNames> names_;

  std::vector<ItemIndex> picks_;
  WalBatch batch_;

  std::optional<SnapshotCopy> image_;
  bool mark_is_open_ = false;
  std::uint64_t snapshot_mark_batch_ = 0;
  std::optional<RequestId> published_snapshot_;  // the one before is kept too
  std::uint64_t snapshots_encoded_ = 0;
  ByteBuffer encoded_;
};

}  // namespace rewardpool::wasm

#endif  // REWARDPOOL_WASM_SRC_POOL_LOOP_H_
