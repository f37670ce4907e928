// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/http/message.hpp"
#include "core/http/others.hpp"
#include "core/tls/tls_context.hpp"

namespace sense::http {

// The address of a server, the requests that it takes, and its limits. A value; sizes in octets.
struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // IP address and port; [::1]:8080
  std::vector<std::string> hosts;      // names that Host may have besides the address listened on
  Others others = Others::none;        // without a proof of their own
  std::optional<TlsOptions> tls = {};  // nothing: plain HTTP
  // false: requests from any address, with any Host and Origin; for a receiver of callbacks, which
  // are addressed by the names that a subscriber chose.
  bool guarded = true;
  std::string server_name = {};  // value of the header Server; empty: no such header
  // Open at once: for a further one another is closed, or it is (connection_budget.hpp).
  std::size_t connections_max = 256;
  std::size_t connections_per_address_max = 0;  // of another machine; 0: no limit
  // Open streams, which are counted apart; a further one is refused.
  std::size_t streams_max = 10'000;
  std::size_t streams_per_address_max = 0;   // as for connections
  std::size_t stream_queue_max = 64 * 1024;  // of one stream, before it is full
  // From the connection or last response; before that, for the handshake of TLS.
  Duration header_timeout = std::chrono::seconds{10};
  Duration body_timeout = std::chrono::seconds{30};
  Duration answer_timeout = std::chrono::seconds{30};  // for the handler
  // For the client to take a response, or what waits on a stream.
  Duration write_timeout = std::chrono::seconds{30};
  // Whether a request carries its own permission in its target, or needs none: then it may come
  // from any address.
  std::function<bool(std::string_view method, std::string_view target)> permitted = {};
  std::size_t header_max = 64 * 1024;
  std::size_t body_max = 2 * 1024 * 1024;
};

// An HTTP/1.1 server on the reactor. Deadlines are absolute: data that arrives slowly does not
// extend them. Unless `guarded` is off, a request is rejected before its body is read when its Host
// does not name this service (DNS rebinding) or when its Origin does not. Other machines, if they
// are not allowed, have their connections closed before anything is read; with `permitted` their
// requests are rejected one by one. Reactor thread only.
class Server {
 public:
  // Accepts connections from now on. Fails as make_tls_context(); with badparam when `listen`
  // cannot be read; with addrnotavail and the address when it cannot be listened on. The references
  // outlive the server and its connections, which end with the reactor at the latest. `handler` is
  // not called after close(); a response that comes after it is discarded.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(boost::asio::io_context& reactor,
                                                            ServerOptions options,
                                                            Counters& counters, Handler handler);
  ~Server();  // closes
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "127.0.0.1:8080", with the port that was taken.
  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] std::uint16_t port() const;
  // Stops listening and closes the connections; streams get their last chunk. May be called again.
  void close();

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sense::http
