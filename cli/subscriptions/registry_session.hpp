// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "core/registry/subscriptions.hpp"

// What the commands about subscriptions have in common. The loop's thread.
namespace sense::cli {

// One conversation with the broker's registry; the loop ends with its answer.
struct RegistryTalk {
  Loop& loop;
  Bus& bus;
  Subscriptions& subscriptions;
  bool json = false;

  // Shows the subscription, or says why not, and ends the loop.
  [[nodiscard]] Subscriptions::Answer<SubscriptionRef> shown(const std::string& id) const;
  // Ends the loop with a sentence about the subscription.
  void fail_with(const std::string& id, const Error& error) const;
};

// Answers the exit code. Gives up when the broker is silent for longer than 15 seconds altogether,
// or than `patience`.
[[nodiscard]] int talk_to_registry(const Global& global,
                                   const std::function<void(const RegistryTalk&)>& action,
                                   Duration patience = std::chrono::seconds{15});

// Says so, beside the output, when others' subscriptions are left out of a list.
void say_whose(const Bus::RegistryPage& page);

// One line about a subscription: words, or JSON.
[[nodiscard]] std::string line_of(const Subscription& subscription, bool json);
// One about a subscription that a newer version wrote: it is kept and not served.
[[nodiscard]] std::string unreadable_line(const std::string& id, const std::string& reason,
                                          bool json);

}  // namespace sense::cli
