// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "broker/security/rights.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/protocol.hpp"

// What rights mean for each kind of message. Pure. A refusal is 9 NOACCESS and names the right.
namespace sense {

// `octets`: an encoded event, which is decoded only when rights depend on what is in it.
[[nodiscard]] Status check_publish(const Rights& rights, std::string_view octets);

// PUT or DELETE of an entry, of which `current` is the present state; null: there is none. Without
// the right to manage, one's own subscriptions only.
[[nodiscard]] Status check_change(const Rights& rights, std::string_view principal,
                                  const bus::Request& request, const RegistryEntry* current);

// Whether somebody may have a test event (core/subscription/test_event.hpp) sent to a subscription.
[[nodiscard]] bool may_test(const Rights& rights, std::string_view principal,
                            const RegistryEntry& subscription);

// An event about the dead letters of a gateway (core/subscription/dead_letter_request.hpp): from
// who may manage, and a request only when it says what it selects. Who else could throw away what
// was kept for others, or deliver it again, or tell that it was done.
[[nodiscard]] Status check_dead_letters(const Rights& rights, const Event& event);

// Whether GET shows an entry: to who may list, and one's own subscriptions.
[[nodiscard]] bool may_see(const Rights& rights, std::string_view principal,
                           const RegistryEntry& entry);

// What LIST shows of a kind: everything to who may list; to others their own subscriptions alone,
// and nothing of other kinds.
enum class Listed { all, own };
[[nodiscard]] Result<Listed> check_list(const Rights& rights, std::string_view kind);

}  // namespace sense
