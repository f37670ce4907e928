// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/subscription/subscription.hpp"

// What an owner may change of a subscription. Pure functions of any thread.
namespace sense {

// The lease is not among them: it is changed by renewing.
inline constexpr std::array<std::string_view, 8> editable_members = {
    "callback", "types", "sources", "filter", "edition", "language", "delivery", "labels"};

// The subscription with a JSON merge patch (RFC 7396) applied: a member that the patch leaves out
// stays, null takes it away, and so for each member of `labels` and `delivery`. Another callback
// has agreed to nothing yet: the subscription is then pending. Fails with the member's name when
// the patch has one that is not editable, and when what comes out is not valid.
[[nodiscard]] Result<Subscription> edited(const Subscription& subscription, std::string_view patch);

// The editable members in which two subscriptions differ.
[[nodiscard]] std::vector<std::string_view> differences(const Subscription& left,
                                                        const Subscription& right);

}  // namespace sense
