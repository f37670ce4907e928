// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/random.hpp"
#include "core/registry/subscription_client.hpp"
#include "tests/core/bus/fake_bus.hpp"
#include "tests/gateways/make.hpp"

namespace sense::testing {

using namespace std::chrono_literals;

// The subscription list over a registry in memory.
struct SubscriptionsFixture {
  sense::VirtualClock clock;
  FakeBus bus;
  sense::SubscriptionClient subscriptions{
      bus, clock, bus.executor(), {[](const std::string& scheme) { return scheme == "test"; }, 1h}};

  std::optional<Result<SubscriptionRef>> answer;
  std::optional<Result<Subscriptions::Page>> page;
  int answers = 0;

  Subscriptions::Answer<SubscriptionRef> done() {
    answer.reset();
    answers = 0;
    return [this](Result<SubscriptionRef> result) {
      answer = std::move(result);
      ++answers;
    };
  }
  // Exactly one answer, and not inside the call.
  const Result<SubscriptionRef>& result() {
    BOOST_CHECK_EQUAL(answers, 0);
    bus.run();
    BOOST_REQUIRE_EQUAL(answers, 1);
    return *answer;
  }
  const SubscriptionRef& success() {
    const auto& got = result();
    BOOST_REQUIRE_MESSAGE(got.has_value(), got.error().message);
    return *got;
  }
  void refused(Code code, std::string_view part = {}) {
    const auto& got = result();
    BOOST_REQUIRE(!got.has_value());
    BOOST_CHECK_MESSAGE(got.error().code == code, sense::to_string(got.error()));
    BOOST_CHECK_MESSAGE(got.error().message.find(part) != std::string::npos, got.error().message);
  }
  static Subscriptions::Request request() {
    Subscriptions::Request wanted;
    wanted.owner = "tester";
    wanted.via = "http";
    wanted.callback = "test://one/";
    wanted.types = {*sense::TypePattern::parse("{urn:a}x")};
    wanted.period = 10min;
    return wanted;
  }
  void keep(const Subscription& subscription) {
    bus.entries[{"subscription", subscription.id}] = {
        "subscription", subscription.id, ++bus.sequence, sense::to_json(subscription, true)};
  }
  Subscription kept(const std::string& id) {
    return *sense::subscription_from_json(bus.entries.at({"subscription", id}).value);
  }
  Subscription leased(const char* id, const char* owner = "tester") {
    auto subscription = subscription_of(id, {"{urn:a}x"});
    subscription.owner = owner;
    subscription.expires = clock.now().wall + 5min;
    subscription.period = 5min;
    return subscription;
  }
  std::vector<std::string> list(const char* owner, const char* after, std::uint32_t limit) {
    page.reset();
    subscriptions.list(owner, after, limit, [this](auto got) { page = std::move(got); });
    BOOST_CHECK(!page);
    bus.run();
    BOOST_REQUIRE(page && page->has_value());
    std::vector<std::string> ids;
    for (const auto& subscription : (*page)->subscriptions) ids.push_back(subscription->id);
    return ids;
  }
};

}  // namespace sense::testing
