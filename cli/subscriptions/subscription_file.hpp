// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/subscription/subscription.hpp"

// Subscriptions as YAML, in the form of the section `subscriptions:` of the configuration file:
// what their owner decides, without state and lease. Pure functions.
namespace sense::cli {

// One entry of the list, indented to stand under `subscriptions:`.
[[nodiscard]] std::string yaml_of(const Subscription& subscription);

// A whole file; `name` stands for it in messages, which say the line. Active, owned by "config".
[[nodiscard]] Result<std::vector<Subscription>> read_subscription_file(std::string_view text,
                                                                       std::string_view name,
                                                                       WallTime now);

}  // namespace sense::cli
