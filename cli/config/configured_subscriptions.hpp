// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/base/clock.hpp"
#include "core/config/settings.hpp"
#include "core/subscription/subscription.hpp"

namespace sense::cli {

// The list under `subscriptions:`: active, owned by "config", without expiry. `node` may be null
// (no list). Each mistake is added, and says file and line, one about a member its own; the list is
// worth nothing then. A pure function.
[[nodiscard]] std::vector<Subscription> read_configured_subscriptions(const YamlNode& node,
                                                                      WallTime created,
                                                                      Mistakes& mistakes);
// The same, with the first mistake as the error.
[[nodiscard]] Result<std::vector<Subscription>> read_configured_subscriptions(const YamlNode& node,
                                                                              WallTime created);

}  // namespace sense::cli
