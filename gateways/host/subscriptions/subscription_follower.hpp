// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>

#include "core/registry/ended_subscriptions.hpp"
#include "core/registry/registry_reader.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/subscriptions/gateway_directory.hpp"
#include "gateways/host/subscriptions/verifier.hpp"

namespace sense {

// Keeps what this gateway serves equal to the registry: reads its lists, applies the events that
// announce changes, and ends subscriptions there. Each change is applied once, whether a list or an
// event has it first: by its revision. Reactor thread; all arguments must outlive it, and none may
// call back after its end.
class SubscriptionFollower {
 public:
  struct Dependencies {
    Bus& bus;
    Engine& engine;
    EndedSubscriptions& ended;
    GatewayDirectory& directory;
    Verifier& verifier;
    const Clock& clock;
    // Whether a subscription that another process has made can be served: its owner may have one
    // more callback here, if it is one more, and its max-latency can be kept.
    std::function<Status(const Subscription&)> check;
  };
  // Runs a task after a pause, when the broker did not answer.
  using RetryLater = std::function<void(std::function<void()>)>;
  SubscriptionFollower(Dependencies dependencies, RetryLater retry_later)
      : dependencies_(dependencies),
        retry_later_(retry_later),
        reader_(dependencies.bus, std::move(retry_later)) {}

  // As RegistryReader::Done: follow the journal from `position` or before.
  using Done = std::function<void(std::uint64_t position)>;
  // Reads the list of gateways. For a start with a stored position, which is not after the list's.
  void read_gateways(Done done);
  // Reads the lists of gateways and subscriptions; what is served here and not in the list ends.
  void read_all(Done done);
  // True when the event announces a change of a gateway.
  [[nodiscard]] bool on_gateway_event(const Event& event) {
    return dependencies_.directory.on_event(event);
  }
  // True when a subscription that is served here is new or has changed.
  [[nodiscard]] bool on_subscription_event(const Event& event);
  // From now on callbacks of pending subscriptions are verified: first those that are known.
  void verify_pending();
  // Ends a subscription in the registry, with a reason; tries until the broker has answered.
  void end_in_registry(const std::string& id, const std::string& reason);
  // Calls nothing any more, and tries nothing again.
  void stop();

 private:
  void read(std::vector<std::string> kinds, std::function<void(const RegistryEntry&)> subscription,
            Done done);
  bool apply(Subscription subscription, const std::string& reason);

  Dependencies dependencies_;
  RetryLater retry_later_;
  RegistryReader reader_;
  bool verifying_ = false;
  bool stopped_ = false;
};

}  // namespace sense
