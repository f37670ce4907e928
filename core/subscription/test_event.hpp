// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/subscription/subscription.hpp"

// The event that tests a subscription: {urn:sense:management}subscription-test. It is published and
// journalled like any event, and delivered only to the subscription whose id is its subject,
// regardless of types, sources and filter. The broker accepts it from the subscription's owner and
// from principals with the right to manage. Pure except for the fresh id; any thread.
namespace sense {

inline constexpr std::string_view test_type = "{urn:sense:management}subscription-test";

[[nodiscard]] inline bool is_test(const QName& type) { return type.clark() == test_type; }

// `by`: the requesting principal.
[[nodiscard]] Event test_event(const Subscription& subscription, std::string_view by, WallTime now);

}  // namespace sense
