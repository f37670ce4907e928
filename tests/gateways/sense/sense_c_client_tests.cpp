// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/c_client_pair.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;
using namespace std::chrono_literals;

// The library in C for small machines, against the real server core, datagram by datagram.

BOOST_AUTO_TEST_SUITE(sense_c_client_tests)

BOOST_AUTO_TEST_CASE(state_takes_a_few_hundred_octets) {
  BOOST_TEST_MESSAGE("sizeof(sense_client) " << sizeof(sense_client));
  BOOST_CHECK_LE(sizeof(sense_client), 400U);
}

BOOST_AUTO_TEST_CASE(registers_with_the_server_and_renews_at_half_of_the_period) {
  Pair pair;
  const auto subscription = pair.registered();
  BOOST_CHECK_EQUAL(subscription->types.at(0).text(), "{urn:example:printer}*");
  BOOST_CHECK_EQUAL(subscription->callback, "sense://192.0.2.7:9000");
  const auto told = pair.device.all(sense_registered);
  BOOST_REQUIRE_EQUAL(told.size(), 1U);
  BOOST_CHECK_EQUAL(told[0].text("period"), "600");  // names compare in any case
  BOOST_CHECK_EQUAL(told[0].text("Retries"), "14");
  pair.pass(period / 2 - 1s);
  BOOST_CHECK(pair.device.sent.empty());
  pair.pass(2s);
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.fixture.subscriptions.renewals, 1U);
  BOOST_CHECK_EQUAL(pair.device.id(), subscription->id);
  BOOST_CHECK_EQUAL(pair.device.all(sense_registered).size(), 2U);
  BOOST_CHECK_EQUAL(pair.fixture.subscriptions.served.size(), 1U);
}

