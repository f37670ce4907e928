// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/subscription/subscription.hpp"

// What `sense subscriptions list` and its like print. Pure functions.
namespace sense::cli {

// One line about a subscription: words, or JSON.
[[nodiscard]] std::string line_of(const Subscription& subscription, bool json);
// One about a subscription that a newer version wrote: it is kept and not served.
[[nodiscard]] std::string unreadable_line(const std::string& id, const std::string& reason,
                                          bool json);

}  // namespace sense::cli
