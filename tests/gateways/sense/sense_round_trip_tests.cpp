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
SubscriptionRef accustomed(Bench& bench, Duration trip) {
  auto subscription = bench.subscribe(client);
  for (std::uint64_t number = 1; number <= 20; ++number) {
    bench.deliver(bench.event_delivery(subscription, number));
    bench.clock.advance(trip);
    bench.ack(client, subscription->id, std::to_string(number));
  }
  return subscription;
}

// How long after an attempt the next one is asked for.
Duration wait_after(Bench& bench, const SubscriptionRef& subscription, std::uint32_t attempt) {
  auto delivery = bench.event_delivery(subscription, 100);
  delivery->attempt = attempt;
  const auto begun = bench.clock.now().mono;
  const auto ticket = bench.deliver(delivery);
  while (!bench.attempt(ticket)) bench.pass(10ms);
  BOOST_CHECK(bench.attempt(ticket)->outcome == Attempt::Outcome::retry);
  return bench.clock.now().mono - begun;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_round_trip_tests)

BOOST_AUTO_TEST_CASE(nothing_is_known_before_the_first_answer) {
  BOOST_CHECK(!RoundTrip().wait().has_value());
  Bench bench;
  const auto subscription = bench.subscribe(client);
  const auto wait = wait_after(bench, subscription, 1);
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
  Bench bench;
  const auto subscription = accustomed(bench, 1ms);
  const auto first = wait_after(bench, subscription, 1);
  BOOST_CHECK(first >= 200ms && first <= 260ms);
  const auto second = wait_after(bench, subscription, 2);
  BOOST_CHECK(second >= 400ms && second <= 520ms);
  const auto third = wait_after(bench, subscription, 3);
  BOOST_CHECK(third >= 4s && third <= 5100ms);
}

BOOST_AUTO_TEST_CASE(a_slow_one_is_not_asked_again_before_it_can_have_answered) {
  Limits limits;
  limits.retry_interval = 10s;
  Bench patient(limits);
  const auto slow = accustomed(patient, 3s);
  limits.retry_interval = 1s;
  Bench hasty(limits);
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
  Bench bench;
  const auto subscription = bench.subscribe(client);
  auto delivery = bench.event_delivery(subscription, 1);
  delivery->attempt = 2;
  bench.deliver(delivery);
  bench.clock.advance(1ms);
  bench.ack(client, subscription->id, "1");
  BOOST_CHECK(wait_after(bench, subscription, 1) >= 1s);
}

BOOST_AUTO_TEST_CASE(one_subscriber_teaches_nothing_about_another) {
  Bench bench;
  accustomed(bench, 1ms);
  const Endpoint other(boost::asio::ip::make_address("10.1.2.4"), 9000);
  const auto subscription = bench.subscribe(other, "r3");
  BOOST_CHECK(wait_after(bench, subscription, 1) >= 1s);
}

BOOST_AUTO_TEST_CASE(numbers_out_of_order_are_all_found) {
  Bench bench;
  const auto subscription = bench.subscribe(client);
  std::map<std::uint64_t, Ticket> tickets;
  for (const std::uint64_t number : {5, 1, 9, 3, 7, 2, 8})
    tickets[number] = bench.deliver(bench.event_delivery(subscription, number));
  bench.ack(client, subscription->id, "8-9,1-2");
  for (const auto& [number, ticket] : tickets)
    BOOST_CHECK_MESSAGE(bench.attempt(ticket).has_value() == (number <= 2 || number >= 8), number);
  bench.ack(client, subscription->id, "1-18446744073709551615");
  for (const auto& [number, ticket] : tickets) BOOST_CHECK(bench.attempt(ticket).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
