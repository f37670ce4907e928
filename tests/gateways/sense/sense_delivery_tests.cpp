// SPDX-License-Identifier: Apache-2.0
#include "core/sense/fetch_url.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

const Endpoint client_a(boost::asio::ip::make_address("10.1.2.3"), 9000);
const Endpoint client_b(boost::asio::ip::make_address("10.1.2.4"), 9000);
using Outcome = Attempt::Outcome;

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_delivery_tests)

BOOST_AUTO_TEST_CASE(acknowledged_event_is_delivered) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  const auto ticket = bench.deliver(bench.event_delivery(subscription, 1));
  const auto sent = bench.octets_to(client_a);
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_CHECK_EQUAL(sent[0],
                    "SENSE/1 EVENT e1\nSubscription: " + subscription->id +
                        "\nNumber: 1\nId: 01JD31\nType: {urn:example:printer}jam\n"
                        "Source: //hq.example/printer/floor2/hp4\nTime: 2026-11-21T09:15:00.250Z\n"
                        "Sequence: 88120\nAttempt: 1\nSeverity: 3\nContent-Type: text/plain\n"
                        "Length: 15\n\n342 Printer jam");
  BOOST_CHECK(!bench.attempt(ticket).has_value());
  BOOST_CHECK(bench.ack(client_a, subscription->id, "1").empty());
  BOOST_REQUIRE(bench.attempt(ticket).has_value());
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::delivered);
  BOOST_CHECK(bench.ack(client_a, subscription->id, "1").empty());
  BOOST_CHECK_EQUAL(bench.counters["sense.acks.ignored"].load(), 1U);
}

BOOST_AUTO_TEST_CASE(acknowledgement_counts_only_from_the_address_served_with_the_right_id) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  const auto other = bench.subscribe(client_b);
  const auto ticket = bench.deliver(bench.event_delivery(subscription, 7));
  bench.ack(client_b, subscription->id, "7");
  bench.ack(Endpoint(client_a.address(), 9001), subscription->id, "7");
  bench.ack(client_a, other->id, "7");
  bench.ack(client_a, subscription->id + "0", "7");
  bench.ack(client_a, subscription->id, "1-6,8-18446744073709551615");
  BOOST_CHECK(!bench.attempt(ticket).has_value());
  bench.ack(client_a, subscription->id, "1-6,7");
  BOOST_CHECK(bench.attempt(ticket).has_value());
}

BOOST_AUTO_TEST_CASE(acknowledgements_are_selective_and_may_come_in_any_order) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  std::vector<Ticket> tickets;
  for (unsigned number = 1; number <= 10; ++number)
    tickets.push_back(bench.deliver(bench.event_delivery(subscription, number)));
  bench.ack(client_a, subscription->id, "9-10,2,4-5");
  for (unsigned number = 1; number <= 10; ++number) {
    const bool wanted = number >= 9 || number == 2 || number == 4 || number == 5;
    BOOST_CHECK_MESSAGE(bench.attempt(tickets[number - 1]).has_value() == wanted, number);
  }
}

BOOST_AUTO_TEST_CASE(attempts_wait_exponentially_longer_with_jitter_that_only_adds) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  const int waits[] = {1, 2, 4, 8, 16, 32, 32, 32};
  for (std::uint32_t attempt = 1; attempt <= 8; ++attempt) {
    auto delivery = bench.event_delivery(subscription, 1);
    delivery->attempt = attempt;
    const auto ticket = bench.deliver(delivery);
    BOOST_CHECK_NE(
        bench.octets_to(client_a).at(0).find("Attempt: " + std::to_string(attempt) + "\n"),
        std::string::npos);
    const Duration wait = std::chrono::seconds{waits[attempt - 1]};
    bench.pass(wait - Duration{1});
    BOOST_CHECK_MESSAGE(!bench.attempt(ticket).has_value(), attempt);
    bench.pass(wait / 4 + Duration{2});
    BOOST_REQUIRE_MESSAGE(bench.attempt(ticket).has_value(), attempt);
    const auto result = *bench.attempt(ticket);
    BOOST_CHECK(result.outcome == Outcome::retry);
    BOOST_CHECK(result.after == Duration{0});
    BOOST_CHECK_EQUAL(result.answer, "no acknowledgement");
  }
}

