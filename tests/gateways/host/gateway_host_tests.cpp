// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/host/host_fixture.hpp"

using sense::GatewayHost;
using sense::testing::Running;
using namespace sense::testing;
using sense::SubscriptionState;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(gateway_host_tests, HostFixture)

BOOST_AUTO_TEST_CASE(what_is_published_is_delivered_to_its_subscribers) {
  start_host();
  auto subscription = wanted("s-1", "yes");
  subscription.state = SubscriptionState::pending;
  put(subscription);
  wait([&] { return state_of("s-1") == SubscriptionState::active; }, "the verification");
  publish("one");
  publish("other", "{urn:a}y");
  publish("two");
  wait_line("event s-1 2 1 two");
  BOOST_CHECK((lines() ==
               std::vector<std::string>{"verify s-1", "event s-1 1 1 one", "event s-1 2 1 two"}));
}

BOOST_AUTO_TEST_CASE(what_is_subscribed_before_the_first_start_is_served_from_it_on) {
  put(wanted("s-1", "yes"));
  publish("before");
  start_host();
  publish("after");
  wait_line("event s-1 1 1 after");
  BOOST_CHECK(lines("event s-1").size() == 1);
}

BOOST_AUTO_TEST_CASE(a_host_that_comes_back_goes_on_where_it_was) {
  start_host();
  put(wanted("s-1", "silent"));
  put(wanted("s-2", "yes"));
  publish("one");
  wait_line("event s-1 1 1 one");
  wait_line("event s-2 1 1 one");
  stop_host();
  publish("two");
  put(wanted("s-3", "yes"));
  publish("three");
  start_host();
  // The silent one has the same number and id; that the host stopped was no failure of its own.
  wait_line("event s-1 1 2 one");
  wait_line("event s-1 3 1 three");
  wait_line("event s-2 3 1 three");
  wait_line("event s-3 1 1 three");
  BOOST_CHECK_EQUAL(lines("event s-2 1 ").size(), 1U);
  BOOST_CHECK_EQUAL(lines("event s-2 2 1 two").size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_stop_uses_up_no_attempt) {
  start_host();
  auto subscription = wanted("s-1", "silent");
  subscription.delivery.retry_count = 1;
  subscription.delivery.window = 1;
  put(subscription);
  publish("one");
  publish("two");
  wait_line("event s-1 1 1 one");
  stop_host();
  BOOST_CHECK_EQUAL(lines("stop").size(), 1U);
  BOOST_CHECK_EQUAL(lines().back(), "stop");  // nothing is attempted behind it
  start_host();
  wait_line("event s-1 1 2 one");
  BOOST_CHECK(lines("gap").empty());
}

BOOST_AUTO_TEST_CASE(a_host_that_was_killed_repeats_with_the_same_number_and_id) {
  interval = "10s";
  put(wanted("s-1", "yes"));
  start_host();
  // The last checkpoint is from before the first event; later progress is lost with the process.
  publish("one");
  wait_line("event s-1 1 1 one");
  std::filesystem::copy(place / "gateway", place / "killed");
  put(wanted("s-2", "yes"));
  publish("two");
  wait_line("event s-2 1 1 two");
  stop_host();
  std::filesystem::remove_all(place / "gateway");
  std::filesystem::rename(place / "killed", place / "gateway");
  start_host();
  wait([&] { return lines("event s-2 1 1 two").size() == 2; }, "the repeats");
  BOOST_CHECK(
      (lines("event s-1") == std::vector<std::string>{"event s-1 1 1 one", "event s-1 2 1 two",
                                                      "event s-1 1 1 one", "event s-1 2 1 two"}));
}

BOOST_AUTO_TEST_CASE(a_host_that_was_away_too_long_looks_at_the_whole_list) {
  start_host();
  put(wanted("s-ended", "yes"));
  put(wanted("s-kept", "yes"));
  publish("one");
  wait_line("event s-kept 1 1 one");
  wait_line("event s-ended 1 1 one");
  stop_host();
  remove("s-ended", "revoked");
  put(wanted("s-new", "yes"));
  const auto lost = publish("lost");
  // More than the journal keeps, so that it is told of none of this.
  wait(
      [&] {
        auto big = event_of("{urn:big}b");
        big.id = "big" + std::to_string(bigs++);
        big.data = std::string(400'000, 'x');
        (void)await<sense::Receipt>([&](auto done) { bus->publish(big, std::move(done)); });
        const auto reply = await<sense::Bus::FetchReply>(
            [&](auto done) { bus->fetch(1, {"{urn:none}"}, 1'000, std::move(done)); });
        return reply && reply->first > lost;
      },
      "the journal to be trimmed");
  start_host();
  wait_line("forget s-ended");
  publish("two");
  wait_line("event s-kept 2 1 two");
  wait_line("event s-new 1 1 two");
  BOOST_CHECK_EQUAL(lines("ended s-ended").size(), 1U);
  BOOST_CHECK_EQUAL(lines("event s-ended").size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_new_type_while_events_flow_misses_nothing) {
  start_host();
  put(wanted("s-busy", "yes", "{urn:a}y"));
  constexpr int count = 600;
  std::map<std::string, std::uint64_t> sequences;
  std::uint64_t revision = 0;
  for (int i = 0; i < count; ++i) {
    // A third before, a third while it is made, a third behind.
    if (i == count / 3) {
      wait([&] { return !sequences.empty(); }, "the first receipts");
      const auto subscription = wanted("s-new", "yes", "{urn:new}z");
      bus->registry_put({"subscription", "s-new", 0, sense::to_json(subscription, true)}, "made",
                        [&](auto answer) { revision = answer ? *answer : 0; });
    }
    if (i == 2 * count / 3) wait([&] { return revision != 0; }, "the subscription");
    auto event = event_of(i % 2 == 0 ? "{urn:new}z" : "{urn:a}y");
    event.id = "e" + std::to_string(i);
    bus->publish(event, [&, id = event.id, is_new = i % 2 == 0](auto receipt) {
      if (receipt && is_new) sequences[id] = receipt->sequence;
    });
  }
  wait([&] { return sequences.size() == count / 2 && revision != 0; }, "all receipts");
  std::set<std::string> owed;
  for (const auto& [id, sequence] : sequences)
    if (sequence > revision) owed.insert(id);
  BOOST_TEST_MESSAGE(owed.size() << " events after the subscription");
  BOOST_REQUIRE(!owed.empty() && owed.size() < sequences.size());
  wait([&] { return lines("event s-new").size() >= owed.size(); }, "the deliveries");
  std::set<std::string> got;
  for (const auto& line : lines("event s-new")) got.insert(line.substr(line.rfind(' ') + 1));
  BOOST_CHECK(got == owed);
  wait([&] { return lines("event s-busy").size() >= count / 2; }, "the other deliveries");
  BOOST_CHECK_EQUAL(lines("event s-busy").size(), static_cast<std::size_t>(count / 2));
}

BOOST_AUTO_TEST_CASE(an_end_is_told_unless_it_was_wanted) {
  start_host();
  put(wanted("s-1", "yes"));
  put(wanted("s-2", "yes"));
  remove("s-1", "revoked");
  remove("s-2", "cancelled");
  publish("late");
  wait_line("forget s-1");
  wait_line("forget s-2");
  BOOST_CHECK_EQUAL(lines("ended s-1 0 1 s-1-ended").size(), 1U);
  BOOST_CHECK(lines("ended s-2").empty());
  BOOST_CHECK(lines("event").empty());
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_gone_ends_its_subscription) {
  start_host();
  put(wanted("s-1", "gone"));
  publish("one");
  wait([&] { return state_of("s-1") == SubscriptionState::ended; }, "the end");
  wait_line("forget s-1");
  publish("two");
  BOOST_CHECK_EQUAL(lines("event").size(), 1U);
  BOOST_CHECK(lines("ended").empty());
}

BOOST_AUTO_TEST_CASE(a_callback_that_says_no_is_not_called) {
  start_host();
  auto subscription = wanted("s-1", "no");
  subscription.state = SubscriptionState::pending;
  put(subscription);
  wait([&] { return state_of("s-1") == SubscriptionState::ended; }, "the end");
  wait_line("forget s-1");
  BOOST_CHECK((lines() == std::vector<std::string>{"verify s-1", "forget s-1"}));
}

BOOST_AUTO_TEST_CASE(a_callback_that_confirms_at_once_is_heard) {
  start_host();
  auto subscription = wanted("s-1", "asked");
  subscription.state = SubscriptionState::pending;
  put(subscription);
  wait([&] { return state_of("s-1") == SubscriptionState::active; }, "the confirmation");
}

BOOST_AUTO_TEST_CASE(a_stop_is_no_refusal_of_a_callback) {
  start_host();
  auto subscription = wanted("s-1", "silent");
  subscription.state = SubscriptionState::pending;
  put(subscription);
  wait_line("verify s-1");
  stop_host();
  start_host();
  wait([&] { return lines("verify s-1").size() == 2; }, "the second question");
  BOOST_CHECK(state_of("s-1") == SubscriptionState::pending);
}

BOOST_AUTO_TEST_CASE(a_forged_change_is_ignored) {
  start_host();
  const auto subscription = wanted("s-1", "yes");
  put(subscription);
  auto forged = event_of("{urn:sense:management}subscription-ended");
  auto ended = subscription;
  ended.state = SubscriptionState::ended;
  ended.revision = 1'000'000;
  forged.data = R"({"subscription":)" + sense::to_json(ended, false) + R"(,"reason":"forged"})";
  (void)await<sense::Receipt>([&](auto done) { bus->publish(forged, std::move(done)); });
  publish("one");
  wait_line("event s-1 1 1 one");
  BOOST_CHECK(lines("ended").empty());
}

BOOST_AUTO_TEST_CASE(another_gateways_subscriptions_are_left_alone) {
  start_host();
  auto other = wanted("s-1", "yes");
  other.callback = "elsewhere://one/";
  put(other);
  put(wanted("s-2", "yes"));
  publish("one");
  wait_line("event s-2 1 1 one");
  BOOST_CHECK(lines("event s-1").empty());
}

BOOST_AUTO_TEST_CASE(a_subscription_that_moves_to_another_gateway_is_released) {
  start_host();
  auto subscription = wanted("s-1", "yes");
  const auto revision = put(subscription);
  subscription.callback = "elsewhere://one/";
  put(subscription, revision);
  wait_line("forget s-1");
  publish("one");
  put(wanted("s-2", "yes"));
  publish("two");
  wait_line("event s-2 1 1 two");
  BOOST_CHECK(lines("event s-1").empty());
  BOOST_CHECK(lines("ended").empty());
}

BOOST_AUTO_TEST_CASE(what_the_plugin_throws_is_a_failed_attempt) {
  start_host("deliver-throws");
  put(wanted("s-1", "yes"));
  publish("one");
  stop_host();
  start_host();
  wait([&] { return !lines("event s-1 1 ").empty(); }, "the delivery");
}

BOOST_AUTO_TEST_CASE(a_plugin_that_cannot_begin_says_why) {
  const auto refusal = [this](const char* fail) {
    auto made = make_host(fail);
    if (!made) return made.error().message;
    const auto status = (*made)->run();
    return status ? std::string("ran") : status.error().message;
  };
  BOOST_CHECK_EQUAL(refusal("create"), "the option is wrong");
  BOOST_CHECK(refusal("create-throws").find("unknown exception") != std::string::npos);
  BOOST_CHECK(refusal("create-null").find("returned null") != std::string::npos);
  BOOST_CHECK_EQUAL(refusal("start"), "the port is taken");
  BOOST_CHECK(refusal("start-throws").find("start went wrong") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(two_hosts_on_one_store_are_refused) {
  start_host();
  const auto second = make_host();
  BOOST_REQUIRE(!second.has_value());
  BOOST_CHECK(second.error().message.find((place / "gateway").string()) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stop_at_any_time_ends_the_run) {
  for (int i = 0; i < 5; ++i) {
    auto made = make_host();
    BOOST_REQUIRE(made.has_value());
    Running<GatewayHost> running(std::move(*made));
    running.daemon->stop();
    const auto status = running.stop();
    BOOST_CHECK(status.has_value());
  }
  BOOST_CHECK(make_host().has_value());  // one that never ran can be destroyed
}

BOOST_AUTO_TEST_CASE(a_failing_callback_is_suspended_in_the_registry_and_a_digest_is_one_delivery) {
  start_host();
  auto failing = wanted("s-1", "retry");
  failing.delivery.retry_initial = 1ms;
  failing.delivery.sparse.edit().suspend_after = 2;
  failing.delivery.sparse.edit().suspend_over = 0s;
  put(failing);
  auto digest = wanted("s-2", "yes");
  digest.delivery.sparse.edit().digest.emplace().count = 2;
  put(digest);
  publish("one");
  publish("two");
  wait([&] { return state_of("s-1") == SubscriptionState::suspended; }, "the suspension");
  wait_line("digest s-2 1 1 s-2-digest-1");
  BOOST_CHECK(lines("event s-2").empty());
}

BOOST_AUTO_TEST_CASE(a_dear_filter_is_suspended_in_the_registry_and_others_are_served) {
  start_host();
  auto dear = wanted("s-dear", "yes");
  dear.owner = "another";
  dear.filter = "NOT (subject LIKE '%" + std::string(1000, 'a') + "_b%')";
  put(dear);
  put(wanted("s-1", "yes"));
  for (int i = 0; i < 20; ++i) {
    auto event = event_of("{urn:a}x");
    event.id = "e-" + std::to_string(i);
    event.subject = std::string(2048, 'a');
    publish(event);
  }
  wait([&] { return state_of("s-dear") == SubscriptionState::suspended; }, "the suspension");
  wait([&] { return lines("event s-1").size() == 20; }, "the deliveries");
}

BOOST_AUTO_TEST_SUITE_END()
