// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "broker/security/rights.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/protocol.hpp"

// What a principal may publish, change and see: every check that the broker makes for a request.
// Pure. A refusal is 9 NOACCESS and names the missing right, except where it says otherwise.
namespace sense {

// The sender of a request, for one check: views.
struct Requester {
  const Rights& rights;
  std::string_view principal;
  bool answered = true;  // false: a plain publisher, which gets no answer
  // A gateway that may manage speaks for it: what it says of a callback's consent, and of who owns
  // what is made without a proof of identity, is true.
  bool vouched = false;
  // Has the rights of an owner that a request names; null: such rights are not asked.
  const AccessList* access = nullptr;
};

// Whether a subscription of that owner gets the management events about others: by the owner's
// right to list, if the access file names it, else by the requester's.
[[nodiscard]] bool lists_for(const Requester& requester, std::string_view owner);

// An entry of the registry as it is now; fails when there is none.
using FindEntry = std::function<Result<RegistryEntry>(std::string_view kind, std::string_view key)>;

// Whether an event may be published: `type` and `octets` are of one that peek_event has accepted.
// Beside the rights to publish and to route there are types with a rule of their own:
// - those on which gateways act are published by the broker only;
// - events between gateways, and events about dead letters, need the right to manage. A request
//   about dead letters must be valid and name a gateway that has announced itself, else badparam,
//   notfound;
// - a test event needs a subscription of the principal, or the right to manage. The refusal does
//   not tell whether the subscription exists.
[[nodiscard]] Status check_publish(const Requester& requester, std::string_view type,
                                   std::string_view octets, const FindEntry& find);

// PUT or DELETE of an entry. Without the right to manage, a principal may change its own
// subscriptions only, and cannot say that a callback has agreed. With it, it may make a
// subscription of any owner, or change what one selects, within the rights of that owner; an owner
// that the access file does not name has no rights to be asked.
[[nodiscard]] Status check_change(const Requester& requester, const bus::Request& request,
                                  const FindEntry& find);

// An entry as the requester may see it: the secrets that web hooks are signed with are in it for
// gateways alone, which are those who may manage, also where one asks for its client.
[[nodiscard]] RegistryEntry shown_entry(const Requester& requester, RegistryEntry entry);

// The entry that GET answers: every one with the right to list, otherwise the principal's own
// subscriptions. Else notfound, in one sentence for an absent and for a hidden entry.
[[nodiscard]] Result<RegistryEntry> visible_entry(const Requester& requester, std::string_view kind,
                                                  std::string_view key, const FindEntry& find);

// Which entries of a kind LIST answers: with the right to list all, otherwise the principal's own
// subscriptions, the sources that it may read from and the types that it may read, and a
// refusal for other kinds. Who has proved
// nothing has no subscriptions of its own to list, and is refused.
enum class Listed { all, own, readable };
[[nodiscard]] Result<Listed> check_list(const Requester& requester, std::string_view kind);

}  // namespace sense
