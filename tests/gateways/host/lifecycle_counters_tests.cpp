// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/gateways/host/lifecycle_fixture.hpp"

// What an operator reads of the budgets of owners: the counters of a gateway process.
using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;

namespace {

struct CountersFixture : LifecycleFixture {
  CountersFixture() {
    BOOST_REQUIRE(settings.set("waiting-per-owner-max", "2"));
    BOOST_REQUIRE(settings.set("filter-steps-per-owner", "1000"));
    start();
  }
  void put_of(const std::string& owner, const std::function<void(Subscription&)>& change) {
    auto subscription = subscription_of("s-" + owner, {"{urn:a}x"});
    subscription.owner = owner;
    change(subscription);
    put({"subscription", subscription.id, 0, to_json(subscription, true)});
    hub.advance(100ms);
  }
  void publish_dated(const std::string& id, Duration age, const std::string& subject = "") {
    auto event = event_of("{urn:a}x");
    event.id = id;
    event.subject = subject;
    event.time = hub.clock.now().wall - age;
    hub.append(std::move(event));
  }
  // At the next checkpoint.
  std::uint64_t counted(const std::string& name) {
    hub.advance(10s);
    return plugin.context->counters["gateway." + name];
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lifecycle_counters_tests, CountersFixture)

BOOST_AUTO_TEST_CASE(deliveries_without_room_are_counted) {
  put_of("ada", [](Subscription& of) { of.state = SubscriptionState::paused; });
  for (int i = 0; i < 5; ++i) publish_dated("e-" + std::to_string(i), 0s);
  BOOST_CHECK_EQUAL(counted("deliveries.no-room"), 3U);
}

BOOST_AUTO_TEST_CASE(octets_without_room_are_counted) {
  BOOST_REQUIRE(settings.set("waiting-per-owner-max", "1000"));
  BOOST_REQUIRE(settings.set("waiting-size-per-owner", "1MiB"));
  start();
  put_of("ada", [](Subscription& of) { of.state = SubscriptionState::paused; });
  for (int i = 0; i < 5; ++i) {
    auto event = event_of("{urn:a}x");
    event.id = "e-" + std::to_string(i);
    event.data = std::string(400'000, 'x');
    hub.append(std::move(event));
  }
  BOOST_CHECK_EQUAL(counted("deliveries.no-room"), 3U);
}

BOOST_AUTO_TEST_CASE(events_that_left_the_journal_are_counted) {
  auto& process = *processes.at("one");
  process.bus.away = true;
  for (int i = 0; i < 5; ++i) publish("e-" + std::to_string(i));
  process.bus.trimmed = hub.sequence;
  process.bus.away = false;
  BOOST_CHECK_EQUAL(counted("events.lost"), 5U);
}

BOOST_AUTO_TEST_CASE(expired_events_are_counted) {
  put_of("ada", [](Subscription& of) { of.delivery.expiry = 1s; });
  for (int i = 0; i < 5; ++i) publish_dated("e-" + std::to_string(i), 1h);
  BOOST_CHECK_EQUAL(counted("expired"), 5U);
}

BOOST_AUTO_TEST_CASE(suspensions_for_filters_are_counted) {
  put_of("ada", [](Subscription& of) {
    of.filter = "NOT (subject LIKE '%" + std::string(1000, 'a') + "_b%')";
  });
  for (int i = 0; i < 20; ++i) publish_dated("e-" + std::to_string(i), 0s, std::string(2048, 'a'));
  BOOST_CHECK_EQUAL(counted("filters.too-dear"), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
