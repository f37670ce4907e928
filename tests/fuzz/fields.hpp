// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the fuzz targets share that read lines of "NAME: VALUE", an empty line, and octets.
namespace sense::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

// An input that was taken apart. A value.
struct Fields {
  std::vector<std::pair<std::string, std::string>> lines;
  std::string rest;  // behind the empty line

  [[nodiscard]] std::string value(std::string_view name) const {
    for (const auto& [key, value] : lines)
      if (key == name) return value;
    return {};
  }
};

inline Fields fields_of(const std::uint8_t* data, std::size_t size) {
  Fields fields;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) break;
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    fields.lines.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  fields.rest = rest;
  return fields;
}

}  // namespace sense::fuzz
