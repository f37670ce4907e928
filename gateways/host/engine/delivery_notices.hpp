// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"
#include "gateways/api/gateway.hpp"

// The management events that stand for a gap, an end or a digest on transports without words of
// their own for them (docs/subscriptions.md). Their ids follow from what they tell, so that a
// repeat is the same.
namespace sense {

[[nodiscard]] EventRef gap_notice(const Subscription& subscription, std::uint64_t from,
                                  std::uint64_t to, std::string_view reason, WallTime now);
[[nodiscard]] EventRef ended_notice(const Subscription& subscription, std::string_view reason,
                                    WallTime now);
// Its data holds the events of the digest in CloudEvents' JSON form, with their numbers. What would
// make it longer than an event may be is listed without its data.
// REQUIRES: all contents have their event.
[[nodiscard]] EventRef digest_notice(const Delivery& digest, WallTime now);

// The event as a subscriber may see it: who else gets it, and who does not, is nobody's business.
[[nodiscard]] EventRef without_recipients(EventRef event);

}  // namespace sense
