#pragma once

#include <string_view>

#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"

// The management events that stand for a gap or an end on transports without words of their own for
// them (docs/subscriptions.md). Their ids follow from what they tell, so that a repeat is the same.
namespace sense {

[[nodiscard]] EventRef gap_notice(const Subscription& subscription, std::uint64_t from,
                                  std::uint64_t to, std::string_view reason, WallTime now);
[[nodiscard]] EventRef ended_notice(const Subscription& subscription, std::string_view reason,
                                    WallTime now);

}  // namespace sense
