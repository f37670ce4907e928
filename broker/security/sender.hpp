// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/security/rights.hpp"
#include "core/bus/protocol.hpp"

namespace sense {

// Whose request, or event, it is. A value.
struct Sender {
  std::string principal;             // as authenticated
  RightsRef rights = Rights::all();  // the principal's; the broker's own requests may do everything
  std::string via;                   // the principal that speaks for it; empty: it does so itself
  bool via_manages = false;          // and has the right to manage
  std::shared_ptr<const std::vector<std::string>> groups = {};  // the principal's; null: none

  // Whose connection it is, which bears what an answer costs.
  [[nodiscard]] const std::string& connection() const { return via.empty() ? principal : via; }
};
using SenderRef = std::shared_ptr<const Sender>;

// Whose request it is that `connection` sends for that client: its rights are those of the client's
// principal alone. Without one it is the connection's own. A connection by the broker's own user,
// while that may do everything, is the process that it says it is, "gateway-http" or
// "adapter-snmp": it has the rights of that name in the access file, else Rights::of_gateway() or
// of_adapter(). A client that has proved nothing has the rights of `anonymous` in the access file;
// where that has none, those of Rights::of_anonymous() on this machine, and none from elsewhere; so
// has one that has proved a name which the access file does not have. Fails with noaccess when the
// connection may not speak for that principal. Pure.
[[nodiscard]] Result<Sender> sender_of(const AccessList& access, const Principal& connection,
                                       const bus::OnBehalf& client);

// The rights of what a foreign proxy sends (bus.external), as principal `external`: those that the
// access file grants this name. Where it does not have it, which way the connection was opened
// decides: with `may_send` that the broker opened it permits every event outside the reserved
// namespaces, else nothing is permitted. Pure.
[[nodiscard]] RightsRef rights_of_external(const AccessList& access, bool may_send);

// Whether an address and port, as gateways note them, is on this machine: "127.0.0.1:5000",
// "[::1]:5000"; "local" and what follows it is an address that the gateway knows to be here.
[[nodiscard]] bool is_on_this_machine(std::string_view peer);

}  // namespace sense
