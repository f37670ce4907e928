// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/subscription/subscription.hpp"

// The event by which somebody tries a subscription out: {urn:sense:management}subscription-test. It
// goes the way of every event, and is delivered to one subscription only: the one whose id is its
// subject, whatever types, sources and filter that has. The broker takes it from the subscription's
// owner and from who may manage. Pure functions of any thread.
namespace sense {

inline constexpr std::string_view test_type = "{urn:sense:management}subscription-test";

[[nodiscard]] inline bool is_test(const QName& type) { return type.clark() == test_type; }

// `by`: who asks.
[[nodiscard]] Event test_event(const Subscription& subscription, std::string_view by, WallTime now);

}  // namespace sense
