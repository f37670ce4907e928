// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/base/error.hpp"
#include "core/sense/address.hpp"

// A datagram socket of the system, and its addresses.
namespace sense::datagram {

// A socket address of the system. Length 0: none.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in four;
    sockaddr_in6 six;
    sockaddr_un path;
  };
  socklen_t length = 0;

  SocketAddress() : path{} {}
  // REQUIRES: an address of IP, or a path.
  explicit SocketAddress(const Endpoint& endpoint);
  // Kind none: neither IP nor an absolute path.
  [[nodiscard]] Endpoint endpoint() const;
};

// Opens, binds and configures one datagram socket. Owns it: closed with this, also after a failure.
// Never blocks. One thread; the reactor must outlive it. Errors are sentences that name `own`.
class SystemSocket {
 public:
  explicit SystemSocket(boost::asio::io_context& reactor) : descriptor_(reactor) {}

  // `own`: the address that errors name. `buffer`: octets wanted for each of the kernel's buffers;
  // a smaller one is logged; 0: its default.
  [[nodiscard]] Status open(int family, const Endpoint& own, std::size_t buffer);
  [[nodiscard]] Status bind(const SocketAddress& address);
  [[nodiscard]] Status set_option(int level, int option, const void* value, socklen_t size);
  [[nodiscard]] Status set_option(int level, int option, int value) {
    return set_option(level, option, &value, sizeof(value));
  }
  [[nodiscard]] SocketAddress bound_to();
  // "cannot bind sense://...: ", and the reason of the system.
  [[nodiscard]] tl::unexpected<Error> cannot_bind(int error) const;

  [[nodiscard]] int handle() { return descriptor_.native_handle(); }
  [[nodiscard]] boost::asio::posix::stream_descriptor& descriptor() { return descriptor_; }

 private:
  void set_buffer_sizes(int family, std::size_t wanted);

  boost::asio::posix::stream_descriptor descriptor_;
  std::string own_;
};

}  // namespace sense::datagram
