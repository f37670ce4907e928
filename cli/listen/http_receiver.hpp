// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/listen/received_event.hpp"
#include "core/base/error.hpp"

namespace sense::cli {

// A small HTTP/1.1 server that is called back: it agrees to the CloudEvents handshake (HTTP 1.1 Web
// Hooks for Event Delivery, section 4) and takes events in binary and structured mode. The loop's
// thread. Every connection has a deadline and every request a bound.
class HttpReceiver {
 public:
  static constexpr std::size_t body_max = 2 * 1024 * 1024;  // octets
  static constexpr std::size_t connections_max = 256;

  using OnEvent = std::function<void(const Arrival&)>;  // callback is filled in

  // `uri`: http://ADDRESS:PORT/path; port 0 takes any that is free.
  [[nodiscard]] static Result<std::unique_ptr<HttpReceiver>> open(boost::asio::io_context& io,
                                                                  const std::string& uri,
                                                                  OnEvent on_event);
  HttpReceiver(boost::asio::io_context& io, std::string path, OnEvent on_event);

  // The callback URI with the port that was taken.
  [[nodiscard]] std::string callback() const;
  void start();

 private:
  friend class HttpConversation;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::string path_;
  OnEvent on_event_;
  // Shared with the conversations, which may outlive this at the end of the loop.
  std::shared_ptr<std::size_t> connections_ = std::make_shared<std::size_t>(0);
};

}  // namespace sense::cli
