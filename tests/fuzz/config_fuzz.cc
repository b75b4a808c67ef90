// The configuration reader on any text, read as YAML and as JSON: no crash, no
// runaway, every refusal has a place, and what is accepted is a valid pool. A
// text that both readers accept means the same to both.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "rewardpool/item_table.h"
#include "rewardpool/native/config.h"
#include "rewardpool/selector.h"
#include "rewardpool/status.h"

namespace rewardpool::tests {
namespace {

// "name:line:column: reason".
bool HasPlace(std::string_view message, std::string_view name) {
  if (!message.starts_with(name)) return false;
  message.remove_prefix(name.size());
  for (int numbers = 0; numbers < 2; ++numbers) {
    if (message.empty() || message[0] != ':') return false;
    message.remove_prefix(1);
    const std::size_t digits = std::min(message.find_first_not_of("0123456789"), message.size());
    if (digits == 0) return false;
    message.remove_prefix(digits);
  }
  return message.starts_with(": ") && message.size() > 2;
}

Result<PoolOptions> Read(std::string_view text, std::string_view name) {
  Result<PoolOptions> options = native::ParseConfig(text, name);
  if (!options.ok()) {
    Require(options.status().code() == StatusCode::kInvalidArgument, "a refusal is of the text");
    Require(HasPlace(options.status().message(), name), "a refusal has a place");
    Require(options.status().message().find('\n') == std::string::npos, "a message is one line");
    return options;
  }
  Require(options->catalog.has_value(), "there is a catalog");
  Require(ItemTable::Create(*options->catalog).ok(), "the catalog is valid");
  Require(MakeSelector(options->selector).ok(), "the selector is known");
  Require(options->codec == "binary" || options->codec == "jsonl", "the codec is known");
  Require(options->segment_bytes_max >= kSegmentBytesMin &&
              options->segment_bytes_max <= kSegmentBytesMax,
          "the size of a log file is allowed");
  Require(
      options->pending_requests_max >= 1 && options->pending_requests_max <= kPendingRequestsMax,
      "the number of waiting requests is allowed");
  return options;
}

bool MeanTheSame(const PoolOptions& a, const PoolOptions& b) {
  return a.storage == b.storage && a.dir == b.dir && a.catalog == b.catalog &&
         a.selector == b.selector && a.codec == b.codec && a.durability == b.durability &&
         a.segment_bytes_max == b.segment_bytes_max &&
         a.pending_requests_max == b.pending_requests_max &&
         a.snapshots.every_requests == b.snapshots.every_requests &&
         a.snapshots.every_bytes == b.snapshots.every_bytes && a.key_retention == b.key_retention;
}

}  // namespace
}  // namespace rewardpool::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rewardpool::tests;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto yaml = Read(text, "pool.yaml");
  const auto json = Read(text, "pool.json");
  if (yaml.ok() && json.ok()) Require(MeanTheSame(*yaml, *json), "YAML and JSON agree");
  return 0;
}
