// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/listen/received_event.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/http/server.hpp"

namespace sense::cli {

// Receives HTTP callbacks on the project's HTTP server: agrees to the CloudEvents handshake (HTTP
// 1.1 Web Hooks for Event Delivery, section 4) and takes events in binary and structured mode.
// Requests may come from any address and name any host, since a subscription may call this machine
// by any of its names. The loop's thread only.
class HttpReceiver {
 public:
  static constexpr std::size_t header_max = 8 * 1024;       // octets
  static constexpr std::size_t body_max = 2 * 1024 * 1024;  // octets
  static constexpr std::size_t connections_max = 256;

  // Called for each event, with `callback` filled in. The sender gets its response afterwards: what
  // was acknowledged has been seen.
  using OnEvent = std::function<void(const ReceivedEvent&)>;

  // `uri`: http://ADDRESS:PORT/path with an address of this machine; port 0 takes any free one.
  // Listens from now on. badparam: the URI cannot be used; addrnotavail: the port cannot.
  [[nodiscard]] static Result<std::unique_ptr<HttpReceiver>> open(boost::asio::io_context& io,
                                                                  const std::string& uri,
                                                                  OnEvent on_event);

  // The callback URI, with the port that was taken.
  [[nodiscard]] std::string callback() const;

 private:
  HttpReceiver(std::string path, OnEvent on_event)
      : path_(std::move(path)), on_event_(std::move(on_event)) {}
  [[nodiscard]] http::Response respond(const http::Request& request) const;

  std::string path_;
  OnEvent on_event_;
  Counters counters_;
  std::unique_ptr<http::Server> server_;  // last: it uses the others
};

}  // namespace sense::cli
