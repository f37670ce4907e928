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

// The principal that acts: the process of that name, for a connection that could do all of that
// without it, else the connection.
struct Acting {
  std::string name;
  RightsRef rights;
};
Acting acting(const AccessList& access, const Principal& connection, std::string_view process) {
  if (connection.name != principal_local || connection.rights != Rights::all() ||
      !names_process(process) || !valid_principal(process))
    return {connection.name, connection.rights};
  const auto* listed = access.named(process);
  if (listed != nullptr) return {listed->name, listed->rights};
  return {std::string(process),
          process.starts_with("gateway-") ? Rights::of_gateway() : Rights::of_adapter()};
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
  if (client.principal.empty()) {
    const auto [name, rights] = acting(access, connection, client.gateway);
    return Sender{name, rights, {}, false, access.groups_of(name)};
  }
  const auto gateway = acting(access, connection, "gateway-" + std::string(client.gateway));
  const auto* principal = access.named(client.principal);
  const bool reserved = is_of_connections(client.principal);
  const std::string name(principal != nullptr || reserved ? client.principal : principal_anonymous);
  if (reserved || !gateway.rights->may_speak_for(name))
    return fail(Code::noaccess, "the broker's access file does not let principal " + gateway.name +
                                    " speak for " + printable(name.substr(0, 64)) +
                                    " (right 'speak-for')");
  const bool manages = gateway.rights->may_manage();
  if (principal == nullptr) principal = access.named(name);
  if (principal != nullptr)
    return Sender{name, principal->rights, gateway.name, manages, access.groups_of(name)};
  return Sender{name, is_on_this_machine(client.peer) ? Rights::of_anonymous() : no_rights(),
                gateway.name, manages};
}

}  // namespace sense
