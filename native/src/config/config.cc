#include "rewardpool/native/config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "config/config_document.h"
#include "config/nearest_name.h"
#include "config/whole_number.h"
#include "rewardpool/item_table.h"
#include "rewardpool/selector.h"

namespace rewardpool::native {
namespace internal {

Status ConfigError(std::string_view name, ConfigPlace place, std::string_view message) {
  std::string text(name);
  text.append(":").append(std::to_string(place.line));
  text.append(":").append(std::to_string(place.column));
  text.append(": ").append(message);
  return {StatusCode::kInvalidArgument, std::move(text)};
}

namespace {

using Index = ConfigDocument::Index;
using Names = std::span<const std::string_view>;

// The root is never a value of a map, so its position says "not given".
constexpr Index kAbsent = 0;

constexpr std::array<std::string_view, 5> kRootKeys = {"working_dir", "pool", "wal", "snapshot",
                                                       "keys"};
constexpr std::array<std::string_view, 2> kPoolKeys = {"catalog", "selector"};
constexpr std::array<std::string_view, 4> kItemKeys = {"item_id", "quantity", "weight",
                                                       "probability"};
constexpr std::array<std::string_view, 6> kWalKeys = {"max_file_size_kb", "max_request_buffer_size",
                                                      "formatter",        "flush_after_n_draw",
                                                      "storage",          "durability"};
constexpr std::array<std::string_view, 1> kDurabilityKeys = {"interval_ms"};
constexpr std::array<std::string_view, 2> kSnapshotKeys = {"every_draws", "every_kb"};
constexpr std::array<std::string_view, 1> kKeysKeys = {"retention_count"};

// Every key by its full name, for keys that stand in the wrong place.
constexpr std::array<std::string_view, 11> kFullNames = {
    "pool.catalog",         "pool.selector",
    "wal.max_file_size_kb", "wal.max_request_buffer_size",
    "wal.formatter",        "wal.flush_after_n_draw",
    "wal.storage",          "wal.durability",
    "snapshot.every_draws", "snapshot.every_kb",
    "keys.retention_count"};

constexpr std::uint64_t kBytesPerKb = 1024;

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

// True for a plain scalar that some YAML reader takes for a number or a truth
// value: as a text it must be in quotes, so that it means the same to all.
bool LooksLikeNonText(std::string_view text) {
  for (const std::string_view word :
       {"true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan"}) {
    if (EqualsIgnoringCase(text, word)) return true;
  }
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b")) return true;
  const std::size_t mantissa = std::min(text.find_first_not_of("0123456789._"), text.size());
  if (!std::any_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(mantissa), IsDigit)) {
    return EqualsIgnoringCase(text, ".inf");
  }
  text.remove_prefix(mantissa);
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// `text` for a message: quoted, on one line, and short.
std::string Excerpt(std::string_view text) {
  constexpr std::size_t kExcerptBytesMax = 80;
  if (text.size() <= kExcerptBytesMax) return Quoted(text);
  return Quoted(text.substr(0, kExcerptBytesMax)) + "...";
}

// A scalar for a message, with or without quotes as it stands in the file.
std::string Shown(const ConfigNode& node) {
  std::string shown = Excerpt(node.text);
  if (node.kind == ConfigNode::Kind::kPlain) std::erase(shown, '"');
  return shown;
}

// Gives meaning to a document. Read...() leave their target alone on errors.
class ConfigReader {
 public:
  ConfigReader(const ConfigDocument& document, std::string_view name)
      : document_(document), name_(name) {}

