#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <string>
#include <utility>

#include "config/config_document.h"

namespace rewardpool::native::internal {
namespace {

using Kind = ConfigNode::Kind;

ConfigPlace PlaceOf(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
}

// Ends the parser's work from inside one of its callbacks.
struct Refusal {
  ConfigPlace place;
  std::string message;
};

// Takes events rather than YAML::Node: aliases are refused before anything can
// multiply, and depth and size are bounded while the document grows.
class DocumentBuilder final : public YAML::EventHandler {
 public:
  [[nodiscard]] ConfigDocument Take() { return std::move(document_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!document_.empty()) throw Refusal{PlaceOf(mark), "a second document begins here"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    AddScalar(mark, anchor, Kind::kNull, "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw Refusal{PlaceOf(mark), "aliases (*name) are not supported; write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // The parser says "?" for a plain scalar and "!" for one in quotes.
    if (tag != "?" && tag != "!") RefuseTag(mark, tag);
    AddScalar(mark, anchor, tag == "?" ? Kind::kPlain : Kind::kText, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    BeginContainer(mark, tag, anchor, Kind::kSequence);
  }
  void OnSequenceEnd() override { document_.EndContainer(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    BeginContainer(mark, tag, anchor, Kind::kMap);
  }
  void OnMapEnd() override { document_.EndContainer(); }

 private:
  [[noreturn]] static void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    throw Refusal{PlaceOf(mark), "tags are not supported: " + tag};
  }
  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor) return;
    throw Refusal{PlaceOf(mark), "anchors (&name) are not supported"};
  }
  void AddScalar(const YAML::Mark& mark, YAML::anchor_t anchor, Kind kind, std::string text) {
    RefuseAnchor(mark, anchor);
    if (!document_.AddScalar(kind, PlaceOf(mark), std::move(text))) RefuseSize(mark);
  }
  void BeginContainer(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                      Kind kind) {
    if (!tag.empty() && tag != "?") RefuseTag(mark, tag);
    RefuseAnchor(mark, anchor);
    if (!document_.BeginContainer(kind, PlaceOf(mark))) RefuseSize(mark);
  }
  [[noreturn]] void RefuseSize(const YAML::Mark& mark) const {
    throw Refusal{PlaceOf(mark), document_.limit_message()};
  }

  ConfigDocument document_;
};

// Reads a text in place.
class TextBuffer final : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // setg() asks for it; nothing writes
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

Result<ConfigDocument> ReadYaml(std::string_view text, std::string_view name) {
  DocumentBuilder builder;
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.Take();
  } catch (const Refusal& refusal) {
    return ConfigError(name, refusal.place, refusal.message);
  } catch (const YAML::Exception& error) {
    return ConfigError(name, PlaceOf(error.mark), error.msg);
  }
}

}  // namespace rewardpool::native::internal
