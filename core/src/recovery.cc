#include "rewardpool/recovery.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "bit_packing.h"
#include "draw_stretch.h"
#include "rewardpool/frame.h"
#include "rewardpool/large_memory.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/snapshot.h"
#include "rewardpool/wal_format.h"

namespace rewardpool {
namespace {

// A catalog is written in batches of this many items, each synced.
constexpr std::size_t kCatalogBatchItems = 16'384;

#ifdef __EMSCRIPTEN__
// A module is downloaded and has one thread: it replays all draws one by one.
constexpr bool kCountsDraws = false;
#else
constexpr bool kCountsDraws = true;
#endif

struct FreeBytes {
  void operator()(std::byte* block) const noexcept {
    LargeBlockAllocator<std::byte>().deallocate(block, capacity);
  }

  std::size_t capacity = 0;
};

// Reads parts of segments, or whole ones, into memory that it keeps.
class SegmentBytes {
 public:
  static constexpr std::uint64_t kBytesMax = std::numeric_limits<std::ptrdiff_t>::max();

  SegmentBytes(WalSource& log, Workers& workers) : log_(log), workers_(workers) {}

  // Requires length <= kBytesMax.
  // Returns: `length` bytes from the offset `from` on, or as many as there are; valid
  //          until the next call.
  Result<std::span<const std::byte>> Read(std::uint64_t segment, std::uint64_t from,
                                          std::uint64_t length) {
    assert(length <= kBytesMax);
    const auto size = static_cast<std::size_t>(length);
    if (size > bytes_.get_deleter().capacity) {
      bytes_.reset();
      // Not a vector, which would write zeros first.
      bytes_ = {LargeBlockAllocator<std::byte>().allocate(size), FreeBytes{size}};
    }
    const std::size_t slices =
        std::clamp<std::size_t>(size / workers_.task_bytes_min(), 1, workers_.count());
    const std::size_t slice_bytes = (size + slices - 1) / slices;
    std::vector<Result<std::size_t>> read(slices, std::size_t{0});
    workers_.Run(slices, [&](std::size_t slice) {
      const std::size_t begin = std::min(slice * slice_bytes, size);
      const std::size_t end = std::min(begin + slice_bytes, size);
      read[slice] = log_.Read(segment, from + begin, {bytes_.get() + begin, end - begin});
    });
    std::size_t end = 0;
    for (std::size_t slice = 0; slice < slices && end == slice * slice_bytes; ++slice) {
      if (!read[slice].ok()) return read[slice].status();
      end += *read[slice];
    }
    return std::span<const std::byte>(bytes_.get(), end);
  }

 private:
  WalSource& log_;
  Workers& workers_;
  std::unique_ptr<std::byte[], FreeBytes> bytes_;
};

// One pair of hands: the caller's.
class CallerAlone final : public Workers {
 public:
  [[nodiscard]] std::size_t count() const noexcept override { return 1; }
  [[nodiscard]] std::size_t task_bytes_min() const noexcept override { return kTaskBytes; }
  void Run(std::size_t task_count, const Task& task) override {
    for (std::size_t i = 0; i < task_count; ++i) task(i);
  }

 private:
  static constexpr std::size_t kTaskBytes = std::size_t{1} << 20;
};

Result<SegmentHeader> ReadHeader(WalSource& log, std::uint64_t segment) {
  EncodedHeader header;
  const Result<std::size_t> bytes = log.Read(segment, 0, header);
  if (!bytes.ok()) return bytes.status();
  return DecodeHeader(kSegmentMagic, std::span(header).first(*bytes));
}

// Loads a snapshot and checks that it is what its name says. Messages name it.
Result<SnapshotImage> LoadSnapshot(SnapshotStore& snapshots, RequestId name) {
  Result<std::vector<std::byte>> bytes = snapshots.Load(name);
  if (!bytes.ok()) return bytes.status();
  Result<SnapshotImage> image = DecodeSnapshot(*bytes);
  if (!image.ok()) {
    return Status(image.status().code(),
                  snapshots.SnapshotName(name) + ": " + image.status().message());
  }
  if (image->request_id != name) {
    return Status(StatusCode::kCorrupt, snapshots.SnapshotName(name) +
                                            ": it holds the state after request " +
                                            std::to_string(image->request_id));
  }
  return image;
}

class Inspector {
 public:
  Inspector(WalSource& log, SnapshotStore& snapshots, const InspectOptions& options)
      : log_(log),
        snapshots_(snapshots),
        options_(options),
        workers_(options.workers != nullptr ? *options.workers : caller_alone_),
        segment_bytes_(log, workers_),
        draw_counter_(workers_),
        counts_draws_(options.visitor == nullptr || !options.visitor->WantsPlainDraws()) {
    found_.keys = KeyTable(options.key_retention);
  }

