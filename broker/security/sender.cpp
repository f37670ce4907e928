// SPDX-License-Identifier: Apache-2.0
#include "broker/security/sender.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace sense {

namespace {

// The principals of connections, and the broker's own: nothing that comes through a gateway is
// theirs.
bool is_of_connections(std::string_view name) {
  constexpr std::array names = {principal_local, principal_plaintext, principal_broker,
                                principal_config, principal_external};
  return std::find(names.begin(), names.end(), name) != names.end();
}

RightsRef no_rights() {
  static const auto nothing = std::make_shared<const Rights>();
  return nothing;
}

}  // namespace

RightsRef rights_of_external(const AccessList& access, bool may_send) {
  if (const auto* named = access.named(principal_external)) return named->rights;
  return may_send ? Rights::of_anonymous() : no_rights();
}

bool is_on_this_machine(std::string_view peer) {
  return peer == "local" || peer.starts_with("local ") || peer.starts_with("127.") ||
         peer.starts_with("[::1]:");
}

Result<Sender> sender_of(const AccessList& access, const Principal& connection,
                         const bus::OnBehalf& client) {
  if (client.principal.empty())
    return Sender{connection.name, connection.rights, {}, false, access.groups_of(connection.name)};
  const auto* principal = access.named(client.principal);
  const bool reserved = is_of_connections(client.principal);
  const std::string name(principal != nullptr || reserved ? client.principal : principal_anonymous);
  if (reserved || !connection.rights->may_speak_for(name))
    return fail(Code::noaccess, "the broker's access file does not let principal " +
                                    connection.name + " speak for " +
                                    printable(name.substr(0, 64)) + " (right 'speak-for')");
  const bool manages = connection.rights->may_manage();
  if (principal == nullptr) principal = access.named(name);
  if (principal != nullptr)
    return Sender{name, principal->rights, connection.name, manages, access.groups_of(name)};
  return Sender{name, is_on_this_machine(client.peer) ? Rights::of_anonymous() : no_rights(),
                connection.name, manages};
}

}  // namespace sense
