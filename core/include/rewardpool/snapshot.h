// snapshot.h - the state of a pool at one request, and its form as bytes.
//
// Spec: docs/snapshot-format.md. Where the bytes live: snapshot_store.h.
#ifndef REWARDPOOL_SNAPSHOT_H_
#define REWARDPOOL_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/item.h"
#include "rewardpool/item_table.h"
#include "rewardpool/items_copy.h"
#include "rewardpool/key_table.h"
#include "rewardpool/status.h"

namespace rewardpool {

// Everything that recovery needs, on its way to become bytes. Engine makes it,
// bit by bit; once it is complete, any thread may settle and encode it.
struct SnapshotCopy {
  RequestId request_id = 0;  // the last request whose effect it holds
  std::shared_ptr<ItemsCopy> items;
  std::vector<KeyTable::Entry> keys;  // by request id

  // Once, before it is encoded; the owner of the pool need not wait for it.
  // Cost: O(keys + changes during the copy).
  void Settle();
};

// The same, read back.
struct SnapshotImage {
  RequestId request_id = 0;  // the last request whose effect it holds
  ItemTable items;
  std::vector<KeyTable::Entry> keys;  // by request id
};

// Writes the copy as a snapshot's bytes. Requires that it is settled.
//
// Inputs: salt: fresh entropy, or anything else that differs between snapshots.
// Cost:   O(items + keys); meant for another thread than the owner's.
[[nodiscard]] ByteBuffer EncodeSnapshot(const SnapshotCopy& copy, std::uint64_t salt);

// Reads a snapshot back. Every byte is covered: any change to them is an error.
//
// Errors: kCorrupt, kUnsupported; messages name the offset and the record.
// Cost:   O(items + keys + highest position): positions freed by removals take
//         room as in the pool that was copied, whatever the size of the bytes.
[[nodiscard]] Result<SnapshotImage> DecodeSnapshot(std::span<const std::byte> bytes);

}  // namespace rewardpool

#endif  // REWARDPOOL_SNAPSHOT_H_
