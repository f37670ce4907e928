// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/base/counters.hpp"
#include "core/registry/subscription_client.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/host/store/verified_callbacks.hpp"
#include "gateways/host/subscriptions/verification_budget.hpp"

namespace sense {

// Verifies the callbacks of pending subscriptions and stores the outcome in the registry. The token
// is stored before the callback is asked, since the answer may come to another process at once. A
// callback that cannot be reached is asked four times in all, the last time `give_up_after` behind
// the subscription's change (and once more after a restart); only then, or when it refuses, the
// subscription ends. The reason of the end may be read by others than the operator, so it says
// nothing of what the callback answered: that is logged. A callback already verified for the same
// owner is not asked, unless that owner has proved nothing, or has cancelled since. A question that
// the budget has no room for waits: until one of its address is agreed to, or until the next
// question would be due. A subscription by WebSub is asked each time, also when it exists and its
// subscriber asks for a change; without consent it then stays as it was. Reactor thread; all
// arguments must outlive it, and none may call back after its end.
class Verifier {
 public:
  // Between attempts to reach the broker.
  static constexpr Duration pause_first = std::chrono::seconds{10};  // doubling
  static constexpr Duration pause_max = std::chrono::hours{1};

  struct Callbacks {
    // Ends a subscription in the registry with a reason.
    std::function<void(const std::string& id, const std::string& reason)> end;
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
  };
  // `gateway` asks the callback; it throws nothing (GuardedGateway).
  Verifier(Gateway& gateway, SubscriptionClient& subscriptions,
           VerifiedCallbacks& verified_callbacks, VerificationBudget::Limits limits,
           const Clock& clock, Counters& counters, Duration give_up_after, Callbacks callbacks)
      : gateway_(gateway),
        subscriptions_(subscriptions),
        verified_callbacks_(verified_callbacks),
        budget_(limits),
        clock_(clock),
        counters_(counters),
        give_up_after_(give_up_after),
        callbacks_(std::move(callbacks)) {}

  // Does nothing when it is not pending or its verification has begun (before a restart, for
  // example).
  void verify(const std::string& id);
  // Whether there is room for a question to that callback: before a subscription is created.
  // nomoreroom, counted.
  [[nodiscard]] Status check_room(const std::string& owner, const std::string& callback);
  // A served subscription is new (`before` is null) or has changed: verifies its callback when
  // needed, and records a verification.
  void on_change(const SubscriptionRef& before, const Subscription& after);
  // The owner has cancelled a subscription.
  void on_cancelled(const std::string& owner, const std::string& callback) {
    verified_callbacks_.remove(owner, callback);
  }
  // The callback is gone.
  void on_gone(const std::string& callback) { verified_callbacks_.remove(callback); }
  // No verification begins after this, and no outcome is processed.
  void stop() { stopped_ = true; }

 private:
  // A verification under way. A later one of the same subscription replaces it.
  struct UnderWay {
    std::uint64_t number = 0;
    // The same in every try, so that one that arrived although the try failed is good.
    std::string token;
    std::optional<WallTime> since = {};  // the change that it is about
    unsigned questions = 0;              // to the callback
    unsigned failures = 0;               // of the broker
    bool asked = false;
    SubscriptionRef intends = {};  // an agreed one of WebSub that is to change; null: none is
    std::string waits_at = {};     // the address, while the budget has no room
  };
  void finish(const std::string& id);
  void on_no_room(const std::string& id, const std::string& address);
  void wait_at(const std::string& id, UnderWay& under_way, const std::string& address);
  void stop_waiting(const std::string& id, UnderWay& under_way);
  void on_room(const std::string& address);
  void load_record(const std::string& id, std::uint64_t number);
  void store_challenge(const SubscriptionRef& subscription, UnderWay& under_way);
  void ask(const SubscriptionRef& subscription, std::uint64_t number);
  void on_verification(const Subscription& subscription, std::uint64_t number,
                       const Verification& verification);
  // It is not agreed to: the subscription ends; one that only was to change stays as it was.
  void give_up(std::string id, const char* reason);
  void on_failure(const std::string& id, UnderWay& under_way, const std::string& answer);
  // How long to wait before the next question; nothing: it is not asked again.
  [[nodiscard]] std::optional<Duration> pause_before_next(const UnderWay& under_way) const;
  void load_later(const std::string& id, const UnderWay& under_way, Duration pause);
  void retry_broker(const std::string& id, UnderWay& under_way);
  [[nodiscard]] UnderWay* find(const std::string& id, std::uint64_t number);
  // Handles the answer of the registry.
  [[nodiscard]] Subscriptions::Answer<SubscriptionRef> on_outcome_stored(const std::string& id,
                                                                         std::uint64_t number);

  Gateway& gateway_;
  SubscriptionClient& subscriptions_;
  VerifiedCallbacks& verified_callbacks_;
  VerificationBudget budget_;
  const Clock& clock_;
  Counters& counters_;
  Duration give_up_after_;
  Callbacks callbacks_;
  std::map<std::string, UnderWay> verifications_;
  std::map<std::string, std::set<std::string>> waiting_;  // ids, by address
  std::uint64_t last_number_ = 0;
  bool stopped_ = false;
};

}  // namespace sense
