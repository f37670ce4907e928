// SPDX-License-Identifier: Apache-2.0
#include "broker/accounts/client_account.hpp"

#include "broker/security/sender.hpp"
#include "core/egress/network.hpp"

namespace sense {

namespace {

constexpr unsigned short prefix_of_one_host = 64;  // bits of an IPv6 address

std::string host_without_port(std::string_view peer) {
  auto host = peer.substr(0, peer.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  // A zone is of no account.
  const auto text = std::string(host.substr(0, host.find('%')));
  const auto address = unmapped(boost::asio::ip::make_address(text, error));
  if (error) return std::string(host);
  if (address.is_v4()) return address.to_string();
  return boost::asio::ip::make_network_v6(address.to_v6(), prefix_of_one_host)
      .canonical()
      .to_string();
}

}  // namespace

std::string client_account(std::string_view principal, std::string_view peer) {
  if (principal != principal_anonymous) return std::string(principal);
  if (is_on_this_machine(peer)) return std::string(account_here);
  return "@" + host_without_port(peer);
}

}  // namespace sense
