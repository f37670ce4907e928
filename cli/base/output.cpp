// SPDX-License-Identifier: Apache-2.0
#include "cli/base/output.hpp"

#include <cstdio>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

bool print_line(const std::string& line) {
  return std::puts(line.c_str()) >= 0 && std::fflush(stdout) == 0;
}

void say(const std::string& sentence) {
  std::fprintf(stderr, "sense: %s\n", printable(sentence).c_str());
}

std::string json_array(const std::vector<std::string>& values) {
  std::string array = "[";
  for (const auto& value : values) array += (array.size() == 1 ? "" : ",") + value;
  return array + "]";
}

std::string json_array_of_texts(const std::vector<std::string>& texts) {
  std::vector<std::string> values;
  for (const auto& text : texts) values.push_back(json_string(text));
  return json_array(values);
}

std::string json_object_ascii(const std::map<std::string, std::string>& members) {
  std::string object = "{";
  for (const auto& [name, value] : members)
    object +=
        (object.size() == 1 ? "" : ",") + json_string_ascii(name) + ":" + json_string_ascii(value);
  return object + "}";
}

}  // namespace sense::cli