  Result<Inspection> Run() {
    RP_RETURN_IF_ERROR(ListSegments());
    Result<std::vector<RequestId>> names = snapshots_.List();
    if (!names.ok()) return names.status();
    if (segments_.empty()) {
      if (!names->empty()) {
        return Status(StatusCode::kCorrupt,
                      "there is " + snapshots_.SnapshotName(names->back()) + " but no log");
      }
      return std::move(found_);
    }
    found_.log_starts_after = segments_.front().header.first_request_id - 1;

    Result<std::size_t> first = ChooseBase(*names);
    if (!first.ok()) return first.status();
    for (std::size_t i = *first; i < segments_.size(); ++i) {
      RP_RETURN_IF_ERROR(Replay(segments_[i], i == *first, i + 1 == segments_.size()));
    }
    found_.exists = created_;
    if (!created_) {
      RemoveUnfinishedCreation();
      return std::move(found_);
    }
    if (segments_.back().info.bytes > found_.log_end.length) {
      found_.repairs.push_back(
          {Repair::Kind::kTruncate, found_.log_end.segment, found_.log_end.length});
    }
    found_.repairs.push_back({Repair::Kind::kPersist, found_.log_end.segment, 0});
    found_.keys.Commit(found_.log_end.last_request_id);
    return std::move(found_);
  }

 private:
  struct Segment {
    SegmentInfo info;
    SegmentHeader header;
  };

  Status Corrupt(std::uint64_t segment, std::uint64_t offset, const std::string& problem) const {
    return {StatusCode::kCorrupt, Place(segment, offset) + ": " + problem};
  }

  // "wal-...1.log, offset 123, record 4", records counted in the file from 1.
  std::string Place(std::uint64_t segment, std::uint64_t offset) const {
    std::string place = log_.SegmentName(segment) + ", offset " + std::to_string(offset);
    if (record_number_ != 0) place += ", record " + std::to_string(record_number_);
    return place;
  }

  // Reads all headers; a last segment that was never finished being started
  // does not count.
  Status ListSegments() {
    Result<std::vector<SegmentInfo>> infos = log_.ListSegments();
    if (!infos.ok()) return infos.status();
    for (std::size_t i = 0; i < infos->size(); ++i) {
      const SegmentInfo& info = (*infos)[i];
      if (i > 0 && info.number != (*infos)[i - 1].number + 1) {
        return {StatusCode::kCorrupt, log_.SegmentName((*infos)[i - 1].number + 1) +
                                          " is missing: the log goes on with " +
                                          log_.SegmentName(info.number)};
      }
      // Where addresses have 32 bits, a part of it would pass for the whole.
      if (info.bytes > SegmentBytes::kBytesMax) {
        return {StatusCode::kUnsupported, log_.SegmentName(info.number) + " has " +
                                              std::to_string(info.bytes) +
                                              " bytes, more than can be read here"};
      }
      Result<SegmentHeader> header = ReadHeader(log_, info.number);
      if (header.ok()) {
        if (header->number != info.number) {
          return Corrupt(info.number, kHeaderNumberAt,
                         "it is segment " + std::to_string(header->number));
        }
        segments_.push_back({info, *header});
        continue;
      }
      if (header.status().code() == StatusCode::kCorrupt && i + 1 == infos->size()) {
        Result<bool> torn = HasOnlyHeader(info);
        if (!torn.ok()) return torn.status();
        if (*torn) {
          found_.repairs.push_back({Repair::Kind::kRemove, info.number, 0});
          found_.notes.push_back(log_.SegmentName(info.number) +
                                 " was being started when the writer stopped; it holds nothing");
          continue;
        }
      }
      if (header.status().code() == StatusCode::kIo) return header.status();
      return {header.status().code(), Place(info.number, 0) + ": " + header.status().message()};
    }
    return Status::Ok();
  }