BOOST_AUTO_TEST_CASE(subscription_may_shorten_its_own_waits) {
  Bench bench;
  auto edited = *bench.subscribe(client_a);
  edited.delivery.retry_initial = std::chrono::milliseconds{100};
  edited.delivery.retry_max = std::chrono::milliseconds{200};
  const auto subscription = bench.subscriptions.put(edited);
  auto delivery = bench.event_delivery(subscription, 1);
  delivery->attempt = 8;
  const auto ticket = bench.deliver(delivery);
  bench.pass(std::chrono::milliseconds{251});
  BOOST_CHECK(bench.attempt(ticket).has_value());
}

BOOST_AUTO_TEST_CASE(late_acknowledgement_counts_for_the_next_attempt) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  (void)bench.deliver(bench.event_delivery(subscription, 1));
  bench.pass(std::chrono::seconds{2});
  auto again = bench.event_delivery(subscription, 1);
  again->attempt = 2;
  const auto ticket = bench.deliver(again);
  bench.ack(client_a, subscription->id, "1");
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(gap_is_acknowledged_by_all_of_its_numbers_only) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  auto gap = bench.event_delivery(subscription, 5);
  gap->kind = Delivery::Kind::gap;
  gap->number_last = 9;
  gap->reason = "undeliverable";
  const auto ticket = bench.deliver(gap);
  BOOST_CHECK_EQUAL(bench.octets_to(client_a).at(0),
                    "SENSE/1 GAP e1\nSubscription: " + subscription->id +
                        "\nFrom: 5\nTo: 9\nReason: undeliverable\n\n");
  bench.ack(client_a, subscription->id, "5");
  BOOST_CHECK(!bench.attempt(ticket).has_value());
  bench.ack(client_a, subscription->id, "5-9");
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(digest_is_an_event_that_names_its_last_number) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  auto digest = bench.event_delivery(subscription, 5);
  digest->kind = Delivery::Kind::digest;
  digest->number_last = 9;
  const auto ticket = bench.deliver(digest);
  BOOST_CHECK(bench.octets_to(client_a).at(0).starts_with(
      "SENSE/1 EVENT e1\nSubscription: " + subscription->id + "\nNumber: 5\nLast: 9\n"));
  bench.ack(client_a, subscription->id, "5-9");
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(nothing_but_itself_follows_ended) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  const auto waiting = bench.deliver(bench.event_delivery(subscription, 1));
  auto ended = bench.event_delivery(subscription, 0);
  ended->kind = Delivery::Kind::ended;
  ended->reason = "expired";
  const auto ticket = bench.deliver(ended);
  BOOST_CHECK(bench.attempt(waiting)->outcome == Outcome::gone);
  BOOST_CHECK_EQUAL(
      bench.octets_to(client_a).at(0),
      "SENSE/1 ENDED e2\nSubscription: " + subscription->id + "\nReason: expired\n\n");
  bench.subscriptions.served.clear();  // the host has forgotten it; the answer counts all the same
  bench.perform(bench.server->forget(subscription->id));
  const auto late = bench.deliver(bench.event_delivery(subscription, 2));
  BOOST_CHECK(bench.attempt(late)->outcome == Outcome::gone);
  bench.ack(client_a, subscription->id, "1");
  BOOST_CHECK(!bench.attempt(ticket).has_value());
  bench.tell(client_b, "SENSE/1 ACK a\nSubscription: " + subscription->id + "\n\n");
  BOOST_CHECK(!bench.attempt(ticket).has_value());
  bench.tell(client_a, "SENSE/1 ACK a\nSubscription: " + subscription->id + "\n\n");
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(event_too_big_for_a_datagram_travels_truncated) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  auto delivery = bench.event_delivery(subscription, 1, std::string(5000, 'x'));
  (void)bench.deliver(delivery);
  const auto message = parse(bench.octets_to(client_a).at(0));
  BOOST_REQUIRE(message.has_value());
  BOOST_CHECK_EQUAL(*message->truncated_length, 5000U);
  BOOST_CHECK(message->data.empty());
  BOOST_CHECK_EQUAL(message->text("Content-Type"), "text/plain");

  auto long_texts = std::make_shared<Event>(*delivery->event);
  long_texts->subject.assign(2000, 's');
  delivery->event = long_texts;
  (void)bench.deliver(delivery);
  const auto shorter = parse(bench.octets_to(client_a).at(0));
  BOOST_CHECK_EQUAL(*shorter->truncated_length, 5000U);
  BOOST_CHECK(!shorter->has("Subject"));
  BOOST_CHECK(shorter->has("Severity"));
  BOOST_CHECK_LE(bench.octets_to(client_a).at(0).size(), 1200U);

  auto hopeless = std::make_shared<Event>(*long_texts);
  hopeless->source = "//x/" + std::string(1000, 'y');
  hopeless->id.assign(256, 'i');
  delivery->event = hopeless;
  const auto ticket = bench.deliver(delivery);
  BOOST_CHECK(bench.sent.empty());
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::rejected);
}

