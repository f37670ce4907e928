// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/security/rights.hpp"
#include "core/base/error.hpp"
#include "core/config/yaml.hpp"

// The entries of the access file that principals and groups have in common. Errors say file, line
// and key. Pure.
namespace sense {

// The rights that a mapping grants, whose other keys are left alone: at most 1,000 entries of each,
// and those that the reserved namespaces ask for.
[[nodiscard]] Result<Rights::Granted> read_rights(const YamlNode& node);
[[nodiscard]] std::vector<std::string> rights_keys();

// One value, and a list of at most 1,000 names, added to `names`; `key` is what they are the value
// of.
[[nodiscard]] Result<std::string> read_scalar(const YamlNode& node, const std::string& key);
[[nodiscard]] Status read_names(std::vector<std::string>& names, const YamlNode& node,
                                const std::string& key);
// Refuses keys of a mapping that are not among these, and says which is close.
[[nodiscard]] Status known_keys(const YamlNode& node, const std::vector<std::string>& known);
// For messages: printable, cut at 80 octets.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace sense
