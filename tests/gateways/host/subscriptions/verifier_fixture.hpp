// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/random.hpp"
#include "gateways/host/subscriptions/verifier.hpp"
#include "tests/core/bus/fake_bus.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/engine_fixture.hpp"

namespace sense::testing {

using namespace std::chrono_literals;

using Outcome = Verification::Outcome;

// A plugin that answers what it is told to, and counts.
struct Asked final : sense::Gateway {
  Verification answer{Outcome::verified, "yes"};
  std::vector<std::string> callbacks;
  std::vector<std::string> tokens;
  std::function<void(const std::string& token)> on_asked = [](const std::string&) {};
  std::vector<sense::VerificationDone> held;
  bool hold = false;

  sense::Status start() override { return {}; }
  void stop() override {}
  void deliver(std::shared_ptr<const sense::Delivery>, sense::AttemptDone) override {}
  std::vector<std::string> listening() const override { return {}; }
  void verify(sense::SubscriptionRef subscription, std::string token,
              sense::VerificationDone done) override {
    callbacks.push_back(subscription->callback);
    tokens.push_back(token);
    on_asked(token);
    if (hold)
      held.push_back(std::move(done));
    else
      done(answer);
  }
};

// A verifier in virtual time, with a registry in memory.
struct VerifierFixture {
  sense::TemporaryFolder folder;
  sense::VirtualClock clock;
  sense::Counters counters;
  sense::Engine engine{{{1s}, 2}, 1};
  sense::testing::FakeBus bus;
  sense::SubscriptionClient subscriptions{
      bus, clock, bus.executor(), {[](const std::string&) { return true; }, 1h}};
  sense::VerifiedCallbacks verified_callbacks{
      *sense::VerifiedCallbacks::open(folder.path(), 24h, clock.now().wall)};
  std::multimap<sense::MonoTime, std::function<void()>> timers;
  std::vector<std::string> refused;
  Asked gateway;
  sense::Verifier verifier{gateway,
                           subscriptions,
                           verified_callbacks,
                           {{3, 30}, {100, 1000}, {1000, 10000}},
                           clock,
                           counters,
                           24h,
                           {[this](const std::string& id, const std::string& reason) {
                              refused.push_back(reason);
                              bus.entries.erase({"subscription", id});
                            },
                            [this](Duration pause, std::function<void()> task) {
                              timers.emplace(clock.now().mono + pause, std::move(task));
                            }}};

  void keep(Subscription subscription) {
    bus.entries[{"subscription", subscription.id}] = {
        "subscription", subscription.id, ++bus.sequence, sense::to_json(subscription, true)};
  }
  Subscription pending(const char* id, const char* owner = "ada") {
    auto subscription = subscription_of(id, {"{urn:a}x"});
    subscription.owner = owner;
    subscription.state = SubscriptionState::pending;
    subscription.created = subscription.updated = clock.now().wall;
    keep(subscription);
    return subscription;
  }
  void ask(const Subscription& subscription) {
    verifier.on_change(nullptr, subscription);
    bus.run();
  }
  SubscriptionState state_of(const std::string& id) {
    const auto found = bus.entries.find({"subscription", id});
    return found == bus.entries.end() ? SubscriptionState::ended
                                      : sense::subscription_from_json(found->second.value)->state;
  }
  // Virtual time goes on; everything that is due meanwhile happens.
  void pass(Duration span) {
    const auto end = clock.now().mono + span;
    while (!timers.empty() && timers.begin()->first <= end) {
      const auto task = timers.begin()->second;
      clock.advance(std::max(timers.begin()->first - clock.now().mono, Duration{0}));
      timers.erase(timers.begin());
      task();
      bus.run();
    }
    clock.advance(end - clock.now().mono);
  }
};

}  // namespace sense::testing
