// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/listener.hpp"

// net-snmp's headers want this order, which the blank lines keep.
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/library/snmp_transport.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "adapters/snmp/library.hpp"
#include "core/base/text.hpp"

namespace sense::snmp {

namespace {

constexpr std::array<int, 3> oldest_safe = {5, 9, 3};

tl::unexpected<Error> refuse_listen(std::string_view text, const char* why) {
  return fail(Code::badparam, "'listen': '" + printable(text) + "' " + why +
                                  "; write udp:127.0.0.1:162, udp6:[::1]:162 or 127.0.0.1:162");
}

std::string system_text(int error) { return std::generic_category().message(error); }

// net-snmp begins what it says of a peer with the peer's socket address, for both families.
Sender sender_of(const void* data, int length) {
  Sender sender{"unknown", 0};
  if (data == nullptr || length < static_cast<int>(sizeof(sockaddr_in))) return sender;
  sockaddr_storage storage{};
  std::memcpy(&storage, data, std::min(sizeof storage, static_cast<std::size_t>(length)));
  boost::asio::ip::address address;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    address = boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    sender.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    boost::asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    const boost::asio::ip::address_v6 v6_address(bytes);
    address = v6_address;
    if (v6_address.is_v4_mapped())
      address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6_address);
    sender.port = ntohs(v6.sin6_port);
  } else {
    return sender;
  }
  sender.address = address.to_string();
  return sender;
}

Sender sender_of(const snmp_pdu& pdu) {
  return sender_of(pdu.transport_data, pdu.transport_data_length);
}

netsnmp_transport* transport_of(void* session) { return ::snmp_sess_transport(session); }

}  // namespace

std::string ListenAddress::text() const {
  return ipv6 ? "udp6:[" + host + "]:" + std::to_string(port)
              : "udp:" + host + ":" + std::to_string(port);
}

Result<ListenAddress> parse_listen(std::string_view text) {
  auto rest = text;
  const bool says_v6 = rest.starts_with("udp6:");
  const bool says_v4 = rest.starts_with("udp:");
  if (says_v6 || says_v4) rest.remove_prefix(says_v6 ? 5 : 4);
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos) return refuse_listen(text, "has no port");
  auto host = rest.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  boost::system::error_code no_address;
  const auto address = boost::asio::ip::make_address(std::string(host), no_address);
  if (no_address) return refuse_listen(text, "has no numeric address");
  if (address.is_v6() != brackets || (says_v6 && !brackets) || (says_v4 && brackets))
    return refuse_listen(text, "has an address that does not fit what stands before it");
  const auto port = parse_integer<std::uint16_t>(rest.substr(colon + 1));
  if (!port) return refuse_listen(text, "has no port from 0 to 65535");
  return ListenAddress{brackets, address.to_string(), *port};
}

bool version_is_safe(std::string_view version) {
  const auto pieces = split(version, '.');
  for (std::size_t i = 0; i < oldest_safe.size(); ++i) {
    int number = 0;
    if (i >= pieces.size()) return false;
    const auto piece = pieces[i];
    const auto [end, error] = std::from_chars(piece.data(), piece.data() + piece.size(), number);
    if (error != std::errc{}) return false;
    if (number != oldest_safe[i]) return number > oldest_safe[i];
  }
  return true;
}

// What net-snmp calls back, with the listener as its magic.
struct Listener::Hooks {
  static int parse(netsnmp_session* session, netsnmp_pdu* pdu, unsigned char* octets,
                   std::size_t length) {
    auto& self = *static_cast<Listener*>(session->callback_magic);
    auto good = parse_message({octets, length}, *pdu);
    if (good) return 0;
    self.fault_ = std::move(good.error().message);
    return -1;
  }

  static int parsed(netsnmp_session* session, netsnmp_pdu* pdu, int result) {
    auto& self = *static_cast<Listener*>(session->callback_magic);
    if (result != 0) self.handler_.malformed(sender_of(*pdu), self.fault_);
    return result == 0 ? 1 : 0;
  }

  static int message(int operation, netsnmp_session*, int, netsnmp_pdu* pdu, void* magic) {
    auto& self = *static_cast<Listener*>(magic);
    if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu != nullptr)
      self.handler_.message(*pdu, sender_of(*pdu));
    return 1;
  }
};

