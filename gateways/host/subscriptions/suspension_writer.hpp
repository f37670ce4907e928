// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/base/counters.hpp"
#include "core/registry/subscription_client.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

// Writes into the registry which callbacks the engine has found to be failing, or to work again:
// one write at a time for each, and the last word counts. Reactor thread; all it is given must
// outlive it.
class Suspender {
 public:
  // `again` runs a task later, when the broker was not there.
  using Again = std::function<void(std::function<void()>)>;
  Suspender(RegistrySubscriptions& subscriptions, Counters& counters, Again again)
      : subscriptions_(subscriptions), counters_(counters), again_(std::move(again)) {}

  void set(const Engine::Suspension& wanted);

 private:
  struct Wanted {
    bool suspended = false;
    std::string reason;
    bool changed = false;  // while it was being written
  };
  void write(const std::string& id);
  void written(const std::string& id, const Result<SubscriptionRef>& answer);

  RegistrySubscriptions& subscriptions_;
  Counters& counters_;
  Again again_;
  std::map<std::string, Wanted> writing_;
};

}  // namespace sense
