#include "wasm/loop/loop_driver.h"

#include <utility>

#include "rewardpool/wal_batcher.h"
#include "wasm/loop/carry_out.h"

namespace rewardpool::wasm {

LoopDriver::LoopDriver(std::shared_ptr<MemoryDisk> disk)
    : log_(disk), snapshots_(disk), disk_(std::move(disk)) {
  loop_.options().insecure_seed = 1;
  loop_.options().salt_seed = 1;
}

Status LoopDriver::Load(const Catalog& catalog) {
  LoadFrom(*disk_, loop_);
  return loop_.Open(catalog);
}

Status LoopDriver::CarryOutAll() {
  for (const StorageOperation& operation : loop_.TakeOperations()) {
    RP_RETURN_IF_ERROR(CarryOut(operation, log_, snapshots_));
  }
  return Status::Ok();
}

Status LoopDriver::Open(const Catalog& catalog) {
  RP_RETURN_IF_ERROR(Load(catalog));
  return CarryOutAll();
}

Status LoopDriver::Append() { return AppendBatch(log_, loop_.batch()); }

Status LoopDriver::Write() {
  (void)loop_.SealBatch();
  RP_RETURN_IF_ERROR(Append());
  loop_.OnWritten();
  return Status::Ok();
}

Status LoopDriver::Flush() {
  RP_RETURN_IF_ERROR(Write());
  loop_.OnDurable(loop_.batch().number);
  return Status::Ok();
}

Status LoopDriver::Publish(RequestId image) {
  RP_RETURN_IF_ERROR(snapshots_.Publish(image, loop_.EncodeSnapshot()));
  RP_RETURN_IF_ERROR(loop_.OnSnapshotPublished(image));
  return CarryOutAll();
}

Status LoopDriver::Snapshot() {
  const RequestId image = loop_.TakeSnapshot();
  RP_RETURN_IF_ERROR(Flush());
  return Publish(image);
}

}  // namespace rewardpool::wasm
