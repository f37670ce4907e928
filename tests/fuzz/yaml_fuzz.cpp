// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/config/settings.hpp"
#include "core/config/values.hpp"
#include "core/config/yaml.hpp"

// Any octets as a configuration file: either a tree within its limits, or an error; and what was
// read as settings is read back from what they show.
namespace {

using sense::Option;
using sense::OptionType;
using sense::YamlNode;

constexpr std::array<Option, 6> table = {{
    {"name", OptionType::text, "x", "Text."},
    {"count", OptionType::integer, "1", "Number."},
    {"on", OptionType::boolean, "true", "Switch."},
    {"every", OptionType::duration, "10s", "Period.", 0, 86400},
    {"room", OptionType::size, "4KiB", "Octets."},
    {"list", OptionType::list, "", "Entries."},
}};

void require(bool condition) {
  if (!condition) std::abort();
}

void walk(const YamlNode& node, std::size_t depth, std::size_t& nodes) {
  require(depth <= 17 && ++nodes <= 100'001 && node.line >= 1 && node.column >= 1);
  for (const auto& item : node.items) walk(item, depth + 1, nodes);
  for (const auto& [key, value] : node.entries) walk(value, depth + 1, nodes);
}

void check_settings(const YamlNode& node) {
  const auto settings = sense::read_settings(node, table);
  if (!settings) {
    require(!settings.error().message.empty());
    return;
  }
  std::string text;
  for (const auto& [key, value] : settings->shown()) text += key + ": " + value + "\n";
  const auto again = sense::parse_yaml(text, "shown");
  require(again.has_value());
  const auto reread = sense::read_settings(*again, table);
  require(reread.has_value() && reread->shown() == settings->shown());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto node = sense::parse_yaml(text, "fuzz");
  if (!node) return 0;
  std::size_t nodes = 0;
  walk(*node, 1, nodes);
  check_settings(*node);
  return 0;
}
