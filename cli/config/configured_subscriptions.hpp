// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/base/clock.hpp"
#include "core/config/yaml.hpp"
#include "core/subscription/subscription.hpp"

namespace sense::cli {

// The list under `subscriptions:`: active, owned by "config", without expiry. `node` may be null
// (no list). Each error says file and line, those about one member its own.
[[nodiscard]] Result<std::vector<Subscription>> read_configured_subscriptions(const YamlNode& node,
                                                                              WallTime created);

}  // namespace sense::cli
