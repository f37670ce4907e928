// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "broker/security/rights.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/protocol.hpp"

// Permission checks for each kind of message. Pure. A refusal is 9 NOACCESS and names the missing
// right.
namespace sense {

// `octets`: an encoded event, decoded only when the rights depend on its attributes.
[[nodiscard]] Status check_publish(const Rights& rights, std::string_view octets);

// PUT or DELETE of an entry; `current` is its present state, null: none. Without the right to
// manage, a principal may change its own subscriptions only.
[[nodiscard]] Status check_change(const Rights& rights, std::string_view principal,
                                  const bus::Request& request, const RegistryEntry* current);

// Whether the principal may send a test event (core/subscription/test_event.hpp) to a subscription.
[[nodiscard]] bool may_test(const Rights& rights, std::string_view principal,
                            const RegistryEntry& subscription);

// An event about the dead letters of a gateway (core/subscription/dead_letter_request.hpp): needs
// the right to manage, since it redelivers or purges dead letters of other owners, or reports on
// that. A request must have a valid selection.
[[nodiscard]] Status check_dead_letters(const Rights& rights, const Event& event);

// Whether GET returns an entry: every entry with the right to list, otherwise the principal's own
// subscriptions.
[[nodiscard]] bool may_see(const Rights& rights, std::string_view principal,
                           const RegistryEntry& entry);

// Which entries of a kind LIST returns: with the right to list all, otherwise the principal's own
// subscriptions, and a refusal for other kinds.
enum class Listed { all, own };
[[nodiscard]] Result<Listed> check_list(const Rights& rights, std::string_view kind);

}  // namespace sense