  [[nodiscard]] Result<PoolOptions> Read() {
    std::array<Index, kRootKeys.size()> found{};
    RP_RETURN_IF_ERROR(ReadMap(0, "a configuration", kRootKeys, found));
    const auto [working_dir, pool, wal, snapshot, keys] = found;
    if (working_dir != kAbsent) {
      RP_RETURN_IF_ERROR(ReadText(working_dir, "working_dir", options_.dir));
      if (options_.dir.empty()) return Error(working_dir, "working_dir is empty");
    }
    if (pool == kAbsent) return Error(0, "there is no pool");
    RP_RETURN_IF_ERROR(ReadPool(pool));
    if (wal != kAbsent) RP_RETURN_IF_ERROR(ReadWal(wal));
    if (snapshot != kAbsent) RP_RETURN_IF_ERROR(ReadSnapshot(snapshot));
    if (keys != kAbsent) RP_RETURN_IF_ERROR(ReadKeys(keys));
    return std::move(options_);
  }

 private:
  [[nodiscard]] const ConfigNode& Node(Index index) const { return document_[index]; }
  [[nodiscard]] Status Error(Index index, std::string_view message) const {
    return ConfigError(name_, Node(index).place, message);
  }

  // Sorts a map's values by key: found[i] is the value of known[i], or kAbsent.
  // A map without anything in it may be written as nothing at all.
  [[nodiscard]] Status ReadMap(Index map, std::string_view what, Names known,
                               std::span<Index> found) const {
    if (Node(map).kind == ConfigNode::Kind::kNull) return Status::Ok();
    if (Node(map).kind != ConfigNode::Kind::kMap) {
      return Error(map, std::string(what) + " must be a map of keys and values");
    }
    for (Index key = map + 1; key != Node(map).end;) {
      const Index value = Node(key).end;
      if (!Node(key).is_scalar()) return Error(key, "a key must be a text");
      const std::string& text = Node(key).text;
      const auto place = std::find(known.begin(), known.end(), text);
      if (place == known.end()) return Error(key, UnknownKey(text, known));
      Index& target = found[static_cast<std::size_t>(place - known.begin())];
      if (target != kAbsent) {
        return Error(key, "key " + Quoted(text) + " appears twice in the same map");
      }
      target = value;
      key = Node(value).end;
    }
    return Status::Ok();
  }

  [[nodiscard]] static std::string UnknownKey(std::string_view key, Names known) {
    std::string message = "unknown key " + Excerpt(key);
    const std::string_view nearest = NearestName(key, known);
    if (nearest.empty()) {
      for (const std::string_view full : kFullNames) {
        if (full.substr(full.find('.') + 1) == key) {
          return message + "; did you mean " + Quoted(full) + "?";
        }
      }
    }
    return message + Suggestion(key, known);
  }

  [[nodiscard]] Status ReadText(Index index, std::string_view key, std::string& target) const {
    const ConfigNode& node = Node(index);
    if (node.kind == ConfigNode::Kind::kNull) {
      return Error(index, std::string(key) + " has no value");
    }
    if (!node.is_scalar()) return Error(index, std::string(key) + " must be a text");
    if (node.kind == ConfigNode::Kind::kPlain && LooksLikeNonText(node.text)) {
      return Error(index, std::string(key) + " must be a text; if " + Shown(node) +
                              " is meant as one, put it in quotes");
    }
    target = node.text;
    return Status::Ok();
  }

  // A whole number, written in plain digits.
  [[nodiscard]] Status ReadInteger(Index index, std::string_view key, std::uint64_t min,
                                   std::uint64_t max, std::uint64_t& target) const {
    if (Node(index).kind == ConfigNode::Kind::kPlain) {
      const std::optional<std::uint64_t> value = ParseWholeNumber(Node(index).text);
      if (value && *value >= min && *value <= max) {
        target = *value;
        return Status::Ok();
      }
    }
    return NotInRange(index, key, min, max, "");
  }

  [[nodiscard]] Status NotInRange(Index index, std::string_view key, std::uint64_t min,
                                  std::uint64_t max, std::string_view alternatives) const {
    std::string message(key);
    message.append(" must be a whole number from ").append(std::to_string(min));
    message.append(" to ").append(std::to_string(max)).append(alternatives);
    switch (Node(index).kind) {
      case ConfigNode::Kind::kNull:
        message.append("; it has no value");
        break;
      case ConfigNode::Kind::kPlain:
      case ConfigNode::Kind::kText:
        message.append(", not ").append(Shown(Node(index)));
        break;
      case ConfigNode::Kind::kSequence:
      case ConfigNode::Kind::kMap:
        break;
    }
    return Error(index, message);
  }