  // A header is synced before the first frame is written behind it. So one that
  // is not whole, with nothing behind it, was torn; with something, damaged.
  Result<bool> HasOnlyHeader(const SegmentInfo& info) {
    const Result<std::span<const std::byte>> bytes =
        segment_bytes_.Read(info.number, 0, info.bytes);
    if (!bytes.ok()) return bytes.status();
    const auto begin =
        bytes->begin() + static_cast<std::ptrdiff_t>(std::min(bytes->size(), kSegmentHeaderBytes));
    return std::all_of(begin, bytes->end(), [](std::byte b) { return b == std::byte{0}; });
  }

  // Sets the state to where the replay begins.
  // Returns: the position in segments_ of the first one to replay.
  Result<std::size_t> ChooseBase(std::vector<RequestId> names) {
    const bool log_is_whole = segments_.front().header.number == 1;
    // A removal that was cut short leaves segments that no snapshot leads to.
    if (!log_is_whole && !names.empty()) found_.log_starts_after = names.front();
    if (options_.from == InspectOptions::From::kNewestSnapshot) {
      std::reverse(names.begin(), names.end());
    } else if (log_is_whole) {
      names.clear();
    }
    for (const RequestId name : names) {
      // The mark of a snapshot begins a segment, is durable before the snapshot
      // is published, and removed only after it.
      const std::optional<std::size_t> first = SegmentAfter(name);
      if (!first) {
        return Status(StatusCode::kCorrupt, snapshots_.SnapshotName(name) +
                                                " has no mark in the log: segments are missing");
      }
      Result<SnapshotImage> image = LoadSnapshot(snapshots_, name);
      if (!image.ok()) {
        if (image.status().code() != StatusCode::kCorrupt) return image.status();
        found_.notes.push_back("passed over a damaged snapshot: " + image.status().message());
        continue;
      }
      found_.base_snapshot = name;
      found_.items = std::move(image->items);
      for (const KeyTable::Entry& key : image->keys) found_.keys.Insert(*key);
      found_.log_end.last_request_id = name;
      created_ = true;
      return *first;
    }
    if (log_is_whole) return std::size_t{0};
    return Status(StatusCode::kCorrupt,
                  "the log begins after request " + std::to_string(found_.log_starts_after) +
                      " and there is no good snapshot of the state then" +
                      (found_.notes.empty() ? "" : "; " + found_.notes.back()));
  }

  // The last segment that begins right after that request.
  std::optional<std::size_t> SegmentAfter(RequestId request_id) const {
    for (std::size_t i = segments_.size(); i-- > 0;) {
      if (segments_[i].header.first_request_id == request_id + 1) return i;
    }
    return std::nullopt;
  }

  Status Replay(const Segment& segment, bool is_first, bool is_last) {
    record_number_ = 0;
    const std::uint64_t number = segment.info.number;
    RP_RETURN_IF_ERROR(CheckLink(segment.header, is_first));
    const std::uint64_t end = segment.info.bytes;
    std::uint64_t begin = 0;  // of the part that is in memory
    std::uint64_t length = std::min(end, PartBytes());
    Result<std::span<const std::byte>> part = segment_bytes_.Read(number, begin, length);
    if (!part.ok()) return part.status();
    Result<FrameReader> reader = FrameReader::Open(kSegmentMagic, *part);
    if (!reader.ok()) return Corrupt(number, 0, reader.status().message());
    ++found_.segments_read;
    MakeRoomForCatalog(*reader);
    std::uint64_t frames_to_replay = 0;
    while (true) {
      if (frames_to_replay == 0) frames_to_replay = CountDraws(*reader);
      if (const std::optional<Frame> frame = reader->Next()) {
        --frames_to_replay;
        ++found_.frames_read;
        RP_RETURN_IF_ERROR(ReplayFrame(number, *frame));
        continue;
      }
      if (!kCountsDraws || part->size() < length || begin + length == end) break;
      // The next part begins with the frame that did not fit into this one. If not a
      // single frame did, that may be the end, or a flaw; to tell takes all the rest.
      const std::uint64_t next = reader->valid_length();
      length = next > begin ? std::min(end - next, PartBytes()) : end - next;
      begin = next;
      part = segment_bytes_.Read(number, begin, length);
      if (!part.ok()) return part.status();
      reader->GoOnIn(*part);
      MakeRoomForCatalog(*reader);
      frames_to_replay = 0;
    }
    RP_RETURN_IF_ERROR(CheckTail(number, *reader, is_last));
    found_.log_end.segment = number;
    found_.log_end.length = reader->valid_length();
    found_.log_end.crc = reader->chain_crc();
    return Status::Ok();
  }

