// config_document.h - a configuration as text and places, before it is known
// what any of it means: what the YAML and the JSON reader have in common.
//
// A document is one flat row of nodes in the order of the file. A map's
// children are key, value, key, value, ...; a sequence's are its elements. No
// recursion is needed to walk it or to free it, and its size is bounded.
#ifndef REWARDPOOL_NATIVE_SRC_CONFIG_CONFIG_DOCUMENT_H_
#define REWARDPOOL_NATIVE_SRC_CONFIG_CONFIG_DOCUMENT_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rewardpool/status.h"

namespace rewardpool::native::internal {

// What a document may at most be; more is refused, not truncated.
inline constexpr std::size_t kConfigNodesMax = 10'000'000;
inline constexpr std::size_t kConfigDepthMax = 16;

// A place in the file. Both count from 1; columns count bytes.
struct ConfigPlace {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

struct ConfigNode {
  enum class Kind : std::uint8_t {
    kNull,
    kPlain,  // without quotes: a number, a word, a text, as its place decides
    kText,   // in quotes
    kSequence,
    kMap,
  };

  Kind kind = Kind::kNull;
  ConfigPlace place;
  std::uint32_t end = 0;  // index after the last node inside this one
  std::string text;       // of kPlain and kText

  [[nodiscard]] bool is_scalar() const noexcept {
    return kind == Kind::kPlain || kind == Kind::kText;
  }
};

class ConfigDocument {
 public:
  // Position of a node in the row; the root is 0.
  using Index = std::uint32_t;

  [[nodiscard]] const ConfigNode& operator[](Index index) const noexcept {
    assert(index < nodes_.size());
    return nodes_[index];
  }
  [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }

  // False, and nothing added, if the document would be too large or too deep;
  // see limit_message(). A null that is a map's value may be nothing at all in
  // the file, so it takes the place of its key.
  [[nodiscard]] bool AddScalar(ConfigNode::Kind kind, ConfigPlace place, std::string text) {
    const bool is_value = !open_.empty() && open_.back().children % 2 == 1 &&
                          nodes_[open_.back().index].kind == ConfigNode::Kind::kMap;
    if (kind == ConfigNode::Kind::kNull && is_value) place = nodes_.back().place;
    if (!Add(kind, place)) return false;
    nodes_.back().text = std::move(text);
    return true;
  }
  [[nodiscard]] bool BeginContainer(ConfigNode::Kind kind, ConfigPlace place) {
    if (open_.size() == kConfigDepthMax || !Add(kind, place)) return false;
    open_.push_back({.index = static_cast<Index>(nodes_.size() - 1)});
    return true;
  }
  // Requires an open container.
  void EndContainer() {
    nodes_[open_.back().index].end = static_cast<Index>(nodes_.size());
    open_.pop_back();
  }

  [[nodiscard]] std::string limit_message() const {
    return open_.size() == kConfigDepthMax
               ? "nested more than " + std::to_string(kConfigDepthMax) + " levels deep"
               : "more than " + std::to_string(kConfigNodesMax) + " values";
  }

 private:
  [[nodiscard]] bool Add(ConfigNode::Kind kind, ConfigPlace place) {
    if (nodes_.size() == kConfigNodesMax) return false;
    if (!open_.empty()) ++open_.back().children;
    ConfigNode& node = nodes_.emplace_back();
    node.kind = kind;
    node.place = place;
    node.end = static_cast<Index>(nodes_.size());
    return true;
  }

  struct OpenContainer {
    Index index = 0;
    std::size_t children = 0;
  };

  std::vector<ConfigNode> nodes_;
  std::vector<OpenContainer> open_;
};

// kInvalidArgument with "name:line:column: message".
[[nodiscard]] Status ConfigError(std::string_view name, ConfigPlace place,
                                 std::string_view message);

// Both readers require text that is UTF-8 without control characters but tab,
// carriage return and newline. No exception leaves them.
[[nodiscard]] Result<ConfigDocument> ReadYaml(std::string_view text, std::string_view name);
[[nodiscard]] Result<ConfigDocument> ReadJson(std::string_view text, std::string_view name);

}  // namespace rewardpool::native::internal

#endif  // REWARDPOOL_NATIVE_SRC_CONFIG_CONFIG_DOCUMENT_H_
