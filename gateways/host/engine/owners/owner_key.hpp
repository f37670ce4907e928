// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/subscription/subscription.hpp"

namespace sense {

// Whose budgets a subscription is counted in at a gateway, as a hash of this process: a collision,
// which no client can prepare, lets two owners share theirs. 0: none, since the operator wrote it
// into the configuration file.
using OwnerKey = std::uint64_t;

// That of the owner: a principal, or the host of an address. Clients of HTTP that have proved
// nothing all are one owner; of theirs it is the host, or mailbox, of the callback
// (callback_address), which has verified what is sent to it. Pure.
[[nodiscard]] OwnerKey owner_key(const Subscription& subscription);

}  // namespace sense
