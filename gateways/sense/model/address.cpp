// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/model/address.hpp"

#include "core/base/text.hpp"

namespace sense::datagram {

namespace {

constexpr std::string_view owner_prefix = "key:";

// Lowest numbers for ordinary programs; those below are assigned to well-known services.
constexpr std::uint16_t free_port_min = 1024;
constexpr std::uint16_t free_ipx_socket_min = 0x4000;
constexpr std::uint16_t free_ddp_socket_min = 128;
constexpr std::uint64_t ddp_broadcast = 255;

Status refuse_host(const Endpoint& endpoint) {
  return fail(Code::addrnotavail, to_uri(endpoint) +
                                      " is a multicast, broadcast or reserved address; events go "
                                      "to single hosts");
}

Status check_port(const Endpoint& endpoint, std::uint16_t min) {
  if (endpoint.port() >= min) return {};
  const bool ip = endpoint.is_ip();
  return fail(Code::addrnotavail, (ip ? "port " : "socket ") + std::to_string(endpoint.port()) +
                                      " is below " + std::to_string(min) +
                                      (ip ? "; choose one from 1024 to 65535"
                                          : ", and reserved for well-known services"));
}

Status check_ip(const Endpoint& endpoint, const boost::asio::ip::address& address,
                const EgressPolicy& policy) {
  // Directed broadcast addresses need no list: without SO_BROADCAST, which is never set, the kernel
  // refuses to send to them.
  if (address.is_multicast() || address.is_unspecified() ||
      (address.is_v4() && address.to_v4().to_uint() >= 0xf0000000U))
    return refuse_host(endpoint);
  return policy.check(address, endpoint.port());
}

// RFC 1234: the node is an IPv4 address, the destination of the UDP datagram.
Status check_ipx(const Endpoint& endpoint, const EgressPolicy& policy) {
  if (endpoint.node() == 0 || endpoint.node() >> 32U != 0) return refuse_host(endpoint);
  const boost::asio::ip::address_v4 address(static_cast<std::uint32_t>(endpoint.node()));
  return check_ip(endpoint, address, policy);
}

Status check_ddp(const Endpoint& endpoint) {
  if (endpoint.node() == 0 || endpoint.node() == ddp_broadcast) return refuse_host(endpoint);
  return {};
}

}  // namespace

std::string owner_of_key(std::string_view name) {
  return std::string(owner_prefix) + std::string(name);
}

std::string_view key_of_owner(std::string_view owner) {
  return owner.starts_with(owner_prefix) ? owner.substr(owner_prefix.size()) : std::string_view();
}

Result<Endpoint> endpoint_of(std::string_view callback) { return parse_endpoint(callback); }

std::string callback_of(const Endpoint& endpoint) { return to_uri(endpoint); }

std::string_view listen_name(std::string_view entry) {
  const auto words = trim(entry);
  return words.substr(0, words.find_first_of(" \t"));
}

Result<Endpoint> parse_listen(std::string_view entry) {
  const auto address = listen_name(entry);
  const auto endpoint = parse_endpoint(address);
  // A missing port is more likely a mistake than a wish for the default.
  const auto colon = address.substr(address.rfind(']') + 1).rfind(':');
  const bool named = colon != std::string_view::npos && !address.ends_with(':');
  if (endpoint && (!endpoint->is_ip() || named)) return endpoint;
  return fail(
      Code::badparam,
      "listen: '" + printable(address.substr(0, 200)) +
          "' is not an address and port such as 127.0.0.1:7367 or [::]:7367, "
          "sense+dtls://0.0.0.0:7368, a "
          "path such as /run/sense/sense.sock, 0000002a.0000c0000207.ipx:16385 or 12.34.ddp:129");
}

Status may_be_target(const Endpoint& endpoint, const EgressPolicy& policy) {
  if (endpoint.dtls())
    return fail(Code::noaccess,
                "sense+dtls:// is served only where it registers itself: the server begins no "
                "handshake; send REGISTER from there, without Deliver-To");
  switch (endpoint.kind()) {
    case TransportKind::none: break;
    case TransportKind::ipv4:
    case TransportKind::ipv6:
      if (auto status = check_port(endpoint, free_port_min); !status) return status;
      return check_ip(endpoint, endpoint.address(), policy);
    case TransportKind::unix_path:
      return fail(Code::noaccess,
                  "a path is served only when it registers itself: send REGISTER "
                  "from there, without Deliver-To");
    case TransportKind::ipx:
      if (auto status = check_port(endpoint, free_ipx_socket_min); !status) return status;
      return check_ipx(endpoint, policy);
    case TransportKind::ddp:
      if (auto status = check_port(endpoint, free_ddp_socket_min); !status) return status;
      return check_ddp(endpoint);
  }
  return refuse_host(endpoint);
}

bool registered_itself(const Subscription& subscription) {
  if (subscription.via != gateway_name) return false;
  const auto registered_from = subscription.labels.find(registered_from_label);
  const bool with_key = !key_of_owner(subscription.owner).empty();
  return with_key ? registered_from != subscription.labels.end() &&
                        registered_from->second == subscription.callback
                  : subscription.owner == subscription.callback;
}

}  // namespace sense::datagram