BOOST_AUTO_TEST_CASE(event_is_handed_over_before_it_is_acknowledged) {
  Pair pair;
  pair.registered();
  pair.device.log.clear();
  const auto attempt_id = pair.event(1, std::string("a\0b\n\n\xff", 6));
  BOOST_TEST(pair.device.log == (std::vector<std::string>{"told 1", "sent ACK"}),
             boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(pair.device.told.back().data, std::string("a\0b\n\n\xff", 6));
  BOOST_CHECK_EQUAL(pair.device.told.back().text("Source"), "//hq.example/printer/floor2/hp4");
  BOOST_CHECK(pair.delivered(attempt_id));
}

BOOST_AUTO_TEST_CASE(event_that_was_not_dealt_with_is_not_acknowledged_and_comes_again) {
  Pair pair;
  pair.registered();
  pair.device.accepts = false;
  const auto first = pair.event(1);
  BOOST_CHECK(!pair.delivered(first));
  BOOST_CHECK_EQUAL(sense_client_has(&pair.device.client(), 1), 0);
  const auto later = pair.event(2);
  pair.device.accepts = true;
  const auto second = pair.event(1);
  BOOST_CHECK(pair.delivered(second));
  BOOST_CHECK(!pair.delivered(later));
  BOOST_CHECK_EQUAL(pair.device.all(sense_arrived).size(), 3U);
  BOOST_CHECK_EQUAL(pair.device.client().repeats, 0U);
}

BOOST_AUTO_TEST_CASE(one_acknowledgement_answers_many_events) {
  DeviceOptions options;
  options.ack_delay = 50;
  Pair pair(options);
  pair.registered();
  std::vector<AttemptId> attempt_ids;
  for (std::uint64_t n = 1; n <= 20; ++n)
    if (n != 7 && n != 12) attempt_ids.push_back(pair.event(n));
  BOOST_CHECK(pair.device.sent.empty());
  BOOST_REQUIRE(pair.device.due.has_value());
  BOOST_CHECK(*pair.device.due - pair.now() <= 51ms);
  BOOST_TEST(pair.device.missing() == (std::vector<std::uint64_t>{7, 12}),
             boost::test_tools::per_element());
  pair.pass(51ms);
  BOOST_REQUIRE_EQUAL(pair.device.sent.size(), 1U);
  const auto ack = message_of(pair.device.sent[0]);
  const auto ranges = parse_ranges(ack.text("Number"));
  BOOST_REQUIRE(ranges.has_value());
  for (std::uint64_t n = 1; n <= 21; ++n)
    BOOST_CHECK_EQUAL(contains(*ranges, n), (n != 7 && n != 12 && n != 21));
  for (const auto attempt_id : attempt_ids) BOOST_CHECK(pair.delivered(attempt_id));
}

BOOST_AUTO_TEST_CASE(gap_closes_what_was_missing) {
  Pair pair;
  const auto subscription = pair.registered();
  pair.event(1);
  pair.event(5);
  auto gap = pair.fixture.event_delivery(subscription, 2);
  gap->kind = Delivery::Kind::gap;
  gap->number_last = 4;
  gap->reason = "undeliverable";
  const auto attempt_id = pair.deliver(gap);
  BOOST_CHECK(pair.delivered(attempt_id));
  const auto told = pair.device.all(sense_gap);
  BOOST_REQUIRE_EQUAL(told.size(), 1U);
  BOOST_CHECK_EQUAL(told[0].number, 2U);
  BOOST_CHECK_EQUAL(told[0].last, 4U);
  BOOST_CHECK_EQUAL(told[0].reason, "undeliverable");
  BOOST_CHECK(pair.device.missing().empty());
  const auto again = pair.deliver(gap);
  BOOST_CHECK(pair.delivered(again));
  BOOST_CHECK_EQUAL(pair.device.all(sense_gap).size(), 1U);
}

BOOST_AUTO_TEST_CASE(repeat_is_acknowledged_again_and_not_told) {
  Pair pair;
  pair.registered();
  pair.event(1);
  pair.device.sent.clear();  // that acknowledgement was lost
  const auto again = pair.event(1);
  BOOST_CHECK(pair.delivered(again));
  BOOST_CHECK_EQUAL(pair.device.all(sense_arrived).size(), 1U);
  BOOST_CHECK_EQUAL(pair.device.client().repeats, 1U);
}

BOOST_AUTO_TEST_CASE(digest_counts_for_all_of_its_numbers) {
  Device device;
  const auto now = VirtualClock().now().mono;
  subscribe_alone(device, now);
  device.receive(event_octets("2", "Last: 5\nLength: 1\n") + "x", now);
  BOOST_CHECK_EQUAL(only(device).text("Number"), "2-5");
  BOOST_CHECK_EQUAL(device.told.back().number, 2U);
  BOOST_CHECK_EQUAL(device.told.back().last, 5U);
  device.receive(event_octets("4"), now);
  BOOST_CHECK_EQUAL(device.client().repeats, 1U);
  BOOST_TEST(device.missing() == std::vector<std::uint64_t>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(number_older_than_what_is_remembered_is_reported_as_a_possible_repeat) {
  DeviceOptions options;
  options.ack_delay = 50;
  Device device(options);
  const auto now = VirtualClock().now().mono;
  subscribe_alone(device, now);
  device.receive(event_octets("5000"), now);
  for (const unsigned times : {1U, 2U}) {
    device.receive(event_octets(std::to_string(5000 - SENSE_CLIENT_NUMBERS)), now);
    BOOST_CHECK_EQUAL(device.all(sense_arrived).size(), 1U + times);
    BOOST_CHECK(device.told.back().maybe_repeat);
    // Not together with the others, where it cannot be named.
    BOOST_CHECK_EQUAL(only(device).text("Number"), "3976");
  }
  device.receive(event_octets(std::to_string(5000 - SENSE_CLIENT_NUMBERS + 1)), now);
  BOOST_CHECK(!device.told.back().maybe_repeat);
}

BOOST_AUTO_TEST_CASE(what_came_long_ago_is_not_taken_for_what_has_its_place_now) {
  Device device;
  const auto now = VirtualClock().now().mono;
  subscribe_alone(device, now);
  for (unsigned n = 1; n <= 9; ++n) device.receive(event_octets(std::to_string(n)), now);
  for (const std::uint64_t top : {SENSE_CLIENT_NUMBERS + 7, 5 * SENSE_CLIENT_NUMBERS + 5}) {
    device.receive(event_octets(std::to_string(top)), now);
    for (auto n = top - 1; n > top - SENSE_CLIENT_NUMBERS; --n)
      BOOST_CHECK_EQUAL((sense_client_has(&device.client(), n) != 0), (n <= 9));
  }
}

BOOST_AUTO_TEST_CASE(numbers_up_to_the_last_one_that_there_can_be) {
  Device device;
  const auto now = VirtualClock().now().mono;
  subscribe_alone(device, now);
  device.receive(event_octets("18446744073709551615"), now);
  BOOST_CHECK_EQUAL(only(device).text("Number"), "18446744073709551615");
  device.receive(event_octets("18446744073709551614"), now);
  BOOST_CHECK_EQUAL(only(device).text("Number"), "18446744073709551614");
  device.receive(event_octets("18446744073709551616"), now);
  BOOST_CHECK(device.sent.empty());
  device.receive(
      "SENSE/1 GAP g\nSubscription: s-1\nFrom: 1\nTo: 18446744073709551615\n"
      "Reason: lost\n\n",
      now);
  BOOST_CHECK_EQUAL(only(device).text("Number"), "1-18446744073709551615");
  BOOST_CHECK_EQUAL(sense_client_has(&device.client(), UINT64_MAX - 1000), 1);
  device.receive(event_octets("10000000000000000000"), now);
  BOOST_CHECK_EQUAL(only(device).text("Number"), "10000000000000000000");
}

BOOST_AUTO_TEST_CASE(server_that_was_restarted_gets_its_new_cookie_back_under_a_new_tag) {
  Pair pair;
  const auto id = pair.registered()->id;
  pair.fixture.restart();  // another key for cookies
  pair.pass(period / 2 + 1s);
  const auto first = message_of(pair.device.sent.at(0)).tag;
  for (const auto& reply : pair.fixture.tell(pair.endpoint, std::exchange(pair.device.sent, {})[0]))
    pair.device.receive(reply, pair.now());
  BOOST_REQUIRE_EQUAL(pair.device.sent.size(), 1U);
  BOOST_CHECK_NE(message_of(pair.device.sent[0]).tag, first);
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.fixture.subscriptions.renewals, 1U);
  BOOST_CHECK_EQUAL(pair.device.id(), id);
}

BOOST_AUTO_TEST_CASE(forgotten_subscription_is_made_anew_and_numbers_begin_again) {
  Pair pair;
  const auto before = pair.registered()->id;
  pair.event(7);
  pair.exchange();
  pair.fixture.subscriptions.served.clear();
  pair.pass(period / 2 + 1s);
  pair.exchange();
  BOOST_REQUIRE_EQUAL(pair.device.all(sense_ended).size(), 1U);
  BOOST_CHECK_EQUAL(pair.device.all(sense_ended)[0].reason, "lost");
  BOOST_CHECK_NE(pair.device.id(), before);
  BOOST_REQUIRE_EQUAL(pair.fixture.subscriptions.served.size(), 1U);
  const auto attempt_id = pair.event(1);
  BOOST_CHECK(pair.delivered(attempt_id));
  BOOST_CHECK_EQUAL(pair.device.told.back().number, 1U);
  BOOST_CHECK(pair.device.missing().empty());
}

BOOST_AUTO_TEST_CASE(ended_subscription_is_made_anew_unless_it_was_ended_on_purpose) {
  for (const auto* reason : {"expired", "unreachable", "shutdown", "cancelled", "revoked"}) {
    BOOST_TEST_CONTEXT(reason) {
      Pair pair;
      const auto before = pair.registered()->id;
      const auto attempt_id = pair.ended(reason);
      BOOST_CHECK(pair.delivered(attempt_id));
      BOOST_CHECK_EQUAL(pair.device.all(sense_ended).at(0).reason, reason);
      const bool on_purpose = reason == std::string("cancelled") || reason[0] == 'r';
      BOOST_CHECK_EQUAL(pair.device.id().empty(), on_purpose);
      BOOST_CHECK_NE(pair.device.id(), before);
      BOOST_CHECK_EQUAL(pair.device.due.has_value(), !on_purpose);
      // The acknowledgement was lost: it is acknowledged again, and that is all.
      const auto told = pair.device.told.size();
      pair.device.receive(
          "SENSE/1 ENDED e9\nSubscription: " + before + "\nReason: " + reason + "\n\n", pair.now());
      BOOST_CHECK(only(pair.device).kind == Kind::ack);
      BOOST_CHECK_EQUAL(pair.device.told.size(), told);
    }
  }
}

BOOST_AUTO_TEST_CASE(lease_that_could_not_be_renewed_ends_and_is_made_anew) {
  Pair pair;
  pair.registered();
  const auto end = pair.now() + period + 1s;
  while (pair.now() < end) {  // nothing gets through
    BOOST_REQUIRE(pair.device.due.has_value());
    pair.pass(std::max<Duration>(*pair.device.due - pair.now(), 1ms));
    if (pair.now() < end - 2s) pair.device.sent.clear();
  }
  BOOST_CHECK_EQUAL(pair.device.all(sense_ended).at(0).reason, "expired");
  BOOST_CHECK_EQUAL(pair.device.all(sense_registered).back().code, 17U);
  pair.exchange();
  BOOST_CHECK(!pair.device.id().empty());
}

BOOST_AUTO_TEST_CASE(own_address_elsewhere_is_verified_and_events_are_taken_there) {
  DeviceOptions options;
  options.registration = "Period: 600\nDeliver-To: 8.8.8.8:9001\n";
  Pair pair(options, "sense://8.8.4.4:9000");
  const auto subscription = pair.registered();
  BOOST_CHECK_EQUAL(pair.device.told.back().text("State"), "pending");
  Actions actions;
  (void)pair.fixture.server->verify(*subscription, "challenge-1", pair.fixture.clock.now(),
                                    actions);
  pair.fixture.sent.clear();
  pair.fixture.perform(std::move(actions));
  BOOST_REQUIRE_EQUAL(pair.fixture.sent.size(), 1U);
  pair.device.receive(pair.fixture.sent[0].octets, pair.now());
  BOOST_CHECK(pair.device.all(sense_verify).empty());  // it was our own wish
  const auto ack = only(pair.device);
  BOOST_CHECK_EQUAL(ack.text("Subscription"), subscription->id);
  BOOST_CHECK_EQUAL(ack.text("Challenge"), "challenge-1");
}

BOOST_AUTO_TEST_CASE(subscription_of_another_client_is_taken_only_when_the_application_agrees) {
  const auto now = VirtualClock().now().mono;
  const std::string verify = "SENSE/1 VERIFY v\nSubscription: s-9\nChallenge: c\n\n";
  DeviceOptions options;
  options.registration = std::nullopt;
  for (const bool agrees : {false, true}) {
    Device device(options);
    device.accepts = agrees;
    device.tick(now);
    device.receive(verify, now);
    BOOST_CHECK_EQUAL(device.all(sense_verify).at(0).text("Subscription"), "s-9");
    BOOST_CHECK_EQUAL(device.sent.size(), (agrees ? 1U : 0U));
    BOOST_CHECK_EQUAL(device.id(), (agrees ? "s-9" : ""));
  }
  Device busy;  // has, or will have, one of its own
  busy.tick(now);
  busy.sent.clear();
  busy.receive(verify, now);
  BOOST_CHECK(busy.sent.empty());
  BOOST_CHECK(busy.all(sense_verify).empty());
}

BOOST_AUTO_TEST_CASE(clock_of_the_device_may_begin_again) {
  for (const std::uint32_t offset :
       {0U - 1U, 0U - 1000U, 0U - 200'000U, 0U - 300'000U, 0x7fffff00U}) {
    BOOST_TEST_CONTEXT("clock begins at " << offset) {
      DeviceOptions options;
      options.clock_offset = offset;
      options.ack_delay = 50;
      Pair pair(options);
      pair.registered();
      for (unsigned renewals = 1; renewals <= 3; ++renewals) {
        pair.pass(period / 2 - 1s);
        BOOST_CHECK(pair.device.sent.empty());
        pair.pass(2s);
        pair.exchange();
        BOOST_CHECK_EQUAL(pair.fixture.subscriptions.renewals, renewals);
        const auto attempt_id = pair.event(renewals);
        pair.pass(60ms);
        BOOST_CHECK(pair.delivered(attempt_id));
      }
      BOOST_CHECK(pair.device.all(sense_ended).empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
