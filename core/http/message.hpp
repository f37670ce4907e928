// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sense::http {

// One request as it came through the front door, within its limits. A plain value.
struct Call {
  std::string method;  // "GET"
  std::string target;  // path and query, as sent; starts with a slash
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  std::string body;

  // The value of the first header with that name, or nullptr.
  [[nodiscard]] const std::string* header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return &value;
    return nullptr;
  }
};

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Called exactly once, on the reactor's thread, at once or later.
using Answered = std::function<void(Answer)>;
using Handler = std::function<void(Call, Answered)>;

}  // namespace sense::http
