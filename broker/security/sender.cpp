// SPDX-License-Identifier: Apache-2.0
#include "broker/security/sender.hpp"

#include "core/base/text.hpp"

namespace sense {

bool is_on_this_machine(std::string_view peer) {
  return peer == "local" || peer.starts_with("127.") || peer.starts_with("[::1]:");
}

Result<Sender> sender_of(const AccessList& access, const Principal& connection,
                         const bus::OnBehalf& client) {
  if (client.principal.empty()) return Sender{connection.name, connection.rights, {}, false};
  const auto name = std::string(client.principal);
  if (!connection.rights->may_speak_for(name))
    return fail(Code::noaccess, "the broker's access file does not let principal " +
                                    connection.name + " speak for " +
                                    printable(name.substr(0, 64)) + " (right 'speak-for')");
  const bool manages = connection.rights->may_manage();
  if (const auto* principal = access.named(name))
    return Sender{name, principal->rights, connection.name, manages};
  if (name != principal_anonymous)
    return fail(Code::noaccess, "the broker's access file has no principal " +
                                    printable(name.substr(0, 64)) + " that could be spoken for");
  static const auto nothing = std::make_shared<const Rights>();
  return Sender{name, is_on_this_machine(client.peer) ? Rights::of_anonymous() : nothing,
                connection.name, manages};
}

}  // namespace sense
