// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "core/base/counters.hpp"
#include "core/http/message.hpp"
#include "core/http/request_guard.hpp"
#include "core/http/server.hpp"

namespace sense::http {

// What the connections of one server share. They hold it by a shared_ptr, since the last of them
// may end after the server. Reactor thread only.
struct Service {
  Service(boost::asio::io_context& io, ServerOptions given, Counters& counters, Handler serve)
      : options(std::move(given)),
        handler(std::move(serve)),
        reactor(io),
        requests(counters["http.requests"]),
        refused(counters["http.requests.refused"]),
        timed_out(counters["http.requests.timed-out"]) {}

  const ServerOptions options;
  RequestGuard guard{{}, false};
  Handler handler;
  boost::asio::io_context& reactor;
  std::unordered_map<const void*, std::function<void()>> connections;  // open ones; closes each
  bool closed = false;  // nothing is handled or sent any more
  Counters::Counter& requests;
  Counters::Counter& refused;
  Counters::Counter& timed_out;
};

// Serves one client, until one of both sides closes or a deadline of the options passes.
void serve_connection(std::shared_ptr<Service> service, boost::asio::ip::tcp::socket socket);

}  // namespace sense::http
