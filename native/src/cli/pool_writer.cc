#include "cli/pool_writer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/exit_code.h"
#include "rewardpool/native/file_wal_source.h"
#include "rewardpool/record_codec.h"
#include "rewardpool/wal_format.h"

namespace rewardpool::cli {
namespace {

// The codec of the first frame in the log's last file. Only a preference: what
// cannot be read here is for Pool::Open() to complain about.
std::string CodecOf(const std::string& folder) {
  std::string standard = PoolOptions().codec;
  native::FileWalSource log(folder);
  const Result<std::vector<SegmentInfo>> segments = log.ListSegments();
  if (!segments.ok() || segments->empty()) return standard;
  std::array<std::byte, kFrameHeaderBytes> frame{};
  const Result<std::size_t> read = log.Read(segments->back().number, kSegmentHeaderBytes, frame);
  if (!read.ok()) return standard;
  const auto type = static_cast<std::uint8_t>(frame[kFrameTypeAt]);
  const RecordCodec* codec = FindRecordCodec(static_cast<std::uint8_t>(type & kFrameCodecMask));
  return codec == nullptr ? standard : std::string(codec->name());
}

void PrintNotes(const Pool& pool) {
  for (const std::string& note : pool.opening().notes) PrintNote(note);
}

// Would the catalog have made this pool, but for the draws since?
bool IsMadeFrom(const std::vector<Item>& catalog, const PoolView& pool) {
  if (catalog.size() != pool.items.size()) return false;
  std::unordered_map<std::string_view, const Item*> by_id;
  for (const Item& item : catalog) by_id.emplace(item.id, &item);
  for (const ItemView& item : pool.items) {
    const auto found = by_id.find(item.id);
    if (found == by_id.end() || found->second->weight != item.weight) return false;
    const Quantity quantity = found->second->quantity;
    if (quantity.is_unlimited() || item.quantity.is_unlimited()) {
      if (quantity != item.quantity) return false;
    } else if (quantity.count() != item.quantity.count() + item.drawn) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<Pool> OpenForChange(const std::string& folder) {
  PoolOptions options;
  options.dir = folder;
  options.codec = CodecOf(folder);
  Result<Pool> pool = Pool::Open(options);
  if (pool.ok()) PrintNotes(*pool);
  return pool;
}

Result<Pool> OpenForDrawing(const PoolOptions& options) {
  Result<Pool> pool = Pool::Open(options);
  if (!pool.ok()) return pool;
  PrintNotes(*pool);
  if (!options.catalog || pool->opening().created) return pool;
  const Result<PoolView> state = pool->State();
  if (!state.ok()) return state.status();
  if (!IsMadeFrom(*options.catalog, *state)) {
    PrintNote(
        "the pool exists and keeps its own items, which differ from those of the configuration; "
        "change them with update, add and remove");
  }
  return pool;
}

}  // namespace rewardpool::cli
