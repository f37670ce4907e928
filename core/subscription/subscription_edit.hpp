// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/subscription/subscription.hpp"

// Edits of a subscription by its owner. Pure functions; any thread.
namespace sense {

// Without the lease, which is changed by renewal.
inline constexpr std::array<std::string_view, 9> editable_members = {
    "callback", "types",    "sources",  "filter", "filters",
    "edition",  "language", "delivery", "labels"};

// Applies a JSON merge patch (RFC 7396): absent members are unchanged, null removes a member, also
// within `labels` and `delivery`. A changed callback is not verified yet: the subscription is then
// pending. Fails when the patch has a member that is not editable, is longer than 1 MiB or deeper
// than 16 levels, when the result is invalid, and when it takes a subscription by WebSub away from
// its topic; the error names the member.
[[nodiscard]] Result<Subscription> edited(const Subscription& subscription, std::string_view patch);

// The editable members in which two subscriptions differ.
[[nodiscard]] std::vector<std::string_view> differences(const Subscription& left,
                                                        const Subscription& right);

}  // namespace sense
