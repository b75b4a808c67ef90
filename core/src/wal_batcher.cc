#include "rewardpool/wal_batcher.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rewardpool {

WalBatcher::WalBatcher(const LogEnd& end, const Options& options)
    : options_(options), end_(end), sealed_end_(end), last_request_id_(end.last_request_id) {
  assert(options.codec != nullptr);
}

void WalBatcher::Add(const Record& record, const ItemTable& items) {
  options_.codec->Encode(record, items, filling_.BeginRecord(last_request_id_ + 1));
  last_request_id_ += RequestIdsOf(record);
}

void WalBatcher::AddDraws(std::span<const ItemIndex> draws, const ItemTable& items) {
  while (!draws.empty()) {
    const auto run = draws.first(std::min(draws.size(), kDrawsPerRecordMax));
    options_.codec->EncodeDrawRun(run, items, filling_.BeginRecord(last_request_id_ + 1));
    last_request_id_ += run.size();
    draws = draws.subspan(run.size());
  }
}

WalBatch WalBatcher::Seal(bool prior_synced, std::uint32_t schema_hash) {
  assert(!empty());
  std::swap(filling_, sealed_);
  filling_.Clear();

  WalBatch batch;
  batch.number = ++batch_number_;
  batch.last_request_id = last_request_id_;
  sealed_end_ = end_;
  if (wants_segment_ || end_.length + sealed_.bytes().size() > options_.segment_bytes_max) {
    salt_ = NextSalt();
    batch.starts_segment = true;
    batch.header = EncodeHeader(kSegmentMagic, {.number = end_.segment + 1,
                                                .first_request_id = sealed_.first_request_id(),
                                                .salt = salt_,
                                                .previous_length = end_.length,
                                                .previous_crc = end_.crc,
                                                .schema_hash = schema_hash});
    batch.segment_capacity_bytes = std::max<std::uint64_t>(
        options_.segment_bytes_max, kSegmentHeaderBytes + sealed_.bytes().size());
    sealed_end_.segment = end_.segment + 1;
    sealed_end_.length = kSegmentHeaderBytes;
    sealed_end_.crc = HeaderCrc(batch.header);
    // Starting a segment syncs the one before.
    prior_synced = true;
    wants_segment_ = false;
  }

  sealed_end_.crc =
      sealed_.Seal(salt_, options_.codec->frame_type(), prior_synced, sealed_end_.crc);
  sealed_end_.length += sealed_.bytes().size();
  sealed_end_.last_request_id = last_request_id_;
  batch.segment = sealed_end_.segment;
  batch.frames = sealed_.bytes();
  return batch;
}

void WalBatcher::Accept() noexcept { end_ = sealed_end_; }

void WalBatcher::Forget() noexcept {
  // Seal() may have drawn the salt of a segment that now never began, so the
  // open one's is lost. A fresh segment is always right.
  wants_segment_ = true;
  last_request_id_ = end_.last_request_id;
  filling_.Clear();
}

std::uint64_t WalBatcher::NextSalt() noexcept {
  // splitmix64: distinct for distinct counters, and the seed is fresh entropy.
  std::uint64_t z = options_.salt_seed + 0x9E3779B97F4A7C15ULL * ++salt_counter_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

Status AppendBatch(WalStorage& storage, const WalBatch& batch) {
  if (batch.starts_segment) {
    RP_RETURN_IF_ERROR(
        storage.StartSegment(batch.segment, batch.segment_capacity_bytes, batch.header));
  }
  Status appended = storage.Append(batch.frames);
  if (batch.starts_segment && appended.code() == StatusCode::kFull) {
    // The segment has begun, so it is not true any more that nothing happened.
    return {StatusCode::kIo, "no room for the first frame of a new segment: " + appended.message()};
  }
  return appended;
}

}  // namespace rewardpool
