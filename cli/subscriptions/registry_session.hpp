// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "core/registry/subscriptions.hpp"

// What the commands about subscriptions have in common. The loop's thread.
namespace sense::cli {

// One exchange with the broker's registry; the loop ends with its answer. A view: it owns nothing.
struct RegistrySession {
  Loop& loop;
  Bus& bus;
  Subscriptions& subscriptions;
  bool json = false;

  // Shows the subscription, or says why not, and ends the loop.
  [[nodiscard]] Subscriptions::Answer<SubscriptionRef> shown(const std::string& id) const;
  // Ends the loop with a sentence about the subscription.
  void fail_with(const std::string& id, const Error& error) const;
};

// Runs `action` on a loop until the loop is finished. Answers the exit code. Fails when that takes
// longer than `timeout`.
[[nodiscard]] int with_registry_session(const Global& global,
                                        const std::function<void(const RegistrySession&)>& action,
                                        Duration timeout = std::chrono::seconds{15});

// Shows all entries of a kind by key, until `show` returns false, and ends the loop. Reports on
// standard error that these are only the principal's own, if so.
void list_entries(const RegistrySession& session, const std::string& kind,
                  const std::function<bool(const RegistryEntry&)>& show,
                  const std::string& after = "");

}  // namespace sense::cli
