// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "broker/journal/request.hpp"
#include "broker/registry/registry.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// The requests, without an answer, that make the registry's subscriptions with via "config" those
// of the configuration file: each wanted one is put, each other one removed. Pure.
[[nodiscard]] std::vector<IncomingRef> configured_changes(const Registry& registry,
                                                          const std::vector<Subscription>& wanted);

// Afterwards: fails with badparam and the reason when a wanted one is not in the registry.
[[nodiscard]] Status check_configured(const Registry& registry,
                                      const std::vector<Subscription>& wanted);

}  // namespace sense
