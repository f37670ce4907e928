// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/http/connection_budget.hpp"
#include "core/http/message.hpp"
#include "core/http/request_guard.hpp"
#include "core/http/server.hpp"
#include "core/tls/tls_files.hpp"

namespace sense::http {

// An open connection or stream, as its server ends it.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  virtual void stop() = 0;
  // Ends it if it has a certificate of its client that this context does not accept.
  virtual void check_client(ssl_ctx_st& context) = 0;
};

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
        streams_slow(counters["http.streams.slow"]),
        tls_failed(counters["http.tls.failed"]),
        tls_plain(counters["http.tls.plain"]),
        tls_timed_out(counters["http.tls.timed-out"]),
        tls_withdrawn(counters["http.tls.withdrawn"]) {}

  const ServerOptions options;
  RequestGuard guard{{}, Others::none};
  Handler handler;
  boost::asio::io_context& reactor;
  ConnectionBudget budget;
  ConnectionBudget stream_budget;  // a connection that has become a stream is in this one alone
  std::unordered_map<ConnectionBudget::Id, OpenConnection*> connections;
  std::unordered_map<ConnectionBudget::Id, OpenConnection*> streams;
  std::unique_ptr<TlsFiles> tls;  // null: without TLS
  bool closed = false;            // nothing is handled or sent any more
  Counters::Counter& requests;
  Counters::Counter& refused;
  Counters::Counter& timed_out;
  Counters::Counter& streams_open;
  Counters::Counter& streams_refused;
  Counters::Counter& streams_slow;
  Counters::Counter& tls_failed;
  Counters::Counter& tls_plain;
  Counters::Counter& tls_timed_out;
  Counters::Counter& tls_withdrawn;
  log::RateLimiter tls_warnings{std::chrono::minutes{10}};
};

// Serves one client, after the handshake of TLS if there is one, until one of both sides closes or
// a deadline of the options passes. `id` is that of the service's budget.
void serve_connection(std::shared_ptr<Service> service, ConnectionBudget::Id id,
                      boost::asio::ip::tcp::socket socket);

}  // namespace sense::http
