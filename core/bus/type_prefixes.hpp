// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sense::bus {

// The event types that a list of topic prefixes selects: "{" all but those of unannounced_topics,
// which must be named, "{ns}" a namespace, "{ns}local " one type (TypePattern::topic_prefix). A
// look-up takes constant time, whatever the length of the list.
class TypePrefixes {
 public:
  TypePrefixes() = default;
  explicit TypePrefixes(const std::vector<std::string>& prefixes);

  // `type` in Clark notation. One thread: caches the last result, since consecutive events mostly
  // share their type.
  [[nodiscard]] bool select(std::string_view type);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Set = std::unordered_set<std::string, Hash, std::equal_to<>>;
  bool all_ = false;
  Set namespaces_;  // with braces
  Set types_;       // without the space
  std::string last_type_;
  bool last_answer_ = false;
};

}  // namespace sense::bus
