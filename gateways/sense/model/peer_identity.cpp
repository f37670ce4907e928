// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/model/peer_identity.hpp"

namespace sense::datagram {

std::optional<boost::asio::ip::address> ip_address_of(const Endpoint& endpoint) {
  if (endpoint.is_ip()) return endpoint.address();
  // The transport accepts a datagram only when the node is the IPv4 address that it came from.
  if (endpoint.kind() == TransportKind::ipx && endpoint.node() >> 32U == 0)
    return boost::asio::ip::address_v4(static_cast<std::uint32_t>(endpoint.node()));
  return std::nullopt;
}

bool is_local_machine(const Endpoint& endpoint) {
  if (endpoint.kind() == TransportKind::unix_path) return true;
  const auto address = ip_address_of(endpoint);
  return address && address->is_loopback();
}

ProvedClient proved_client(const Endpoint& endpoint, const std::string& key,
                           const SessionIdentity* session) {
  const auto uri = callback_of(endpoint);
  const auto scheme = uri.find("://");
  auto peer = scheme == std::string::npos ? uri : uri.substr(scheme + 3);
  if (is_local_machine(endpoint)) peer = "local " + peer;
  peer.resize(std::min<std::size_t>(peer.size(), 256));
  ProvedClient client{std::nullopt, std::move(peer)};
  if (!key.empty()) client.proof = Proof{Proof::Kind::sense_key, key};
  if (client.proof || session == nullptr || session->certificate_fingerprint.empty()) return client;
  auto proof = make_proof(Proof::Kind::certificate, session->certificate_fingerprint);
  if (proof) client.proof = std::move(*proof);
  return client;
}

std::string host_identity(const Endpoint& endpoint) {
  if (is_local_machine(endpoint)) return endpoint.identity();
  constexpr std::size_t v6_octets = 8;
  std::string text(1, static_cast<char>(endpoint.kind()));
  const bool many = endpoint.kind() == TransportKind::ipv6;
  return text.append(endpoint.host().substr(0, many ? v6_octets : std::string_view::npos));
}

}  // namespace sense::datagram
