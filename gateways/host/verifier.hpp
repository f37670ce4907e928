#pragma once

#include <functional>
#include <string>

#include "core/base/counters.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/host/registry_subscriptions.hpp"

namespace sense {

// Asks callbacks of pending subscriptions whether they want to be called, and keeps the answer in
// the registry. Reactor thread; all it is given must outlive it.
class Verifier {
 public:
  // `refuse` ends a subscription in the registry with a reason.
  using Refuse = std::function<void(const std::string& id, const std::string& reason)>;
  Verifier(RegistrySubscriptions& subscriptions, Counters& counters, Refuse refuse)
      : subscriptions_(subscriptions), counters_(counters), refuse_(std::move(refuse)) {}

  // Nothing happens when it is not pending any more, or was asked already (before a restart, say).
  void verify(Gateway& gateway, const std::string& id);
  // No question from here on, and no answer is taken.
  void stop() { stopped_ = true; }

 private:
  void ask(Gateway& gateway, const SubscriptionRef& subscription);
  void take(const std::string& id, const std::string& token, const Verification& verification);

  RegistrySubscriptions& subscriptions_;
  Counters& counters_;
  Refuse refuse_;
  bool stopped_ = false;
};

}  // namespace sense
