// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/snmp/ber.hpp"
#include "adapters/snmp/trap_event.hpp"
#include "core/base/error.hpp"

namespace sense::snmp {

// Where to listen: "udp:127.0.0.1:162", "udp6:[::1]:162", or without the first word. Addresses are
// numbers, so that nothing waits for a name server. Port 0 is any.
[[nodiscard]] Result<boost::asio::ip::udp::endpoint> parse_listen(std::string_view text);
[[nodiscard]] std::string listen_text(const boost::asio::ip::udp::endpoint& address);

// One UDP socket (RFC 3417 section 2) on which notifications come in and responses go out. One
// thread: the reactor's, which never waits here. The reactor must outlive the listener.
class Listener {
 public:
  // The sender of a datagram, and the address of this machine that it was sent to: a device takes a
  // response from no other. A value.
  struct Peer {
    boost::asio::ip::udp::endpoint remote;
    boost::asio::ip::address local;

    [[nodiscard]] Sender sender() const;
  };
  struct Handler {
    // The octets are valid during the call only. It may answer; it must not destroy the listener.
    std::function<void(Octets octets, const Peer& peer)> datagram;
    // That many more were lost because the receive buffer was full.
    std::function<void(std::uint64_t count)> dropped;
  };

  // Binds the address and asks the kernel for a receive buffer of that many octets. Fails with the
  // address and the system's reason.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(
      boost::asio::io_context& reactor, const boost::asio::ip::udp::endpoint& address,
      std::int64_t receive_buffer);

  // Begins to receive. Call once; the handler is kept until the end.
  void start(Handler handler);
  // The handler is not called again; answer() still sends. May be called again.
  void stop() { stopped_ = true; }
  // Whether the kernel took the datagram; when it does not, the peer repeats its inform.
  bool answer(const Peer& peer, std::string_view response);

  [[nodiscard]] const boost::asio::ip::udp::endpoint& address() const { return address_; }
  [[nodiscard]] std::int64_t receive_buffer() const { return receive_buffer_; }  // as granted

 private:
  explicit Listener(boost::asio::io_context& reactor) : socket_(reactor) {}
  [[nodiscard]] Status bind(const boost::asio::ip::udp::endpoint& address);
  void request_buffer(std::int64_t receive_buffer);
  void wait();
  // Reads the datagrams that wait, a bounded number of them.
  void read();
  void report_drops();

  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::udp::endpoint address_;  // the port as bound
  std::int64_t receive_buffer_ = 0;
  std::uint64_t drops_seen_ = 0;
  Handler handler_;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::array<unsigned char, 65'535> buffer_;  // no datagram is longer
};

}  // namespace sense::snmp
