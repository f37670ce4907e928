#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense::cli {

// A socket that talks to one SENSE server only. The loop's thread.
struct UdpPeer {
  boost::asio::ip::udp::socket socket;
  boost::asio::steady_timer timer;
  std::string buffer;  // for one datagram

  // What cannot be sent is as lost as a datagram that the network dropped: it is sent again.
  void send(std::string_view octets);
};

// `uri`: sense://HOST[:PORT]; `bind`: ADDRESS:PORT of this side, port 0 for any. The address may be
// of another family than the host only when it is the default loopback.
[[nodiscard]] Result<UdpPeer> open_udp(boost::asio::io_context& io, const std::string& uri,
                                       const std::string& bind);

// "127.0.0.1:7367", "[::1]:7367".
[[nodiscard]] std::string to_text(const boost::asio::ip::udp::endpoint& endpoint);

}  // namespace sense::cli
