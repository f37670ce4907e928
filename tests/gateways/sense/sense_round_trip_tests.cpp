// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/delivery/round_trip.hpp"

#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;
using namespace std::chrono_literals;

namespace {

const Endpoint client(boost::asio::ip::make_address("10.1.2.3"), 9000);

// A subscriber that takes so long to acknowledge, a few times over.
SubscriptionRef accustomed(ServerFixture& fixture, Duration trip) {
  auto subscription = fixture.subscribe(client);
  for (std::uint64_t number = 1; number <= 20; ++number) {
    fixture.deliver(fixture.event_delivery(subscription, number));
    fixture.clock.advance(trip);
    fixture.ack(client, subscription->id, std::to_string(number));
  }
  return subscription;
}

// How long after an attempt the next one is asked for.
Duration wait_after(ServerFixture& fixture, const SubscriptionRef& subscription,
                    std::uint32_t attempt) {
  auto delivery = fixture.event_delivery(subscription, 100);
  delivery->attempt = attempt;
  const auto begun = fixture.clock.now().mono;
  const auto attempt_id = fixture.deliver(delivery);
  while (!fixture.attempt(attempt_id)) fixture.pass(10ms);
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Attempt::Outcome::retry);
  return fixture.clock.now().mono - begun;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_round_trip_tests)

BOOST_AUTO_TEST_CASE(nothing_is_known_before_the_first_answer) {
  BOOST_CHECK(!RoundTrip().wait().has_value());
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client);
  const auto wait = wait_after(fixture, subscription, 1);
  BOOST_CHECK(wait >= 1s && wait <= 1300ms);
}

BOOST_AUTO_TEST_CASE(the_wait_follows_rfc_6298) {
  RoundTrip trip;
  trip.add(400ms);
  BOOST_CHECK(trip.wait() == Duration{400ms + 4 * 200ms});
  trip.add(400ms);
  BOOST_CHECK(trip.wait() == Duration{400ms + 4 * 150ms});
  trip.add(800ms);
  BOOST_CHECK(trip.wait() == Duration{450ms + 4 * 212500us});
}

BOOST_AUTO_TEST_CASE(one_that_answers_at_once_is_asked_again_soon_and_then_patiently) {
  ServerFixture fixture;
  const auto subscription = accustomed(fixture, 1ms);
  const auto first = wait_after(fixture, subscription, 1);
  BOOST_CHECK(first >= 200ms && first <= 260ms);
  const auto second = wait_after(fixture, subscription, 2);
  BOOST_CHECK(second >= 400ms && second <= 520ms);
  const auto third = wait_after(fixture, subscription, 3);
  BOOST_CHECK(third >= 4s && third <= 5100ms);
}

BOOST_AUTO_TEST_CASE(a_slow_one_is_not_asked_again_before_it_can_have_answered) {
  Limits limits;
  limits.retry_interval = 10s;
  ServerFixture patient(limits);
  const auto slow = accustomed(patient, 3s);
  limits.retry_interval = 1s;
  ServerFixture hasty(limits);
  const auto subscription = hasty.subscribe(client);
  // What is acknowledged within the first wait teaches it.
  for (std::uint64_t number = 1; number <= 20; ++number) {
    hasty.deliver(hasty.event_delivery(subscription, number));
    hasty.clock.advance(900ms + number % 2 * 90ms);
    hasty.ack(client, subscription->id, std::to_string(number));
  }
  BOOST_CHECK(wait_after(hasty, subscription, 1) >= 1s);
  const auto wait = wait_after(patient, slow, 1);
  BOOST_CHECK(wait >= 3s && wait < 10s);
}

BOOST_AUTO_TEST_CASE(what_was_sent_twice_teaches_nothing) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client);
  auto delivery = fixture.event_delivery(subscription, 1);
  delivery->attempt = 2;
  fixture.deliver(delivery);
  fixture.clock.advance(1ms);
  fixture.ack(client, subscription->id, "1");
  BOOST_CHECK(wait_after(fixture, subscription, 1) >= 1s);
}

BOOST_AUTO_TEST_CASE(one_subscriber_teaches_nothing_about_another) {
  ServerFixture fixture;
  accustomed(fixture, 1ms);
  const Endpoint other(boost::asio::ip::make_address("10.1.2.4"), 9000);
  const auto subscription = fixture.subscribe(other, "r3");
  BOOST_CHECK(wait_after(fixture, subscription, 1) >= 1s);
}

BOOST_AUTO_TEST_CASE(numbers_out_of_order_are_all_found) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client);
  std::map<std::uint64_t, AttemptId> attempt_ids;
  for (const std::uint64_t number : {5, 1, 9, 3, 7, 2, 8})
    attempt_ids[number] = fixture.deliver(fixture.event_delivery(subscription, number));
  fixture.ack(client, subscription->id, "8-9,1-2");
  for (const auto& [number, attempt_id] : attempt_ids)
    BOOST_CHECK_MESSAGE(fixture.attempt(attempt_id).has_value() == (number <= 2 || number >= 8),
                        number);
  fixture.ack(client, subscription->id, "1-18446744073709551615");
  for (const auto& [number, attempt_id] : attempt_ids)
    BOOST_CHECK(fixture.attempt(attempt_id).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
