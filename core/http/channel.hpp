// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <optional>
#include <utility>

#include "core/base/clock.hpp"
#include "core/tls/tls_context.hpp"

namespace sense::http {

// The octets of one connection, with TLS or without, as an asynchronous stream of Beast, whose
// timeouts it has: one that passes closes it. At most one operation in each direction is pending.
// Does not move; owned by the connection, or by the stream that it becomes. Reactor thread only.
class Channel {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;
  // `tls`: its handshake comes first; null: the connection has none.
  Channel(boost::asio::ip::tcp::socket socket, const TlsContext& tls);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] executor_type get_executor() { return tcp_.get_executor(); }
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_)
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    else
      tcp_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_)
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    else
      tcp_.async_write_some(buffers, std::forward<Handler>(handler));
  }

  [[nodiscard]] bool has_tls() const { return tls_.has_value(); }
  // REQUIRES: has_tls().
  template <class Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  // Tells the end, and waits for the client to tell its own. REQUIRES: has_tls().
  template <class Handler>
  void async_shutdown(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }
  // From now on octets are as they are sent. REQUIRES: no operation is pending.
  void drop_tls() { tls_.reset(); }
  // REQUIRES: has_tls().
  [[nodiscard]] const ssl_st& tls() { return *tls_->native_handle(); }

  // For the operations that begin from now on, in a direction in which none is pending.
  void expires_after(Duration time) { tcp_.expires_after(time); }
  void expires_never() { tcp_.expires_never(); }
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return tcp_.socket(); }
  // Pending operations fail; the second closes as well.
  void cancel() { tcp_.cancel(); }
  void close() { tcp_.close(); }

 private:
  boost::beast::tcp_stream tcp_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
};

}  // namespace sense::http