  // One of a few words; `target` is set to its position.
  [[nodiscard]] Status ReadChoice(Index index, std::string_view key, Names known,
                                  std::size_t& target) const {
    const ConfigNode& node = Node(index);
    const auto place =
        node.is_scalar() ? std::find(known.begin(), known.end(), node.text) : known.end();
    if (place != known.end()) {
      target = static_cast<std::size_t>(place - known.begin());
      return Status::Ok();
    }
    if (!node.is_scalar()) {
      return Error(index, std::string(key) + " must be a word" + Suggestion("", known));
    }
    return Error(index, "unknown " + std::string(key) + " " + Excerpt(node.text) +
                            Suggestion(node.text, known));
  }

  [[nodiscard]] Status ReadPool(Index pool) {
    std::array<Index, kPoolKeys.size()> found{};
    RP_RETURN_IF_ERROR(ReadMap(pool, "pool", kPoolKeys, found));
    const auto [catalog, selector] = found;
    if (selector != kAbsent) {
      std::size_t choice = 0;
      RP_RETURN_IF_ERROR(ReadChoice(selector, "selector", SelectorNames(), choice));
      options_.selector = SelectorNames()[choice];
    }
    if (catalog == kAbsent) return Error(pool, "pool has no catalog");
    if (Node(catalog).kind != ConfigNode::Kind::kSequence) {
      return Error(catalog, "catalog must be a list of items");
    }
    options_.catalog.emplace();
    for (Index item = catalog + 1; item != Node(catalog).end; item = Node(item).end) {
      RP_RETURN_IF_ERROR(ReadItem(item));
    }
    return Status::Ok();
  }

  [[nodiscard]] Status ReadItem(Index index) {
    std::array<Index, kItemKeys.size()> found{};
    RP_RETURN_IF_ERROR(ReadMap(index, "an item", kItemKeys, found));
    const auto [id, quantity, weight, probability] = found;
    Item item;
    if (id == kAbsent) return Error(index, "this item has no item_id");
    RP_RETURN_IF_ERROR(ReadText(id, "item_id", item.id));
    if (const Status valid = ValidateItemId(item.id); !valid.ok()) {
      return Error(id, valid.message());
    }
    if (quantity == kAbsent) {
      return Error(index, "item " + Quoted(item.id) + " has no quantity; write a number or " +
                              "\"unlimited\"");
    }
    RP_RETURN_IF_ERROR(ReadQuantity(quantity, item.quantity));
    if (weight != kAbsent && probability != kAbsent) {
      return Error(std::max(weight, probability),
                   "weight and probability are two names for the same thing; give one of them");
    }
    const Index chance = weight != kAbsent ? weight : probability;
    if (chance == kAbsent) return Error(index, "item " + Quoted(item.id) + " has no weight");
    RP_RETURN_IF_ERROR(ReadInteger(chance, weight != kAbsent ? "weight" : "probability", 0,
                                   kWeightMax, item.weight));

    // The table holds the rules about catalogs; here they only get a place.
    const std::optional<ItemIndex> same_id = table_.Find(item.id);
    if (const Result<ItemIndex> added = table_.Add(item); !added.ok()) {
      if (!same_id) return Error(chance, added.status().message());
      return Error(id, "item_id " + Quoted(item.id) + " appears twice; first in line " +
                           std::to_string(id_lines_[*same_id]));
    }
    id_lines_.push_back(Node(id).place.line);
    options_.catalog->push_back(std::move(item));
    return Status::Ok();
  }