BOOST_AUTO_TEST_CASE(truncated_event_says_where_the_whole_can_be_had) {
  Extras extras;
  extras.fetch = {"http://events.example:8080", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
  Bench bench({}, {}, extras);
  const auto subscription = bench.subscribe(client_a);
  auto delivery = bench.event_delivery(subscription, 1, std::string(5000, 'x'));
  (void)bench.deliver(delivery);
  const auto octets = bench.octets_to(client_a).at(0);
  BOOST_CHECK_LE(octets.size(), 1200U);
  const auto message = parse(octets);
  const auto fetch = message->text("Fetch");
  BOOST_CHECK(fetch.starts_with("http://events.example:8080/v1/events/88120?expires="));
  BOOST_CHECK_EQUAL(*message->truncated_length, 5000U);
  BOOST_CHECK(message->has("Content-Type"));
  const auto query = fetch.substr(fetch.find('?') + 1);
  const auto now = bench.clock.now().wall;
  BOOST_CHECK(may_fetch(88120, query, extras.fetch.secret, now + std::chrono::hours{23}));
  BOOST_CHECK(!may_fetch(88120, query, extras.fetch.secret, now + std::chrono::hours{25}));
  // What fits has none; and it gives way when there is no room.
  (void)bench.deliver(bench.event_delivery(subscription, 2));
  BOOST_CHECK(!parse(bench.octets_to(client_a).at(0))->has("Fetch"));
  auto long_source = std::make_shared<Event>(*delivery->event);
  long_source->source = "//x/" + std::string(900, 'y');
  delivery->event = long_source;
  (void)bench.deliver(delivery);
  const auto shorter = parse(bench.octets_to(client_a).at(0));
  BOOST_CHECK(!shorter->has("Fetch"));
  BOOST_CHECK_EQUAL(*shorter->truncated_length, 5000U);
  long_source->source = "//x/" + std::string(700, 'y');
  long_source->subject.assign(200, 's');
  (void)bench.deliver(delivery);
  const auto kept = parse(bench.octets_to(client_a).at(0));
  BOOST_CHECK(kept->has("Fetch"));  // before the texts that are not mandatory
  BOOST_CHECK(!kept->has("Subject"));
}

BOOST_AUTO_TEST_CASE(datagram_at_the_limit_is_whole_and_one_octet_more_is_truncated) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  // Length keeps its four digits over this range, so that octets grow one by one.
  const auto probe =
      delivery_octets(*bench.event_delivery(subscription, 1, std::string(1000, 'x')), "e1", 65'000);
  const auto fits = 1000 + 1200 - probe->size();
  BOOST_REQUIRE(fits < 1000);
  const auto three_digits = fits + 1;
  for (const auto size : {three_digits, three_digits + 1}) {
    const auto octets =
        delivery_octets(*bench.event_delivery(subscription, 1, std::string(size, 'x')), "e1", 1200);
    const auto message = parse(*octets);
    BOOST_CHECK_EQUAL(message->truncated_length.has_value(), (size > three_digits));
    if (size == three_digits) BOOST_CHECK_EQUAL(octets->size(), 1200U);
  }
}

BOOST_AUTO_TEST_CASE(event_without_a_time_has_that_of_its_observation) {
  Bench bench;
  auto delivery = bench.event_delivery(bench.subscribe(client_a), 1);
  auto event = std::make_shared<Event>(*delivery->event);
  event->time.reset();
  event->observedtime = parse_rfc3339("2026-11-21T10:00:00Z").value();
  event->type = *QName::parse("com.example.created");
  delivery->event = event;
  (void)bench.deliver(delivery);
  const auto message = parse(bench.octets_to(client_a).at(0));
  BOOST_CHECK_EQUAL(message->text("Time"), "2026-11-21T10:00:00.000Z");
  BOOST_CHECK_EQUAL(message->text("Type"), "com.example.created");
}

BOOST_AUTO_TEST_CASE(egress_policy_is_asked_at_every_attempt_unless_the_address_asked_itself) {
  Bench bench;  // 10.0.0.0/8 is denied
  auto edited = *bench.subscribe(client_a);
  BOOST_CHECK(asked_for_itself(edited));
  (void)bench.deliver(bench.event_delivery(bench.subscriptions.put(edited), 1));
  BOOST_CHECK_EQUAL(bench.octets_to(client_a).size(), 1U);
  for (const auto* change : {"owner", "via", "callback"}) {
    auto foreign = edited;
    if (change == std::string("owner")) foreign.owner = "alice";
    if (change == std::string("via")) foreign.via = "http";
    if (change == std::string("callback")) foreign.callback = "sense://10.1.2.4:9000";
    const auto ticket = bench.deliver(bench.event_delivery(bench.subscriptions.put(foreign), 1));
    BOOST_CHECK_MESSAGE(bench.sent.empty(), change);
    BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::rejected);
  }
  auto allowed = edited;
  allowed.owner = "alice";
  Bench open({}, {"10.0.0.0/8"});
  (void)open.deliver(open.event_delivery(open.subscriptions.put(allowed), 1));
  BOOST_CHECK_EQUAL(open.octets_to(client_a).size(), 1U);
}

