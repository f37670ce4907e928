// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/beast/core/tcp_stream.hpp>
#include <utility>

#include "core/base/clock.hpp"

namespace sense::http {

// The octets of one connection, as an asynchronous stream of Beast, whose timeouts it has: one that
// passes closes it. At most one operation in each direction is pending. Owned by the connection, or
// by the stream that it becomes. Reactor thread only.
class Channel {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;
  explicit Channel(boost::asio::ip::tcp::socket socket) : tcp_(std::move(socket)) {}

  [[nodiscard]] executor_type get_executor() { return tcp_.get_executor(); }
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    tcp_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    tcp_.async_write_some(buffers, std::forward<Handler>(handler));
  }

  // For the operations that begin from now on, in a direction in which none is pending.
  void expires_after(Duration time) { tcp_.expires_after(time); }
  void expires_never() { tcp_.expires_never(); }
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return tcp_.socket(); }
  // Pending operations fail.
  void close() { tcp_.close(); }

 private:
  boost::beast::tcp_stream tcp_;
};

}  // namespace sense::http