  [[nodiscard]] Status ReadQuantity(Index index, Quantity& target) const {
    const ConfigNode& node = Node(index);
    // In quotes only the word is a quantity; a number is then a text.
    if (node.kind == ConfigNode::Kind::kPlain || node.text == "unlimited") {
      if (const std::optional<Quantity> quantity = ParseQuantity(node.text)) {
        target = *quantity;
        return Status::Ok();
      }
    }
    return NotInRange(index, "quantity", 0, kQuantityMax, ", or \"unlimited\"");
  }

  [[nodiscard]] Status ReadWal(Index wal) {
    std::array<Index, kWalKeys.size()> found{};
    RP_RETURN_IF_ERROR(ReadMap(wal, "wal", kWalKeys, found));
    const auto [max_file_size, max_requests, formatter, flush_after, storage, durability] = found;
    if (max_file_size != kAbsent) {
      std::uint64_t kb = 0;
      RP_RETURN_IF_ERROR(ReadInteger(max_file_size, "max_file_size_kb",
                                     kSegmentBytesMin / kBytesPerKb, kSegmentBytesMax / kBytesPerKb,
                                     kb));
      options_.segment_bytes_max = kb * kBytesPerKb;
    }
    if (max_requests != kAbsent) {
      std::uint64_t count = 0;
      RP_RETURN_IF_ERROR(
          ReadInteger(max_requests, "max_request_buffer_size", 1, kPendingRequestsMax, count));
      options_.pending_requests_max = count;
    }
    if (formatter != kAbsent) {
      // "json" is what the original system calls its log of JSON lines.
      static constexpr std::array<std::string_view, 3> kNames = {"binary", "jsonl", "json"};
      static constexpr std::array<std::string_view, 3> kCodecs = {"binary", "jsonl", "jsonl"};
      std::size_t choice = 0;
      RP_RETURN_IF_ERROR(ReadChoice(formatter, "formatter", kNames, choice));
      options_.codec = kCodecs[choice];
    }
    if (storage != kAbsent) {
      static constexpr std::array<std::string_view, 3> kNames = {"file", "mmap", "memory"};
      static constexpr std::array<StorageKind, 3> kKinds = {StorageKind::kFile, StorageKind::kMmap,
                                                            StorageKind::kMemory};
      std::size_t choice = 0;
      RP_RETURN_IF_ERROR(ReadChoice(storage, "storage", kNames, choice));
      options_.storage = kKinds[choice];
    }
    if (durability != kAbsent) RP_RETURN_IF_ERROR(ReadDurability(durability));
    if (flush_after != kAbsent) {
      if (durability != kAbsent) {
        return Error(std::max(flush_after, durability),
                     "flush_after_n_draw and durability contradict each other; give one of them");
      }
      std::uint64_t draws = 0;
      RP_RETURN_IF_ERROR(
          ReadInteger(flush_after, "flush_after_n_draw", 1, kFlushAfterDrawsMax, draws));
      options_.durability = Durability::FlushAfter(draws);
    }
    return Status::Ok();
  }

  [[nodiscard]] Status ReadDurability(Index index) {
    if (Node(index).kind != ConfigNode::Kind::kMap) {
      static constexpr std::array<std::string_view, 3> kNames = {"durable", "async", "interval_ms"};
      std::size_t choice = 0;
      RP_RETURN_IF_ERROR(ReadChoice(index, "durability", kNames, choice));
      if (choice == 2) {
        return Error(index, "interval_ms needs a number: durability: {interval_ms: 20}");
      }
      options_.durability = choice == 0 ? Durability::Durable() : Durability::Async();
      return Status::Ok();
    }
    std::array<Index, kDurabilityKeys.size()> found{};
    RP_RETURN_IF_ERROR(ReadMap(index, "durability", kDurabilityKeys, found));
    if (found[0] == kAbsent) return Error(index, "durability is empty; give interval_ms");
    std::uint64_t interval_ms = 0;
    RP_RETURN_IF_ERROR(ReadInteger(found[0], "interval_ms", 1, kSyncIntervalMsMax, interval_ms));
    options_.durability = Durability::Interval(interval_ms);
    return Status::Ok();
  }