BOOST_AUTO_TEST_CASE(callbacks_that_cannot_be_reached_are_rejected_not_retried) {
  Bench bench({}, {"0.0.0.0/0", "::/0"});
  auto subscription = *bench.subscribe(client_a);
  subscription.owner = "alice";
  for (const auto* callback :
       {"sense://host.example:9000", "sense://255.255.255.255:9000", "sense://224.0.0.1:9000",
        "sense://[ff02::1]:9000", "sense://0.0.0.0:9000", "sense://8.8.8.8:80",
        "mailto:a@b.example", "sense://240.1.1.1:9000", "sense://[::ffff:224.0.0.1]:9000"}) {
    subscription.callback = callback;
    const auto ticket =
        bench.deliver(bench.event_delivery(bench.subscriptions.put(subscription), 1));
    BOOST_CHECK_MESSAGE(bench.sent.empty(), callback);
    BOOST_CHECK_MESSAGE((bench.attempt(ticket)->outcome == Outcome::rejected), callback);
    BOOST_CHECK(!bench.attempt(ticket)->answer.empty());
  }
}

BOOST_AUTO_TEST_CASE(events_leave_from_the_listener_of_the_registration_also_after_a_restart) {
  Bench bench;
  const Endpoint six(boost::asio::ip::make_address("2001:db8::7"), 9000);
  const auto subscription = bench.subscribe(six);
  BOOST_CHECK_EQUAL(subscription->callback, "sense://[2001:db8::7]:9000");
  bench.restart();
  const auto ticket = bench.deliver(bench.event_delivery(subscription, 1));
  BOOST_REQUIRE_EQUAL(bench.sent.size(), 1U);
  BOOST_CHECK_EQUAL(bench.sent[0].to.listener, 1U);
  bench.ack(six, subscription->id, "1");
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(renewal_leaves_what_is_in_flight_alone_but_a_new_callback_does_not) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  const auto ticket = bench.deliver(bench.event_delivery(subscription, 1));
  bench.perform(bench.server->forget(subscription->id));
  BOOST_CHECK(!bench.attempt(ticket).has_value());
  auto moved = *subscription;
  moved.callback = "sense://10.1.2.4:9000";
  bench.subscriptions.put(moved);
  bench.perform(bench.server->forget(subscription->id));
  BOOST_CHECK(bench.attempt(ticket)->outcome == Outcome::retry);
}

BOOST_AUTO_TEST_CASE(stopping_finishes_every_attempt_with_retry) {
  Bench bench;
  const auto subscription = bench.subscribe(client_a);
  for (unsigned number = 1; number <= 5; ++number)
    (void)bench.deliver(bench.event_delivery(subscription, number));
  bench.perform(bench.server->stop());
  BOOST_CHECK_EQUAL(bench.attempts.size(), 5U);
  for (const auto& [ticket, attempt] : bench.attempts)
    BOOST_CHECK(attempt.outcome == Outcome::retry);
  BOOST_CHECK(!bench.server->next_timer().has_value());
}

BOOST_AUTO_TEST_CASE(retry_span_bounds_the_tries) {
  Limits limits;
  BOOST_CHECK_EQUAL(limits.tries(), 8U);
  limits.retry_span = std::chrono::seconds{7};  // tries at 0, 1, 3, 7
  BOOST_CHECK_EQUAL(limits.tries(), 4U);
  limits.retry_span = std::chrono::seconds{6};
  BOOST_CHECK_EQUAL(limits.tries(), 3U);
  BOOST_CHECK_EQUAL(seconds_text(std::chrono::milliseconds{1250}), "1.25");
  BOOST_CHECK_EQUAL(seconds_text(Duration{5}), "0.000005");
}

BOOST_AUTO_TEST_SUITE_END()
