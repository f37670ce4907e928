// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sense::http {

class StreamSource;

// A request that was received completely, within the limits of ServerOptions. A plain value.
struct Request {
  std::string method;  // "GET"
  std::string target;  // path and query, as sent; starts with a slash
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  std::string body;
  std::string peer = {};  // address and port of the client
  // The hash (SHA-256) of the certificate that the client has proved by TLS, in hexadecimal digits;
  // "": none.
  std::string certificate = {};

  // The value of the first header with that name, or nullptr.
  [[nodiscard]] const std::string* header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return &value;
    return nullptr;
  }
};

// The response to a request. A value; the server adds the header fields of the protocol.
struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";  // empty: no such header
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Writes the body over time instead of `body`; the connection ends with it
  // (response_stream.hpp).
  std::shared_ptr<StreamSource> stream = {};
};

// Called exactly once, on the reactor's thread, at once or later.
using Respond = std::function<void(Response)>;
// Handles a request, on the reactor's thread. A response later than ServerOptions::answer_timeout
// is discarded: by then the client has got 504.
using Handler = std::function<void(Request, Respond)>;

}  // namespace sense::http
