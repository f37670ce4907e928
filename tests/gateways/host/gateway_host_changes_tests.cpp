// SPDX-License-Identifier: Apache-2.0
// Edits, test events, verified callbacks and notices through the whole host.
#include "core/subscription/test_event.hpp"
#include "gateways/host/store/dead_letter_view.hpp"
#include "tests/gateways/host/host_fixture.hpp"

using namespace sense::testing;
using sense::SubscriptionState;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(gateway_host_changes_tests, HostFixture)

BOOST_AUTO_TEST_CASE(a_test_reaches_the_one_subscription_that_it_is_for) {
  start_host();
  const auto tried = wanted("s-1", "yes");
  put(tried);
  put(wanted("s-2", "yes"));
  put(wanted("s-3", "yes", "{urn:sense:management}subscription-test"));
  const auto test = sense::test_event(tried, "tester", sense::system_clock().now().wall);
  BOOST_REQUIRE(
      await<sense::Receipt>([&](auto done) { bus->publish(test, std::move(done)); }).has_value());
  publish("one");
  wait_line("event s-1 2 1 one");
  wait_line("event s-2 1 1 one");
  BOOST_CHECK_EQUAL(lines("event s-1 1 1 " + test.id).size(), 1U);
  BOOST_CHECK_EQUAL(lines("event").size(), 3U);
  // What it asks for is as it was.
  publish("two", "{urn:sense:management}two");
  publish("three");
  wait_line("event s-1 3 1 three");
}

BOOST_AUTO_TEST_CASE(another_callback_is_asked_before_anything_is_delivered) {
  start_host();
  auto subscription = wanted("s-1", "yes");
  const auto revision = put(subscription);
  subscription.callback = "recorder://no/";
  subscription.state = SubscriptionState::pending;
  put(subscription, revision);
  wait([&] { return state_of("s-1") == SubscriptionState::ended; }, "the refusal");
  BOOST_CHECK_EQUAL(lines("verify s-1").size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_callback_that_agreed_is_not_asked_again_by_its_owner) {
  start_host();
  auto subscription = wanted("s-1", "yes");
  subscription.state = SubscriptionState::pending;
  put(subscription);
  wait([&] { return state_of("s-1") == SubscriptionState::active; }, "the verification");
  publish("one");
  wait_line("event s-1 1 1 one");  // by now it has heard of it
  stop_host();
  start_host();
  subscription.id = "s-2";
  put(subscription);
  wait([&] { return state_of("s-2") == SubscriptionState::active; }, "the memory");
  subscription.id = "s-3";
  subscription.owner = "eve";
  put(subscription);
  wait([&] { return state_of("s-3") == SubscriptionState::active; }, "the other verification");
  BOOST_CHECK((lines("verify") == std::vector<std::string>{"verify s-1", "verify s-3"}));
}

BOOST_AUTO_TEST_CASE(a_gateway_publishes_notices_of_its_start_and_of_dead_letters) {
  interval = "10ms";
  start_host();
  auto subscription = wanted("s-1", "retry");
  subscription.delivery.retry_count = 1;
  put(subscription);
  publish("one");
  std::set<std::string> seen;
  const std::string news = "{urn:sense:management}";
  wait(
      [&] {
        const auto reply = await<sense::Bus::FetchReply>(
            [&](auto done) { bus->fetch(1, {news}, 1'000'000, std::move(done)); });
        if (reply)
          for (const auto& event : reply->events)
            seen.insert(event->type.clark() + " " + event->source);
        return seen.contains(news + "gateway-started /sense/gateway/recorder") &&
               seen.contains(news + "dead-letter /sense/gateway/recorder");
      },
      "both events");
}

BOOST_AUTO_TEST_CASE(what_expired_is_counted_listed_and_told) {
  interval = "10ms";
  start_host();
  auto subscription = wanted("s-1", "yes");
  subscription.delivery.expiry = 1s;
  put(subscription);
  auto late = sense::testing::event_of("{urn:a}x");
  late.id = "late";
  late.time = sense::system_clock().now().wall - 1h;
  BOOST_REQUIRE(
      await<sense::Receipt>([&](auto done) { bus->publish(late, std::move(done)); }).has_value());
  wait(
      [&] {
        const auto reply = await<sense::Bus::FetchReply>([&](auto done) {
          bus->fetch(1, {"{urn:sense:management}expired "}, 1'000'000, std::move(done));
        });
        return reply && reply->events.size() == 1 && reply->events[0]->subject == "s-1";
      },
      "the notice");
  stop_host();
  auto view = sense::DeadLetterView::open((place / "gateway").string()).value();
  const auto listed = view.dead_letters({.expired = true}).value().dead_letters;
  BOOST_REQUIRE_EQUAL(listed.size(), 1U);
  BOOST_CHECK_EQUAL(listed[0].dead_letter.number, 1U);
  BOOST_CHECK(view.dead_letters({}).value().dead_letters.empty());
}

// It would be shown its own alone, and take them for all that there are.
BOOST_AUTO_TEST_CASE(a_gateway_serves_nothing_until_it_may_see_everything) {
  const std::string may_speak = R"(publish: ["*"], subscribe: ["*"], route: ["*"])";
  HostFixture bench((may_speak + ", manage: true").c_str(), "rights");
  auto own = wanted("s-1", "yes");
  own.owner = "local";
  bench.put(own);
  bench.put(wanted("s-2", "yes"));
  bench.allow(may_speak);
  const auto may = [&] {
    return bench
        .await<sense::Bus::RegistryPage>(
            [&](auto done) { bench.bus->registry_list("gateway", "", 1, std::move(done)); })
        .has_value();
  };
  bench.wait([&] { return !may(); }, "the change of rights");
  auto made = bench.make_host();
  BOOST_REQUIRE_MESSAGE(made.has_value(), made.error().message);
  bench.host.emplace(std::move(*made));
  for (int i = 0; i < 50; ++i) bench.publish("early " + std::to_string(i));
  bench.allow(may_speak + ", manage: true");
  bench.wait([&] { return bench.ask_entry("gateway", "recorder").has_value(); }, "its entry");
  bench.publish("late");
  bench.wait_line("event s-1 1 1 late");
  bench.wait_line("event s-2 1 1 late");
  bench.stop_host();
}

BOOST_AUTO_TEST_SUITE_END()