  // How much of a segment to read at once: so much that it is worth waking all hands,
  // and that to go through all positions costs little beside going through its draws.
  // More would be memory that nobody has touched yet, which costs as much as reading.
  std::uint64_t PartBytes() const {
    if (!kCountsDraws) return std::numeric_limits<std::uint64_t>::max();
    constexpr std::uint64_t kTasks = 8;
    constexpr std::uint64_t kBytesPerPosition = 64;
    return kSegmentHeaderBytes + std::max(kTasks * workers_.task_bytes_min(),
                                          kBytesPerPosition * found_.items.slot_count());
  }

  // Does the segment go on exactly where the one before ended?
  Status CheckLink(const SegmentHeader& header, bool is_first) const {
    const LogEnd& end = found_.log_end;
    const bool has_previous = !is_first || header.number == 1;
    if (has_previous && header.previous_length != end.length) {
      return Corrupt(header.number, kHeaderPreviousLengthAt,
                     "the segment before ends at offset " + std::to_string(end.length) +
                         ", where this one knows of " + std::to_string(header.previous_length) +
                         " bytes");
    }
    if (has_previous && header.previous_crc != end.crc) {
      return Corrupt(header.number, kHeaderPreviousCrcAt,
                     "it does not chain to the segment before");
    }
    if (header.first_request_id != end.last_request_id + 1) {
      return Corrupt(header.number, kHeaderFirstRequestIdAt,
                     "it begins with request " + std::to_string(header.first_request_id) +
                         " where " + std::to_string(end.last_request_id + 1) + " is due");
    }
    if (header.schema_hash != found_.items.schema_hash()) {
      return Corrupt(header.number, kHeaderSchemaHashAt, "it was written for other items");
    }
    return Status::Ok();
  }

  // Passes over the plain draws that come next, counting them, if all of them were
  // possible.
  // Returns: how many of the frames that then come next must be replayed record by
  //          record: the first that is something else, and before it all that could
  //          not be counted, so that their flaw is found where it is.
  std::uint64_t CountDraws(FrameReader& reader) {
    if (!kCountsDraws || !counts_draws_ || !created_) return 1;
    const internal::DrawStretch stretch = internal::FindDrawStretch(
        reader, found_.log_end.last_request_id + 1, workers_.task_bytes_min());
    // To go through all positions must cost less than to go through the draws.
    if (stretch.draws >> stretch.bits == 0 ||
        stretch.bits != internal::PackedBits(found_.items.slot_count())) {
      return stretch.frames + 1;
    }
    const std::optional<std::span<const std::uint32_t>> counts = draw_counter_.Count(stretch);
    if (!counts || !found_.items.ApplyDrawCounts(*counts)) return stretch.frames + 1;
    reader = stretch.end;
    found_.log_end.last_request_id += stretch.draws;
    found_.frames_read += stretch.frames;
    found_.records_read += stretch.records;
    record_number_ += stretch.records;
    return 1;
  }

  Status ReplayFrame(std::uint64_t number, const Frame& frame) {
    const RequestId due = found_.log_end.last_request_id + 1;
    if (frame.request_id_low != static_cast<std::uint32_t>(due)) {
      ++record_number_;
      return Corrupt(number, frame.offset,
                     "the frame does not begin with request " + std::to_string(due));
    }
    const RecordDecoder* const codec = FindRecordDecoder(frame.codec);
    if (codec == nullptr) {
      ++record_number_;
      return {StatusCode::kUnsupported, Place(number, frame.offset) + ": frame type " +
                                            std::to_string(frame.codec) +
                                            " is not known to this program"};
    }
    std::span<const std::byte> payload = frame.payload;
    AddCatalogItems(*codec, payload);
    while (!payload.empty()) {
      ++record_number_;
      ++found_.records_read;
      const Status decoded = codec->Decode(payload, found_.items, record_);
      if (!decoded.ok()) {
        return {decoded.code(), Place(number, frame.offset) + ": " + decoded.message()};
      }
      if (options_.visitor != nullptr) {
        RP_RETURN_IF_ERROR(options_.visitor->OnRecord(record_, found_.log_end.last_request_id + 1,
                                                      found_.items, found_.keys));
      }
      const Status applied = std::visit([this](auto& record) { return Apply(record); }, record_);
      if (!applied.ok()) return Corrupt(number, frame.offset, applied.message());
    }
    return Status::Ok();
  }

