// SPDX-License-Identifier: Apache-2.0
#include "cli/base/output.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

int lost = 0;  // errno of the first line that could not be written

}  // namespace

bool print_line(const std::string& line) {
  if (std::puts(line.c_str()) >= 0 && std::fflush(stdout) == 0) return true;
  if (lost == 0 && errno != EPIPE) lost = errno;
  return false;
}

std::string lost_output() {
  return lost == 0 ? std::string() : std::generic_category().message(lost);
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
