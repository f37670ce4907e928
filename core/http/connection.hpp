// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "core/base/counters.hpp"
#include "core/http/connection_budget.hpp"
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
        budget({options.connections_max, options.connections_per_address_max}),
        stream_budget({options.streams_max, options.streams_per_address_max}),
        requests(counters["http.requests"]),
        refused(counters["http.requests.refused"]),
        timed_out(counters["http.requests.timed-out"]),
        streams_open(counters["http.streams.open"]),
        streams_refused(counters["http.streams.no-room"]),
        streams_slow(counters["http.streams.slow"]) {}

  const ServerOptions options;
  RequestGuard guard{{}, false};
  Handler handler;
  boost::asio::io_context& reactor;
  ConnectionBudget budget;
  ConnectionBudget stream_budget;  // a connection that has become a stream is in this one alone
  // Open ones; closes each.
  std::unordered_map<ConnectionBudget::Id, std::function<void()>> connections;
  std::unordered_map<ConnectionBudget::Id, std::function<void()>> streams;
  bool closed = false;  // nothing is handled or sent any more
  Counters::Counter& requests;
  Counters::Counter& refused;
  Counters::Counter& timed_out;
  Counters::Counter& streams_open;
  Counters::Counter& streams_refused;
  Counters::Counter& streams_slow;
};

// Serves one client, until one of both sides closes or a deadline of the options passes.
// `id` is that of the service's budget.
void serve_connection(std::shared_ptr<Service> service, ConnectionBudget::Id id,
                      boost::asio::ip::tcp::socket socket);

}  // namespace sense::http
