// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "core/base/uri.hpp"

namespace sense::cli {

// What a server answered, or why it did not. A value.
struct HttpReply {
  unsigned status = 0;  // 0: no answer, and why
  std::string body;
  std::string why;
};

// One request with a JSON body to an HTTP server, with a deadline of five seconds and at most 1 MiB
// of reply. `done` is called once, later, on the loop's thread, unless the loop ends before.
void ask_http(boost::asio::io_context& io, const Uri& server, const std::string& method,
              const std::string& path, std::string body, std::function<void(HttpReply)> done);

}  // namespace sense::cli
