// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"
#include "gateways/api/gateway.hpp"

// The management events that represent a gap, an end or a digest on transports without a message of
// their own for it (docs/subscriptions.md). Their ids are computed from their content, so that a
// repeat has the same id. Pure functions; any thread.
namespace sense {

[[nodiscard]] EventRef gap_notice(const Subscription& subscription, std::uint64_t from,
                                  std::uint64_t to, std::string_view reason, WallTime now);
[[nodiscard]] EventRef ended_notice(const Subscription& subscription, std::string_view reason,
                                    WallTime now);
// Its data lists the events of the digest in CloudEvents JSON, with their numbers. An event that
// would make the data longer than an event may be is listed without its own data. REQUIRES: all
// contents have their event.
[[nodiscard]] EventRef digest_notice(const Delivery& digest, WallTime now);

}  // namespace sense