  // Makes room for as many items as seem to come next, so that ids are hashed once.
  // Trusts checksums: the room is no more than a small multiple of the bytes there are.
  void MakeRoomForCatalog(FrameReader reader) {
    if (!AddsCatalogItems()) return;
    std::size_t count = 0;
    std::array<NewItem, 64> group;
    while (const std::optional<Frame> frame = reader.NextUnchecked()) {
      const RecordDecoder* const codec = FindRecordDecoder(frame->codec);
      std::span<const std::byte> payload = frame->payload;
      std::size_t taken = 0;
      do {
        taken = codec != nullptr ? codec->TakeCatalogItems(payload, group) : 0;
        count += taken;
      } while (taken == group.size());
      if (!payload.empty()) break;
    }
    // A catalog of many parts must not have all of its ids hashed anew for each.
    const std::size_t slots = found_.items.slot_count();
    if (slots + count <= catalog_room_) return;
    catalog_room_ = slots + std::max(count, slots / 2);
    found_.items.Reserve(catalog_room_);
  }

  [[nodiscard]] bool AddsCatalogItems() const {
    return kCountsDraws && !created_ && options_.visitor == nullptr;
  }

  // Adds the items of a catalog that come next, a group at a time, as long as all is well
  // with them. The others must be replayed record by record, so that a flaw is found
  // where it is.
  void AddCatalogItems(const RecordDecoder& codec, std::span<const std::byte>& payload) {
    if (!AddsCatalogItems()) return;
    constexpr std::size_t kGroupMax = 8'192;  // views of so many stay in the cache
    constexpr std::size_t kItemBytesMin = 6;  // of a valid item's record
    catalog_group_.resize(std::min(kGroupMax, payload.size() / kItemBytesMin));
    while (true) {
      std::span<const std::byte> rest = payload;
      const std::size_t count = codec.TakeCatalogItems(rest, catalog_group_);
      if (count == 0 || !found_.items.AddAll(std::span(catalog_group_).first(count), &workers_)) {
        return;
      }
      payload = rest;
      found_.records_read += count;
      record_number_ += count;
    }
  }

  Status CheckTail(std::uint64_t number, const FrameReader& reader, bool is_last) {
    const std::string problem = reader.Problem();
    if (problem.empty()) return Status::Ok();
    ++record_number_;
    if (!is_last || !found_.repairs.empty()) {
      // Only the last segment can be torn: the others were synced whole before
      // the next was started.
      return Corrupt(number, reader.valid_length(), problem);
    }
    if (const std::optional<std::uint64_t> later = reader.FindLaterSyncedFrame()) {
      return Corrupt(number, reader.valid_length(),
                     problem + "; it is not a torn tail, since the frame at offset " +
                         std::to_string(*later) + " was written after all before it was synced");
    }
    found_.notes.push_back(log_.SegmentName(number) + ": cut a torn tail at offset " +
                           std::to_string(reader.valid_length()) + " (" + problem + ")");
    return Status::Ok();
  }

  // --- One Apply() for each kind of record. Errors carry the bare reason. -----

  Status Misplaced(std::string_view what) const {
    return {StatusCode::kCorrupt, std::string(what) + " is out of place"};
  }
  Status CheckCreated() const {
    return created_ ? Status::Ok() : Misplaced("a request before the end of the catalog");
  }

