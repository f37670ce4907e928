// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/listener.hpp"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "core/base/text.hpp"

namespace sense::snmp {

namespace {

using boost::asio::ip::udp;
using boost::system::error_code;

constexpr int datagrams_at_once = 256;

tl::unexpected<Error> refuse_listen(std::string_view text, const char* why) {
  return fail(Code::badparam, "'listen': '" + printable(text) + "' " + why +
                                  "; write udp:127.0.0.1:162, udp6:[::1]:162 or 127.0.0.1:162");
}

// The address of this machine that a datagram goes to or comes from (ip(7), ipv6(7)).
struct PacketInfo {
  msghdr header{};
  iovec piece{};
  alignas(cmsghdr) std::array<char, 128> control{};

  PacketInfo(udp::endpoint& remote, void* octets, std::size_t size) : piece{octets, size} {
    header.msg_name = remote.data();
    header.msg_namelen = static_cast<socklen_t>(remote.capacity());
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }

  [[nodiscard]] boost::asio::ip::address local() {
    for (auto* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
        in_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(part), sizeof info);
        return boost::asio::ip::address_v4(ntohl(info.ipi_spec_dst.s_addr));
      }
      if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(part), sizeof info);
        boost::asio::ip::address_v6::bytes_type bytes{};
        std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
        return boost::asio::ip::address_v6(bytes);
      }
    }
    return {};
  }

  void set_local(const boost::asio::ip::address& address) {
    if (address.is_unspecified() || address.is_multicast()) {
      header.msg_controllen = 0;
    } else if (address.is_v4()) {
      in_pktinfo info{};
      info.ipi_spec_dst.s_addr = htonl(address.to_v4().to_uint());
      set(IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
      in6_pktinfo info{};
      const auto bytes = address.to_v6().to_bytes();
      std::memcpy(&info.ipi6_addr, bytes.data(), bytes.size());
      set(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
  }

 private:
  void set(int level, int type, const void* info, std::size_t size) {
    auto* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = level;
    part->cmsg_type = type;
    part->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(part), info, size);
    header.msg_controllen = CMSG_SPACE(size);
  }
};

}  // namespace

std::string listen_text(const udp::endpoint& address) {
  const auto host = address.address().to_string();
  return (address.address().is_v6() ? "udp6:[" + host + "]" : "udp:" + host) + ":" +
         std::to_string(address.port());
}

Result<udp::endpoint> parse_listen(std::string_view text) {
  auto rest = text;
  const bool says_v6 = rest.starts_with("udp6:");
  const bool says_v4 = rest.starts_with("udp:");
  if (says_v6 || says_v4) rest.remove_prefix(says_v6 ? 5 : 4);
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos) return refuse_listen(text, "has no port");
  auto host = rest.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  error_code no_address;
  const auto address = boost::asio::ip::make_address(std::string(host), no_address);
  if (no_address) return refuse_listen(text, "has no numeric address");
  if (address.is_v6() != brackets || (says_v6 && !brackets) || (says_v4 && brackets))
    return refuse_listen(text, "has an address that does not fit what stands before it");
  const auto port = parse_integer<std::uint16_t>(rest.substr(colon + 1));
  if (!port) return refuse_listen(text, "has no port from 0 to 65535");
  return udp::endpoint(address, *port);
}

Sender Listener::Peer::sender() const { return {remote.address().to_string(), remote.port()}; }

Result<std::unique_ptr<Listener>> Listener::open(boost::asio::io_context& reactor,
                                                 const udp::endpoint& address,
                                                 std::int64_t receive_buffer) {
  std::unique_ptr<Listener> listener(new Listener(reactor));
  if (auto good = listener->bind(address); !good) return tl::unexpected(good.error());
  listener->request_buffer(receive_buffer);
  return listener;
}

Status Listener::bind(const udp::endpoint& address) {
  const bool v6 = address.address().is_v6();
  error_code error;
  socket_.open(address.protocol(), error);
  if (!error) socket_.non_blocking(true, error);
  // IPv4 has a listener of its own.
  if (!error && v6) socket_.set_option(boost::asio::ip::v6_only(true), error);
  const int on = 1;
  const int info =
      v6 ? ::setsockopt(socket_.native_handle(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on)
         : ::setsockopt(socket_.native_handle(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  if (!error && info != 0) error.assign(errno, boost::system::system_category());
  if (!error) socket_.bind(address, error);
  if (!error) address_ = socket_.local_endpoint(error);
  if (!error) return {};
  const bool port_refused = error.value() == EACCES;
  return fail(
      Code::addrnotavail,
      "cannot listen for traps on " + listen_text(address) + ": " + error.message() +
          (port_refused ? "; a port below 1024 needs the capability CAP_NET_BIND_SERVICE" : ""));
}

void Listener::request_buffer(std::int64_t receive_buffer) {
  const int wanted = static_cast<int>(receive_buffer);
  const int socket = socket_.native_handle();
  // The first exceeds net.core.rmem_max when the process is privileged.
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    (void)::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  int granted = 0;
  socklen_t length = sizeof granted;
  // The kernel doubles what is asked for, for its own needs.
  if (::getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &length) == 0)
    receive_buffer_ = granted / 2;
}

void Listener::start(Handler handler) {
  handler_ = std::move(handler);
  wait();
}

void Listener::wait() {
  socket_.async_wait(udp::socket::wait_read,
                     [this, alive = std::weak_ptr(alive_)](const error_code& error) {
                       if (alive.expired() || stopped_ || error) return;
                       read();
                       report_drops();
                       wait();
                     });
}

void Listener::read() {
  for (int i = 0; i < datagrams_at_once && !stopped_; ++i) {
    Peer peer;
    PacketInfo packet(peer.remote, buffer_.data(), buffer_.size());
    const auto size = ::recvmsg(socket_.native_handle(), &packet.header, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size < 0) continue;  // the error of a response sent earlier: datagrams may follow it
    peer.remote.resize(packet.header.msg_namelen);
    peer.local = packet.local();
    handler_.datagram({buffer_.data(), static_cast<std::size_t>(size)}, peer);
  }
}

bool Listener::answer(const Peer& peer, std::string_view response) {
  auto remote = peer.remote;
  // sendmsg() takes no constant octets, and writes none.
  PacketInfo packet(remote, const_cast<char*>(response.data()), response.size());
  packet.header.msg_namelen = static_cast<socklen_t>(remote.size());
  packet.set_local(peer.local);
  return ::sendmsg(socket_.native_handle(), &packet.header, MSG_NOSIGNAL) >= 0;
}

void Listener::report_drops() {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_MEMINFO, info.data(), &length) != 0)
    return;
  const std::uint64_t drops = info[SK_MEMINFO_DROPS];
  if (drops > drops_seen_) handler_.dropped(drops - drops_seen_);
  drops_seen_ = drops;
}

}  // namespace sense::snmp
