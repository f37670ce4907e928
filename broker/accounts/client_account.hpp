// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sense {

// Whose budget a request is counted in: the name of its principal; of clients that have proved
// nothing, who all are one principal, the host of `peer` behind an '@', which no name of a
// principal has: an address (of IPv6 the /64), or account_here. `peer`: as gateways note it, an
// address and port. At most 257 octets where the protocol's limits hold. Pure.
[[nodiscard]] std::string client_account(std::string_view principal, std::string_view peer);

// Of all clients on this machine that have proved nothing: a proxy among them speaks for many.
inline constexpr std::string_view account_here = "@here";

// Whether the account is that of a host, this machine included.
[[nodiscard]] inline bool is_host_account(std::string_view account) {
  return account.starts_with('@');
}

}  // namespace sense