  Status Apply(const DrawRun& run) {
    RP_RETURN_IF_ERROR(CheckCreated());
    RP_RETURN_IF_ERROR(found_.items.ApplyDraws(run.items));
    found_.log_end.last_request_id += run.items.size();
    return Status::Ok();
  }
  Status Apply(const RefusedRun& run) {
    RP_RETURN_IF_ERROR(CheckCreated());
    if (run.count > std::numeric_limits<RequestId>::max() - found_.log_end.last_request_id - 1) {
      return Misplaced("a run of refusals beyond the last request id");
    }
    found_.log_end.last_request_id += run.count;
    return Status::Ok();
  }
  Status Apply(RequestedDraw& draw) {
    RP_RETURN_IF_ERROR(CheckCreated());
    RP_RETURN_IF_ERROR(found_.items.ApplyDraws(draw.items));
    const RequestId request_id = ++found_.log_end.last_request_id;
    if (draw.key.empty()) return Status::Ok();
    SnapshotKey entry{.request_id = request_id,
                      .key = std::move(draw.key),
                      .user = std::move(draw.user),
                      .count = draw.count,
                      .item_ids = {}};
    for (const ItemIndex index : draw.items) entry.item_ids.emplace_back(found_.items.IdAt(index));
    found_.keys.Insert(std::move(entry));
    found_.keys.Commit(request_id);
    return Status::Ok();
  }
  Status Apply(const ItemAdded& added) {
    RP_RETURN_IF_ERROR(CheckCreated());
    ++found_.log_end.last_request_id;
    return found_.items.Add(added.item).status();
  }
  Status Apply(const ItemUpdated& updated) {
    RP_RETURN_IF_ERROR(CheckCreated());
    ++found_.log_end.last_request_id;
    return found_.items.Update(updated.id, updated.change).status();
  }
  Status Apply(const ItemRemoved& removed) {
    RP_RETURN_IF_ERROR(CheckCreated());
    ++found_.log_end.last_request_id;
    return found_.items.Remove(removed.id).status();
  }
  Status Apply(const CatalogItem& item) {
    if (created_) return Misplaced("a catalog item after the end of the catalog");
    return found_.items.Add(item.item).status();
  }
  Status Apply(const PoolCreated& created) {
    if (created_) return Misplaced("a second end of the catalog");
    if (created.item_count != found_.items.item_count()) {
      return {StatusCode::kCorrupt, "the catalog has " + std::to_string(found_.items.item_count()) +
                                        " items where " + std::to_string(created.item_count) +
                                        " are due"};
    }
    created_ = true;
    return Status::Ok();
  }
  Status Apply(const SnapshotTaken& taken) {
    RP_RETURN_IF_ERROR(CheckCreated());
    return taken.request_id == found_.log_end.last_request_id
               ? Status::Ok()
               : Misplaced("the mark of a snapshot after request " +
                           std::to_string(taken.request_id));
  }
  Status Apply(const PoolClosed&) { return CheckCreated(); }
  Status Apply(const SnapshotItem&) { return Misplaced("a snapshot's item"); }
  Status Apply(const SnapshotKey&) { return Misplaced("a snapshot's key"); }
  Status Apply(const SnapshotEnd&) { return Misplaced("a snapshot's end"); }

  // The last first, so that a crash in between leaves the beginnings of a pool
  // and not its end.
  void RemoveUnfinishedCreation() {
    for (std::size_t i = segments_.size(); i-- > 0;) {
      found_.repairs.push_back({Repair::Kind::kRemove, segments_[i].info.number, 0});
    }
    found_.notes.emplace_back(
        "a pool was being created when the writer stopped; nothing of it counts");
    found_.items = ItemTable();
    found_.log_end = LogEnd();
  }

  WalSource& log_;
  SnapshotStore& snapshots_;
  const InspectOptions& options_;
  CallerAlone caller_alone_;
  Workers& workers_;
  SegmentBytes segment_bytes_;
  internal::DrawCounter draw_counter_;
  const bool counts_draws_;
  Inspection found_;
  std::vector<Segment> segments_;
  bool created_ = false;
  std::size_t catalog_room_ = 0;  // items that room was made for
  std::vector<NewItem> catalog_group_;
  std::uint64_t record_number_ = 0;  // in the current segment, from 1
  Record record_;
};

// Compares each snapshot to the replayed state at its mark.
class SnapshotComparer final : public RecordVisitor {
 public:
  SnapshotComparer(SnapshotStore& snapshots, VerifyReport& report)
      : snapshots_(snapshots), report_(report) {}

