// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/http/connection.hpp"
#include "core/http/response_stream.hpp"

namespace sense::http {

class Channel;

// What a connection that becomes a stream hands over. A value.
struct StreamStart {
  ConnectionBudget::Id id = 0;  // of Service::stream_budget
  std::unique_ptr<Channel> channel;
  std::string head;     // of the response, with its empty line
  bool chunked = true;  // false: to a client of HTTP/1.0, the body ends with the connection
  bool has_certificate = false;  // of its client
};

// Serves a stream, until its producer or its client ends it, the client does not take what waits
// within ServerOptions::write_timeout, or the server closes. Octets that the client sends are
// discarded; one that sends more than 4 KiB has gone.
void serve_stream(std::shared_ptr<Service> service, StreamStart start,
                  std::shared_ptr<StreamSource> source);

}  // namespace sense::http