Result<std::unique_ptr<Listener>> Listener::open(const ListenAddress& address,
                                                 std::int64_t receive_buffer, Handler handler) {
  const char* version = ::netsnmp_get_version();
  if (version == nullptr || !version_is_safe(version))
    return fail(Code::system, "the installed libsnmp is " +
                                  std::string(version ? version : "unknown") +
                                  ", but versions before 5.9.3 can be crashed from the network: "
                                  "install 5.9.3 or later");
  prepare_library();
  std::unique_ptr<Listener> listener(new Listener(address, std::move(handler)));
  if (auto good = listener->bind(); !good) return tl::unexpected(good.error());
  if (auto good = listener->prepare_socket(receive_buffer); !good)
    return tl::unexpected(good.error());
  return listener;
}

Status Listener::bind() {
  netsnmp_session session;
  ::snmp_sess_init(&session);  // must come before the transport
  errno = 0;
  auto* transport = ::netsnmp_tdomain_transport(address_.text().c_str(), 1, "udp");
  if (transport == nullptr) {
    const int error = errno;
    return fail(
        Code::addrnotavail,
        "cannot listen for traps on " + address_.text() + ": " +
            (error != 0 ? system_text(error) : "the address cannot be used") +
            (error == EACCES ? "; a port below 1024 needs the capability CAP_NET_BIND_SERVICE"
                             : ""));
  }
  session.peername = SNMP_DEFAULT_PEERNAME;
  session.version = SNMP_DEFAULT_VERSION;
  session.community_len = SNMP_DEFAULT_COMMUNITY_LEN;
  session.isAuthoritative = SNMP_SESS_UNKNOWNAUTH;
  session.callback = &Hooks::message;
  session.callback_magic = this;
  session_ = ::snmp_sess_add_ex(&session, transport, nullptr, &Hooks::parse, &Hooks::parsed,
                                nullptr, nullptr, nullptr, nullptr);
  if (session_ == nullptr)
    return fail(Code::system, "libsnmp opens no session on " + address_.text());
  return {};
}

Status Listener::prepare_socket(std::int64_t receive_buffer) {
  const int socket = descriptor();
  // net-snmp waits in recvfrom() on an IPv6 socket with nothing to read.
  const int flags = ::fcntl(socket, F_GETFL);
  if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0)
    return fail(Code::system,
                "cannot prepare the socket on " + address_.text() + ": " + system_text(errno));
  const int wanted = static_cast<int>(receive_buffer);
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    (void)::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  int granted = 0;
  socklen_t length = sizeof granted;
  // The kernel doubles what is asked for, for its own needs.
  if (::getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &length) == 0)
    receive_buffer_ = granted / 2;
  sockaddr_storage bound{};
  length = sizeof bound;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &length) != 0)
    return fail(Code::system,
                "cannot learn the port of " + address_.text() + ": " + system_text(errno));
  address_.port = sender_of(&bound, static_cast<int>(length)).port;
  return {};
}

Listener::~Listener() {
  if (session_ != nullptr) ::snmp_sess_close(session_);
}

int Listener::descriptor() const { return transport_of(session_)->sock; }

void Listener::read(int limit) {
  const int socket = descriptor();
  netsnmp_large_fd_set readable;
  ::netsnmp_large_fd_set_init(&readable, FD_SETSIZE);
  for (int i = 0; i < limit; ++i) {
    // Reading clears it.
    NETSNMP_LARGE_FD_SET(socket, &readable);
    fault_.clear();
    errno = 0;
    auto* session = ::snmp_sess_session(session_);
    session->s_errno = 0;
    session->s_snmp_errno = SNMPERR_SUCCESS;
    const int result = ::snmp_sess_read2(session_, &readable);
    if (result != 0 && session->s_snmp_errno == SNMPERR_BAD_RECVFROM &&
        session->s_errno != ECONNREFUSED)
      break;
  }
  ::netsnmp_large_fd_set_cleanup(&readable);
}

PduOwner Listener::copy(const snmp_pdu& pdu) {
  return PduOwner(::snmp_clone_pdu(const_cast<snmp_pdu*>(&pdu)));
}

bool Listener::answer(PduOwner inform) {
  inform->command = SNMP_MSG_RESPONSE;
  inform->errstat = 0;
  inform->errindex = 0;
  if (::snmp_sess_send(session_, inform.get()) == 0) return false;
  (void)inform.release();  // sent messages are the library's
  return true;
}

std::uint64_t Listener::dropped() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t length = sizeof info;
  if (::getsockopt(descriptor(), SOL_SOCKET, SO_MEMINFO, info.data(), &length) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

}  // namespace sense::snmp