  Status OnRecord(const Record& record, RequestId, const ItemTable& items,
                  const KeyTable& keys) override {
    const auto* const taken = std::get_if<SnapshotTaken>(&record);
    if (taken == nullptr) return Status::Ok();
    Result<SnapshotImage> image = LoadSnapshot(snapshots_, taken->request_id);
    // Snapshots come and go; VerifyPool() has checked those that are there.
    if (image.status().code() == StatusCode::kNotFound) return Status::Ok();
    if (!image.ok()) return image.status();
    if (const std::string difference = Difference(*image, items, keys); !difference.empty()) {
      return {StatusCode::kCorrupt, snapshots_.SnapshotName(taken->request_id) +
                                        ": replaying the log gives another state: " + difference};
    }
    ++report_.snapshots_compared;
    return Status::Ok();
  }

  bool WantsPlainDraws() const override { return false; }

 private:
  static std::string Difference(const SnapshotImage& image, const ItemTable& items,
                                const KeyTable& keys) {
    if (image.items.slot_count() != items.slot_count() ||
        image.items.schema_hash() != items.schema_hash()) {
      return "other items";
    }
    for (ItemIndex index = 0; index < items.slot_count(); ++index) {
      if (!items.Has(index)) continue;
      const Stock::Entry& theirs = image.items.stock()[index];
      const Stock::Entry& ours = items.stock()[index];
      if (image.items.WeightAt(index) != items.WeightAt(index) || theirs.left != ours.left ||
          theirs.drawn != ours.drawn) {
        return "item " + Quoted(items.IdAt(index));
      }
    }
    if (image.items.drawn_of_removed() != items.drawn_of_removed()) return "draws of removed items";
    // A writer may keep fewer keys than this replay does, but never others.
    for (const KeyTable::Entry& theirs : image.keys) {
      const KeyTable::Entry ours = keys.Find(theirs->key);
      if (ours != nullptr && *ours != *theirs) return "key " + Quoted(theirs->key);
    }
    return {};
  }