  [[nodiscard]] Status ReadSnapshot(Index snapshot) {
    std::array<Index, kSnapshotKeys.size()> found{};
    RP_RETURN_IF_ERROR(ReadMap(snapshot, "snapshot", kSnapshotKeys, found));
    const auto [every_draws, every_kb] = found;
    std::uint64_t value = 0;
    if (every_draws != kAbsent) {
      RP_RETURN_IF_ERROR(
          ReadInteger(every_draws, "every_draws", 1, (std::uint64_t{1} << 63) - 1, value));
      options_.snapshots.every_requests = value;
    }
    if (every_kb != kAbsent) {
      RP_RETURN_IF_ERROR(ReadInteger(every_kb, "every_kb", 1,
                                     ((std::uint64_t{1} << 63) - 1) / kBytesPerKb, value));
      options_.snapshots.every_bytes = value * kBytesPerKb;
    }
    return Status::Ok();
  }

  [[nodiscard]] Status ReadKeys(Index keys) {
    std::array<Index, kKeysKeys.size()> found{};
    RP_RETURN_IF_ERROR(ReadMap(keys, "keys", kKeysKeys, found));
    if (found[0] == kAbsent) return Status::Ok();
    std::uint64_t count = 0;
    RP_RETURN_IF_ERROR(ReadInteger(found[0], "retention_count", 0, kKeyRetentionMax, count));
    options_.key_retention = count;
    return Status::Ok();
  }

  const ConfigDocument& document_;
  std::string_view name_;
  PoolOptions options_;
  ItemTable table_;
  std::vector<std::uint32_t> id_lines_;  // line of each item_id, by position
};

// Refuses what no text file holds, before a parser sees it: control characters
// (yaml-cpp takes 0x04 for the end of the file) and bytes that UTF-8 never has.
Status CheckBytes(std::string_view text, std::string_view name) {
  ConfigPlace place;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n') {
      ++place.line;
      place.column = 1;
      continue;
    }
    const bool is_control = (byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7F;
    if (is_control || byte == 0xC0 || byte == 0xC1 || byte > 0xF4) {
      return ConfigError(name, place,
                         "this is not a text file in UTF-8: unexpected byte " + Quoted({&c, 1}));
    }
    ++place.column;
  }
  return Status::Ok();
}

}  // namespace
}  // namespace internal

Result<PoolOptions> ParseConfig(std::string_view text, std::string_view name) {
  if (text.size() > kConfigBytesMax) {
    return internal::ConfigError(
        name, {}, "the file is larger than " + std::to_string(kConfigBytesMax) + " bytes");
  }
  RP_RETURN_IF_ERROR(internal::CheckBytes(text, name));
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const Result<internal::ConfigDocument> document =
      name.ends_with(".json") ? internal::ReadJson(text, name) : internal::ReadYaml(text, name);
  if (!document.ok()) return document.status();
  if (document->empty()) return internal::ConfigError(name, {}, "the file is empty");
  return internal::ConfigReader(*document, name).Read();
}

Result<PoolOptions> LoadConfig(const std::string& path) {
  const auto failed = [&path](int error) {
    return Status(StatusCode::kIo,
                  "cannot read " + Quoted(path) + ": " + std::generic_category().message(error));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) return failed(errno);
  std::string text;
  std::array<char, 65'536> block;
  // One byte beyond the limit is enough for ParseConfig() to refuse.
  while (text.size() <= kConfigBytesMax) {
    const std::size_t count = std::fread(block.data(), 1, block.size(), file.get());
    if (std::ferror(file.get()) != 0) return failed(errno);
    if (count == 0) break;
    text.append(block.data(), count);
  }
  return ParseConfig(text, path);
}

}  // namespace rewardpool::native
