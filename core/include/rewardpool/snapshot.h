// snapshot.h - the state of a pool at one request, and its form as bytes.
//
// Spec: docs/snapshot-format.md. Where the bytes live: snapshot_store.h.
#ifndef REWARDPOOL_SNAPSHOT_H_
#define REWARDPOOL_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rewardpool/byte_buffer.h"
#include "rewardpool/item.h"
#include "rewardpool/item_table.h"
#include "rewardpool/key_table.h"
#include "rewardpool/status.h"

namespace rewardpool {

// Everything that recovery needs; a value that any thread may encode.
struct SnapshotImage {
  RequestId request_id = 0;  // the last request whose effect it holds
  ItemTable items;
  std::vector<KeyTable::Entry> keys;  // by request id
};

// Writes the image as a snapshot's bytes.
//
// Inputs: salt: fresh entropy, or anything else that differs between snapshots.
// Cost:   O(items + keys); meant for another thread than the owner's.
[[nodiscard]] ByteBuffer EncodeSnapshot(const SnapshotImage& image, std::uint64_t salt);

// Reads a snapshot back. Every byte is covered: any change to them is an error.
//
// Errors: kCorrupt, kUnsupported; messages name the offset and the record.
// Cost:   O(items + keys + highest position): positions freed by removals take
//         room as in the pool that was copied, whatever the size of the bytes.
[[nodiscard]] Result<SnapshotImage> DecodeSnapshot(std::span<const std::byte> bytes);

}  // namespace rewardpool

#endif  // REWARDPOOL_SNAPSHOT_H_