  SnapshotStore& snapshots_;
  VerifyReport& report_;
};

}  // namespace

Result<Inspection> InspectPool(WalSource& log, SnapshotStore& snapshots,
                               const InspectOptions& options) {
  return Inspector(log, snapshots, options).Run();
}

Status RepairPool(WalStorage& log, const Inspection& inspection) {
  for (const Repair& repair : inspection.repairs) {
    switch (repair.kind) {
      case Repair::Kind::kTruncate:
        RP_RETURN_IF_ERROR(log.Truncate(repair.segment, repair.length));
        break;
      case Repair::Kind::kPersist:
        RP_RETURN_IF_ERROR(log.Persist(repair.segment));
        break;
      case Repair::Kind::kRemove:
        RP_RETURN_IF_ERROR(log.RemoveSegment(repair.segment));
        break;
    }
  }
  return Status::Ok();
}

Result<LogEnd> CreatePool(WalStorage& log, std::span<const Item> catalog,
                          const WalBatcher::Options& options) {
  // All of it is checked before any of it is written.
  if (Result<ItemTable> checked = ItemTable::Create(catalog); !checked.ok()) {
    return checked.status();
  }
  WalBatcher batcher(LogEnd{}, options);
  ItemTable items;
  const auto write_batch = [&](std::uint32_t schema_hash) -> Status {
    const WalBatch batch = batcher.Seal(/*prior_synced=*/true, schema_hash);
    RP_RETURN_IF_ERROR(AppendBatch(log, batch));
    RP_RETURN_IF_ERROR(log.Sync());
    batcher.Accept();
    return Status::Ok();
  };
  while (!catalog.empty()) {
    const std::uint32_t schema_hash = items.schema_hash();
    const auto part = catalog.first(std::min(catalog.size(), kCatalogBatchItems));
    for (const Item& item : part) {
      batcher.Add(CatalogItem{item}, items);
      const Result<ItemIndex> added = items.Add(item);
      assert(added.ok());
      (void)added;
    }
    catalog = catalog.subspan(part.size());
    if (catalog.empty()) batcher.Add(PoolCreated{items.item_count()}, items);
    RP_RETURN_IF_ERROR(write_batch(schema_hash));
  }
  if (items.item_count() == 0) {
    batcher.Add(PoolCreated{0}, items);
    RP_RETURN_IF_ERROR(write_batch(items.schema_hash()));
  }
  return batcher.end();
}

Result<OpenedPool> OpenPool(WalStorage& log, SnapshotStore& snapshots,
                            std::optional<std::span<const Item>> catalog,
                            const WalBatcher::Options& options, std::size_t key_retention,
                            Workers* workers) {
  Result<Inspection> inspection =
      InspectPool(log, snapshots, {.key_retention = key_retention, .workers = workers});
  if (!inspection.ok()) return inspection.status();
  if (!inspection->exists && !catalog) {
    return Status(StatusCode::kNotFound, "there is no pool here, and no catalog to create one");
  }
  RP_RETURN_IF_ERROR(RepairPool(log, *inspection));

  OpenedPool pool;
  pool.notes = std::move(inspection->notes);
  pool.keys = std::move(inspection->keys);
  if (!inspection->exists) {
    Result<ItemTable> items = ItemTable::Create(*catalog);
    if (!items.ok()) return items.status();
    Result<LogEnd> log_end = CreatePool(log, *catalog, options);
    if (!log_end.ok()) return log_end.status();
    pool.items = std::move(*items);
    pool.log_end = *log_end;
    pool.created = true;
    return pool;
  }
  pool.items = std::move(inspection->items);
  pool.log_end = inspection->log_end;
  pool.log_starts_after = inspection->log_starts_after;
  pool.base_snapshot = inspection->base_snapshot;
  return pool;
}

Result<RequestId> PruneLog(WalStorage& log, SnapshotStore& snapshots, RequestId newest,
                           std::optional<RequestId> previous) {
  Result<std::vector<SegmentInfo>> segments = log.ListSegments();
  if (!segments.ok()) return segments.status();
  // The last one is open, and begins after `newest`.
  if (!segments->empty()) segments->pop_back();
  RequestId log_starts_after = 0;
  std::uint64_t keep_from = 0;
  for (const SegmentInfo& segment : *segments) {
    Result<SegmentHeader> header = ReadHeader(log, segment.number);
    if (!header.ok()) {
      return Status(header.status().code(),
                    log.SegmentName(segment.number) + ": " + header.status().message());
    }
    if (keep_from == 0) {
      keep_from = segment.number;
      log_starts_after = header->first_request_id - 1;
    }
    if (!previous || *previous == newest || header->first_request_id > *previous + 1) break;
    keep_from = segment.number;
    log_starts_after = header->first_request_id - 1;
  }
  if (!previous || *previous == newest) return log_starts_after;

  Result<std::vector<RequestId>> names = snapshots.List();
  if (!names.ok()) return names.status();
  for (const RequestId name : *names) {
    if (name != newest && name != *previous) RP_RETURN_IF_ERROR(snapshots.Remove(name));
  }
  // The oldest first: at every moment the log is a row without gaps.
  for (const SegmentInfo& segment : *segments) {
    if (segment.number < keep_from) RP_RETURN_IF_ERROR(log.RemoveSegment(segment.number));
  }
  return log_starts_after;
}

Result<VerifyReport> VerifyPool(WalSource& log, SnapshotStore& snapshots, Workers* workers) {
  VerifyReport report;
  Result<std::vector<RequestId>> names = snapshots.List();
  if (!names.ok()) return names.status();
  for (const RequestId name : *names) {
    if (Result<SnapshotImage> image = LoadSnapshot(snapshots, name); !image.ok()) {
      return image.status();
    }
    ++report.snapshots;
  }
  SnapshotComparer comparer(snapshots, report);
  Result<Inspection> inspection = InspectPool(
      log, snapshots,
      {.from = InspectOptions::From::kLogStart, .visitor = &comparer, .workers = workers});
  if (!inspection.ok()) return inspection.status();
  if (!inspection->exists) return Status(StatusCode::kNotFound, "there is no pool here");
  report.last_request_id = inspection->log_end.last_request_id;
  report.log_end = inspection->log_end;
  report.log_starts_after = inspection->log_starts_after;
  report.segments = inspection->segments_read;
  report.frames = inspection->frames_read;
  report.records = inspection->records_read;
  report.notes = std::move(inspection->notes);
  return report;
}

}  // namespace rewardpool
