// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// One of nlohmann's JSON types as one line of text. What others wrote may be no UTF-8: it is
// replaced, never thrown over. Any thread.
namespace sense {

template <typename Json>
[[nodiscard]] std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// In ASCII alone, for a terminal: nothing in it moves the cursor or changes what is seen.
template <typename Json>
[[nodiscard]] std::string json_ascii(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace sense
