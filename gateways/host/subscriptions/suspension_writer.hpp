// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/base/counters.hpp"
#include "core/registry/subscription_client.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

// Writes the engine's suspensions and resumptions to the registry: one write at a time for each
// subscription, and the latest request wins. Reactor thread; all arguments must outlive it, and
// none may call back after its end.
class SuspensionWriter {
 public:
  // Runs a task later, when the broker did not answer.
  using RetryLater = std::function<void(std::function<void()>)>;
  SuspensionWriter(SubscriptionClient& subscriptions, Counters& counters, RetryLater retry_later)
      : subscriptions_(subscriptions), counters_(counters), retry_later_(std::move(retry_later)) {}

  void set(const Engine::Suspension& wanted);

 private:
  struct Wanted {
    bool suspended = false;
    std::string reason;
    bool changed = false;  // during the write
  };
  void write(const std::string& id);
  void written(const std::string& id, const Result<SubscriptionRef>& answer);

  SubscriptionClient& subscriptions_;
  Counters& counters_;
  RetryLater retry_later_;
  std::map<std::string, Wanted> writing_;
};

}  // namespace sense
