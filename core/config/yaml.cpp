// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>

#include "core/base/file.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t file_length_max = 1024 * 1024;
constexpr std::size_t depth_max = 16;
constexpr std::size_t nodes_max = 100'000;

tl::unexpected<Error> refuse_at(std::string_view file, int line, int column,
                                std::string_view message) {
  std::string sentence = printable(file);
  sentence += ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
  return fail(Code::badparam, sentence + std::string(message));
}

// Builds the tree from yaml-cpp's events. After the first fault it ignores the rest, which is
// bounded by the length of the text.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view file) : file_(file) {
    root_.file = file_;
    root_.line = root_.column = 1;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      refuse(mark, "a second document begins here, but the file may hold only one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!admit(mark, "", anchor)) return;
    if (expects_key()) return refuse(mark, "the key of this entry is missing");
    add(node(mark, YamlNode::Kind::null));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (*name) are not allowed; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!admit(mark, tag, anchor)) return;
    if (expects_key()) return take_key(mark, value);
    auto scalar = node(mark, YamlNode::Kind::scalar);
    scalar.scalar = value;
    add(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::sequence);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::mapping);
  }
  void OnMapEnd() override { close(); }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    refuse(mark, "anchors (&name) are not allowed");
  }

  [[nodiscard]] Result<YamlNode> finish() {
    if (fault_) return tl::unexpected(*fault_);
    return std::move(root_);
  }

 private:
  struct Frame {
    YamlNode node;
    std::optional<std::string> key;  // of the entry that is being read
    int key_line = 0;
    int key_column = 0;
    std::map<std::string, int, std::less<>> lines;  // of the keys so far
  };

  void refuse(const YAML::Mark& mark, std::string_view message) {
    if (!fault_) fault_ = refuse_at(file_, mark.line + 1, mark.column + 1, message).value();
  }

  // Common to all nodes. yaml-cpp marks a plain scalar with the tag "?" and a quoted with
  // "!".
  bool admit(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) refuse(mark, "anchors (&name) are not allowed");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags (!name) are not allowed");
    if (++nodes_ > nodes_max)
      refuse(mark, "the file has more than " + std::to_string(nodes_max) + " values");
    return !fault_;
  }

  bool expects_key() const {
    return !frames_.empty() && frames_.back().node.kind == YamlNode::Kind::mapping &&
           !frames_.back().key;
  }

  YamlNode node(const YAML::Mark& mark, YamlNode::Kind kind) const {
    YamlNode result;
    result.kind = kind;
    result.file = file_;
    result.line = mark.line + 1;
    result.column = mark.column + 1;
    return result;
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    auto& frame = frames_.back();
    const auto [place, fresh] = frame.lines.emplace(key, mark.line + 1);
    if (!fresh)
      return refuse(mark, "the key '" + printable(key) + "' stands on line " +
                              std::to_string(place->second) + " already");
    frame.key = key;
    frame.key_line = mark.line + 1;
    frame.key_column = mark.column + 1;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    if (!admit(mark, tag, anchor)) return;
    if (expects_key()) return refuse(mark, "a key must be plain text, not a list or a mapping");
    if (frames_.size() == depth_max)
      return refuse(mark, "lists and mappings are nested deeper than " + std::to_string(depth_max) +
                              " levels");
    frames_.push_back({.node = node(mark, kind), .key = {}, .lines = {}});
  }

  void close() {
    if (fault_ || frames_.empty()) return;
    auto finished = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(finished));
  }

  void add(YamlNode&& value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::sequence) {
      frame.node.items.push_back(std::move(value));
      return;
    }
    value.key_line = frame.key_line;
    value.key_column = frame.key_column;
    frame.node.entries.push_back({std::move(*frame.key), std::move(value)});
    frame.key.reset();
  }

  std::string file_;
  YamlNode root_;
  std::vector<Frame> frames_;
  std::optional<Error> fault_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// yaml-cpp detects UTF-16 and UTF-32 by zero octets; such files are refused.
Status check_text(std::string_view text, std::string_view name) {
  if (text.size() > file_length_max)
    return fail(Code::datatoobig, printable(name) +
                                      " is longer than 1MiB, which is the most that a "
                                      "configuration file may have");
  int line = 1;
  int column = 1;
  for (auto rest = text; !rest.empty(); ++column) {
    const auto point = first_code_point(rest);
    if (point.length == 0) return refuse_at(name, line, column, "this is not UTF-8 text");
    const char32_t c = point.value;
    if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
      return refuse_at(name, line, column, "control characters are not allowed");
    if (c == '\n') {
      ++line;
      column = 0;
    }
    rest.remove_prefix(point.length);
  }
  return {};
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name == key) return &value;
  return nullptr;
}

tl::unexpected<Error> YamlNode::refuse(std::string_view message) const {
  return refuse_at(file, line, column, message);
}

tl::unexpected<Error> YamlNode::refuse_key(std::string_view message) const {
  if (key_line == 0) return refuse(message);
  return refuse_at(file, key_line, key_column, message);
}

Result<YamlNode> parse_yaml(std::string_view text, std::string_view name) {
  if (auto good = check_text(text, name); !good) return tl::unexpected(good.error());
  Builder builder(name);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    // The second call reports anything that follows the document.
    if (parser.HandleNextDocument(builder)) (void)parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& exception) {
    // The builder's refusal is at an earlier place in the text.
    if (auto refused = builder.finish(); !refused) return refused;
    return refuse_at(name, exception.mark.line + 1, exception.mark.column + 1,
                     "this is not YAML: " + printable(exception.msg));
  } catch (const std::exception& exception) {
    return fail(Code::badparam,
                printable(name) + " cannot be read as YAML: " + printable(exception.what()));
  }
  return builder.finish();
}

Result<YamlNode> read_yaml_file(const std::string& path) {
  const auto text = read_file(path, file_length_max);
  if (text) return parse_yaml(*text, path);
  return fail(text.error().code, "the configuration file " + text.error().message);
}

}  // namespace sense
