// SPDX-License-Identifier: Apache-2.0
#include "core/sense/transport/system_socket.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "core/base/check.hpp"
#include "core/base/log.hpp"

namespace sense::datagram {

SocketAddress::SocketAddress(const Endpoint& endpoint) : SocketAddress() {
  const auto host = endpoint.host();
  switch (endpoint.kind()) {
    case TransportKind::ipv4:
      four.sin_family = AF_INET;
      four.sin_port = htons(endpoint.port());
      std::memcpy(&four.sin_addr, host.data(), host.size());
      length = sizeof(four);
      return;
    case TransportKind::ipv6:
      six.sin6_family = AF_INET6;
      six.sin6_port = htons(endpoint.port());
      six.sin6_scope_id = endpoint.zone();
      std::memcpy(&six.sin6_addr, host.data(), host.size());
      length = sizeof(six);
      return;
    default:
      SENSE_CHECK(endpoint.kind() == TransportKind::unix_path &&
                  host.size() < sizeof(path.sun_path));
      path.sun_family = AF_UNIX;
      std::memcpy(path.sun_path, host.data(), host.size());
      length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + host.size() + 1);
  }
}

Endpoint SocketAddress::endpoint() const {
  if (length >= sizeof(four) && any.sa_family == AF_INET)
    return {boost::asio::ip::address_v4(ntohl(four.sin_addr.s_addr)), ntohs(four.sin_port)};
  if (length >= sizeof(six) && any.sa_family == AF_INET6) {
    boost::asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    return {boost::asio::ip::address_v6(bytes, six.sin6_scope_id), ntohs(six.sin6_port)};
  }
  constexpr auto before = offsetof(sockaddr_un, sun_path);
  if (length <= before || any.sa_family != AF_UNIX) return {};
  const auto size = std::min<std::size_t>(length - before, sizeof(path.sun_path));
  const std::string_view name(path.sun_path, ::strnlen(path.sun_path, size));
  return Endpoint::may_be_path(name) ? Endpoint::at_path(name) : Endpoint();
}

tl::unexpected<Error> SystemSocket::cannot_bind(int error) const {
  return fail(Code::addrnotavail,
              "cannot bind " + own_ + ": " + std::generic_category().message(error));
}

Status SystemSocket::open(int family, const Endpoint& own, std::size_t buffer) {
  own_ = to_uri(own);
  const int made = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return cannot_bind(errno);
  boost::system::error_code problem;
  descriptor_.assign(made, problem);
  if (problem) {
    ::close(made);
    return cannot_bind(problem.value());
  }
  set_buffer_sizes(family, buffer);
  return {};
}

Status SystemSocket::bind(const SocketAddress& address) {
  if (::bind(handle(), &address.any, address.length) < 0) return cannot_bind(errno);
  return {};
}

Status SystemSocket::set_option(int level, int option, const void* value, socklen_t size) {
  if (::setsockopt(handle(), level, option, value, size) < 0) return cannot_bind(errno);
  return {};
}

SocketAddress SystemSocket::bound_to() {
  SocketAddress address;
  address.length = sizeof(address.path);
  if (::getsockname(handle(), &address.any, &address.length) < 0) address.length = 0;
  return address;
}

void SystemSocket::set_buffer_sizes(int family, std::size_t wanted_octets) {
  const int on = 1;
  (void)::setsockopt(handle(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
  const auto wanted = static_cast<int>(wanted_octets);
  if (wanted == 0) return;
  (void)::setsockopt(handle(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
  if (family == AF_UNIX) return;  // a receive buffer is charged to the senders
  // Exceeds net.core.rmem_max when the process is privileged.
  if (::setsockopt(handle(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) < 0)
    (void)::setsockopt(handle(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
  int granted = 0;
  socklen_t size = sizeof(granted);
  (void)::getsockopt(handle(), SOL_SOCKET, SO_RCVBUF, &granted, &size);
  // Linux reports twice the size that it grants.
  if (granted / 2 >= wanted) return;
  log::info(
      "the receive buffer is smaller than requested: bursts may be lost and repeated; raise "
      "net.core.rmem_max",
      {{"listen", own_},
       {"octets", std::to_string(granted / 2)},
       {"wanted", std::to_string(wanted)}});
}

}  // namespace sense::datagram
