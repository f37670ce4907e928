// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/base/counters.hpp"
#include "core/registry/subscription_client.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/host/store/verified_callbacks.hpp"

namespace sense {

// Asks callbacks of pending subscriptions whether they want to be called, and keeps the answer in
// the registry. A callback that could not be asked is asked again at growing intervals, until
// `give_up_after` has passed since the subscription's last change; only then, or when it says no,
// the subscription ends. One that agreed before for the same owner is not asked. Reactor thread;
// all it is given must outlive it.
class Verifier {
 public:
  static constexpr Duration pause_first = std::chrono::seconds{10};  // doubling
  static constexpr Duration pause_max = std::chrono::hours{1};

  struct Ways {
    // Ends a subscription in the registry with a reason.
    std::function<void(const std::string& id, const std::string& reason)> refuse;
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
  };
  Verifier(RegistrySubscriptions& subscriptions, VerifiedCallbacks& verified_callbacks,
           const Clock& clock, Counters& counters, Duration give_up_after, Ways ways)
      : subscriptions_(subscriptions),
        verified_callbacks_(verified_callbacks),
        clock_(clock),
        counters_(counters),
        give_up_after_(give_up_after),
        ways_(std::move(ways)) {}

  // Nothing happens when it is not pending any more, or was asked already (before a restart, say).
  void verify(Gateway& gateway, const std::string& id);
  // A served subscription is new (`before` is null) or has changed: asks what has not been asked,
  // and remembers who has agreed.
  void on_change(Gateway& gateway, const SubscriptionRef& before, const Subscription& after);
  // The callback is no more.
  void on_gone(const std::string& callback) { verified_callbacks_.remove(callback); }
  // No question from here on, and no answer is taken.
  void stop() { stopped_ = true; }

 private:
  // A question that has no answer yet. A later one about the same subscription replaces it.
  struct Open {
    std::uint64_t number = 0;
    unsigned failures = 0;
  };
  void look(Gateway& gateway, const std::string& id, std::uint64_t number);
  void ask(Gateway& gateway, const SubscriptionRef& subscription, std::uint64_t number);
  void take(Gateway& gateway, const Subscription& subscription, std::uint64_t number,
            const std::string& token, const Verification& verification);
  void ask_again(Gateway& gateway, const Subscription& subscription, std::uint64_t number,
                 const std::string& answer);
  void look_later(Gateway& gateway, const std::string& id, Open& open, Duration pause_limit);
  [[nodiscard]] Open* find(const std::string& id, std::uint64_t number);
  // What becomes of the outcome that was written down.
  [[nodiscard]] Subscriptions::Answer<SubscriptionRef> kept(Gateway& gateway, const std::string& id,
                                                            std::uint64_t number);

  RegistrySubscriptions& subscriptions_;
  VerifiedCallbacks& verified_callbacks_;
  const Clock& clock_;
  Counters& counters_;
  Duration give_up_after_;
  Ways ways_;
  std::map<std::string, Open> open_;
  std::uint64_t last_ = 0;
  bool stopped_ = false;
};

}  // namespace sense
