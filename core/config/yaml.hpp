// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace sense {

// A YAML document with the place of each node. Strict: one document, at most 1 MiB, 16 levels and
// 100,000 nodes; no aliases, anchors or tags, no duplicate keys, keys are scalars.
struct YamlNode {
  // What a mapping has under a key.
  struct Entry;
  // null: nothing, or `~` and `null` without quotes.
  enum class Kind { null, scalar, sequence, mapping };

  Kind kind = Kind::null;
  std::string file;
  int line = 0;      // from 1
  int column = 0;    // from 1
  int key_line = 0;  // of the key, when this is the value of a mapping's entry; else 0
  int key_column = 0;
  std::string scalar;
  std::vector<YamlNode> items;  // of a sequence
  std::vector<Entry> entries;   // of a mapping, in order

  // The entry with that key, or nullptr.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  // "file:line:column: message" as an error with code badparam.
  [[nodiscard]] tl::unexpected<Error> refuse(std::string_view message) const;
  // The same with the place of the key that this is the value of.
  [[nodiscard]] tl::unexpected<Error> refuse_key(std::string_view message) const;
};

// A key and its value.
struct YamlNode::Entry {
  std::string key;
  YamlNode value;
};

// `name` stands in messages for the file. Fails with badparam, or datatoobig for more than 1 MiB;
// the first fault only, since what stands behind it cannot be told. Pure.
[[nodiscard]] Result<YamlNode> parse_yaml(std::string_view text, std::string_view name);
// The same of a file: also notfound, noaccess or system when it cannot be read.
[[nodiscard]] Result<YamlNode> read_yaml_file(const std::string& path);

}  // namespace sense
