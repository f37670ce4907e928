// SPDX-License-Identifier: Apache-2.0
#include <cmath>

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
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  const auto sent = fixture.octets_to(client_a);
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_CHECK_EQUAL(sent[0],
                    "SENSE/1 EVENT e1\nSubscription: " + subscription->id +
                        "\nNumber: 1\nId: 01JD31\nType: {urn:example:printer}jam\n"
                        "Source: //hq.example/printer/floor2/hp4\nTime: 2026-11-21T09:15:00.250Z\n"
                        "Sequence: 88120\nAttempt: 1\nSeverity: 3\nContent-Type: text/plain\n"
                        "Sent: " +
                        to_rfc3339(fixture.clock.now().wall) + "\nLength: 15\n\n342 Printer jam");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  BOOST_CHECK(fixture.ack(client_a, subscription->id, "1").empty());
  BOOST_REQUIRE(fixture.attempt(attempt_id).has_value());
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::delivered);
  BOOST_CHECK(fixture.ack(client_a, subscription->id, "1").empty());
  BOOST_CHECK_EQUAL(fixture.counters["sense.acks.ignored"].load(), 1U);
}

BOOST_AUTO_TEST_CASE(acknowledgement_counts_only_from_the_address_served_with_the_right_id) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  const auto other = fixture.subscribe(client_b);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 7));
  fixture.ack(client_b, subscription->id, "7");
  fixture.ack(Endpoint(client_a.address(), 9001), subscription->id, "7");
  fixture.ack(client_a, other->id, "7");
  fixture.ack(client_a, subscription->id + "0", "7");
  fixture.ack(client_a, subscription->id, "1-6,8-18446744073709551615");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  fixture.ack(client_a, subscription->id, "1-6,7");
  BOOST_CHECK(fixture.attempt(attempt_id).has_value());
}

BOOST_AUTO_TEST_CASE(acknowledgements_are_selective_and_may_come_in_any_order) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  std::vector<AttemptId> attempt_ids;
  for (unsigned number = 1; number <= 10; ++number)
    attempt_ids.push_back(fixture.deliver(fixture.event_delivery(subscription, number)));
  fixture.ack(client_a, subscription->id, "9-10,2,4-5");
  for (unsigned number = 1; number <= 10; ++number) {
    const bool wanted = number >= 9 || number == 2 || number == 4 || number == 5;
    BOOST_CHECK_MESSAGE(fixture.attempt(attempt_ids[number - 1]).has_value() == wanted, number);
  }
}

BOOST_AUTO_TEST_CASE(attempts_wait_exponentially_longer_with_jitter_that_only_adds) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  const int waits[] = {1, 2, 4, 8, 16, 32, 32, 32};
  for (std::uint32_t attempt = 1; attempt <= 8; ++attempt) {
    auto delivery = fixture.event_delivery(subscription, 1);
    delivery->attempt = attempt;
    const auto attempt_id = fixture.deliver(delivery);
    BOOST_CHECK_NE(
        fixture.octets_to(client_a).at(0).find("Attempt: " + std::to_string(attempt) + "\n"),
        std::string::npos);
    const Duration wait = std::chrono::seconds{waits[attempt - 1]};
    fixture.pass(wait - Duration{1});
    BOOST_CHECK_MESSAGE(!fixture.attempt(attempt_id).has_value(), attempt);
    fixture.pass(wait / 4 + Duration{2});
    BOOST_REQUIRE_MESSAGE(fixture.attempt(attempt_id).has_value(), attempt);
    const auto result = *fixture.attempt(attempt_id);
    BOOST_CHECK(result.outcome == Outcome::retry);
    BOOST_CHECK(result.after == Duration{0});
    BOOST_CHECK_EQUAL(result.answer, "no acknowledgement");
  }
}

BOOST_AUTO_TEST_CASE(subscription_may_shorten_its_own_waits) {
  ServerFixture fixture;
  auto edited = *fixture.subscribe(client_a);
  edited.delivery.retry_initial = std::chrono::milliseconds{100};
  edited.delivery.retry_max = std::chrono::milliseconds{200};
  const auto subscription = fixture.subscriptions.put(edited);
  auto delivery = fixture.event_delivery(subscription, 1);
  delivery->attempt = 8;
  const auto attempt_id = fixture.deliver(delivery);
  fixture.pass(std::chrono::milliseconds{251});
  BOOST_CHECK(fixture.attempt(attempt_id).has_value());
}

BOOST_AUTO_TEST_CASE(late_acknowledgement_counts_for_the_next_attempt) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  (void)fixture.deliver(fixture.event_delivery(subscription, 1));
  fixture.pass(std::chrono::seconds{2});
  auto again = fixture.event_delivery(subscription, 1);
  again->attempt = 2;
  const auto attempt_id = fixture.deliver(again);
  fixture.ack(client_a, subscription->id, "1");
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(gap_is_acknowledged_by_all_of_its_numbers_only) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  auto gap = fixture.event_delivery(subscription, 5);
  gap->kind = Delivery::Kind::gap;
  gap->number_last = 9;
  gap->reason = "undeliverable";
  const auto attempt_id = fixture.deliver(gap);
  BOOST_CHECK_EQUAL(fixture.octets_to(client_a).at(0),
                    "SENSE/1 GAP e1\nSubscription: " + subscription->id +
                        "\nFrom: 5\nTo: 9\nReason: undeliverable\n\n");
  fixture.ack(client_a, subscription->id, "5");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  fixture.ack(client_a, subscription->id, "5-9");
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(digest_is_an_event_that_names_its_last_number) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  auto digest = fixture.event_delivery(subscription, 5);
  digest->kind = Delivery::Kind::digest;
  digest->number_last = 9;
  const auto attempt_id = fixture.deliver(digest);
  BOOST_CHECK(fixture.octets_to(client_a).at(0).starts_with(
      "SENSE/1 EVENT e1\nSubscription: " + subscription->id + "\nNumber: 5\nLast: 9\n"));
  fixture.ack(client_a, subscription->id, "5-9");
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(nothing_but_itself_follows_ended) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  const auto waiting = fixture.deliver(fixture.event_delivery(subscription, 1));
  auto ended = fixture.event_delivery(subscription, 0);
  ended->kind = Delivery::Kind::ended;
  ended->reason = "expired";
  const auto attempt_id = fixture.deliver(ended);
  BOOST_CHECK(fixture.attempt(waiting)->outcome == Outcome::gone);
  BOOST_CHECK_EQUAL(
      fixture.octets_to(client_a).at(0),
      "SENSE/1 ENDED e2\nSubscription: " + subscription->id + "\nReason: expired\n\n");
  fixture.subscriptions.served
      .clear();  // the host has forgotten it; the answer counts all the same
  fixture.perform(fixture.server->forget(subscription->id));
  const auto late = fixture.deliver(fixture.event_delivery(subscription, 2));
  BOOST_CHECK(fixture.attempt(late)->outcome == Outcome::gone);
  fixture.ack(client_a, subscription->id, "1");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  fixture.tell(client_b, "SENSE/1 ACK a\nSubscription: " + subscription->id + "\n\n");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  fixture.tell(client_a, "SENSE/1 ACK a\nSubscription: " + subscription->id + "\n\n");
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(event_too_big_for_a_datagram_travels_truncated) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  auto delivery = fixture.event_delivery(subscription, 1, std::string(5000, 'x'));
  (void)fixture.deliver(delivery);
  const auto message = parse(fixture.octets_to(client_a).at(0));
  BOOST_REQUIRE(message.has_value());
  BOOST_CHECK_EQUAL(*message->truncated_length, 5000U);
  BOOST_CHECK(message->data.empty());
  BOOST_CHECK_EQUAL(message->text("Content-Type"), "text/plain");

  auto long_texts = std::make_shared<Event>(*delivery->event);
  long_texts->subject.assign(2000, 's');
  delivery->event = long_texts;
  (void)fixture.deliver(delivery);
  const auto shorter = parse(fixture.octets_to(client_a).at(0));
  BOOST_CHECK_EQUAL(*shorter->truncated_length, 5000U);
  BOOST_CHECK(!shorter->has("Subject"));
  BOOST_CHECK(shorter->has("Severity"));
  BOOST_CHECK_LE(fixture.octets_to(client_a).at(0).size(), 1200U);

  auto hopeless = std::make_shared<Event>(*long_texts);
  hopeless->source = "//x/" + std::string(1000, 'y');
  hopeless->id.assign(256, 'i');
  delivery->event = hopeless;
  const auto attempt_id = fixture.deliver(delivery);
  BOOST_CHECK(fixture.sent.empty());
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::rejected);
}

BOOST_AUTO_TEST_CASE(truncated_event_says_where_the_whole_can_be_had) {
  Extras extras;
  extras.fetch = {"http://events.example:8080", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
  ServerFixture fixture({}, {}, extras);
  const auto subscription = fixture.subscribe(client_a);
  auto delivery = fixture.event_delivery(subscription, 1, std::string(5000, 'x'));
  (void)fixture.deliver(delivery);
  const auto octets = fixture.octets_to(client_a).at(0);
  BOOST_CHECK_LE(octets.size(), 1200U);
  const auto message = parse(octets);
  const auto fetch = message->text("Fetch");
  BOOST_CHECK(fetch.starts_with("http://events.example:8080/v1/events/88120?expires="));
  BOOST_CHECK_EQUAL(*message->truncated_length, 5000U);
  BOOST_CHECK(message->has("Content-Type"));
  const auto query = fetch.substr(fetch.find('?') + 1);
  const auto now = fixture.clock.now().wall;
  BOOST_CHECK(may_fetch(88120, query, extras.fetch.secret, now + std::chrono::hours{23}));
  BOOST_CHECK(!may_fetch(88120, query, extras.fetch.secret, now + std::chrono::hours{25}));
  // What fits has none; and it gives way when there is no room.
  (void)fixture.deliver(fixture.event_delivery(subscription, 2));
  BOOST_CHECK(!parse(fixture.octets_to(client_a).at(0))->has("Fetch"));
  auto long_source = std::make_shared<Event>(*delivery->event);
  long_source->source = "//x/" + std::string(900, 'y');
  delivery->event = long_source;
  (void)fixture.deliver(delivery);
  const auto shorter = parse(fixture.octets_to(client_a).at(0));
  BOOST_CHECK(!shorter->has("Fetch"));
  BOOST_CHECK_EQUAL(*shorter->truncated_length, 5000U);
  long_source->source = "//x/" + std::string(700, 'y');
  long_source->subject.assign(200, 's');
  (void)fixture.deliver(delivery);
  const auto kept = parse(fixture.octets_to(client_a).at(0));
  BOOST_CHECK(kept->has("Fetch"));  // before the texts that are not mandatory
  BOOST_CHECK(!kept->has("Subject"));
}

BOOST_AUTO_TEST_CASE(datagram_at_the_limit_is_whole_and_one_octet_more_is_truncated) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  // Length keeps its four digits over this range, so that octets grow one by one.
  const auto probe = encode_delivery(
      *fixture.event_delivery(subscription, 1, std::string(1000, 'x')), "e1", 65'000);
  // The time of sending is left out first.
  const auto sent = std::string("Sent: \n").size() + parse(*probe)->text("Sent").size();
  const auto fits = 1000 + 1200 - (probe->size() - sent);
  BOOST_REQUIRE(fits < 1000);
  const auto three_digits = fits + 1;
  for (const auto size : {three_digits, three_digits + 1}) {
    const auto octets = encode_delivery(
        *fixture.event_delivery(subscription, 1, std::string(size, 'x')), "e1", 1200);
    const auto message = parse(*octets);
    BOOST_CHECK_EQUAL(message->truncated_length.has_value(), (size > three_digits));
    if (size == three_digits) BOOST_CHECK_EQUAL(octets->size(), 1200U);
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_left_out_in_the_order_of_its_worth) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  auto delivery = *fixture.event_delivery(subscription, 1, std::string(500, 'x'));
  auto event = *delivery.event;
  event.correlationid = std::string(50, 'c');
  event.principal = "shop";
  delivery.event = std::make_shared<Event>(event);
  const auto attributes_within = [&](std::size_t octets_max) {
    const auto octets = encode_delivery(delivery, "e1", octets_max);
    BOOST_REQUIRE_MESSAGE(octets, octets_max);
    BOOST_CHECK_LE(octets->size(), octets_max);
    const auto message = *parse(*octets);
    std::string found = message.truncated_length ? "no data" : "data";
    for (const auto text : message.all("Attribute"))
      found += " " + std::string(text.substr(0, text.find(' ')));
    return found;
  };
  const auto whole = encode_delivery(delivery, "e1", 1200)->size();
  BOOST_CHECK_EQUAL(attributes_within(whole), "data correlationid principal");
  BOOST_CHECK_EQUAL(attributes_within(whole - 1), "data correlationid");
  const auto stamped = std::string("Attribute: principal shop\nSent: \n").size() +
                       parse(*encode_delivery(delivery, "e1", 1200))->text("Sent").size();
  BOOST_CHECK_EQUAL(attributes_within(whole - stamped), "data correlationid");
  BOOST_CHECK_EQUAL(attributes_within(whole - stamped - 1), "no data correlationid principal");
}

BOOST_AUTO_TEST_CASE(event_without_a_time_has_that_of_its_observation) {
  ServerFixture fixture;
  auto delivery = fixture.event_delivery(fixture.subscribe(client_a), 1);
  auto event = std::make_shared<Event>(*delivery->event);
  event->time.reset();
  event->observedtime = parse_rfc3339("2026-11-21T10:00:00Z").value();
  event->type = *QName::parse("com.example.created");
  delivery->event = event;
  (void)fixture.deliver(delivery);
  const auto message = parse(fixture.octets_to(client_a).at(0));
  BOOST_CHECK_EQUAL(message->text("Time"), "2026-11-21T10:00:00.000Z");
  BOOST_CHECK_EQUAL(message->text("Observed"), "2026-11-21T10:00:00.000Z");
  BOOST_CHECK_EQUAL(message->text("Type"), "com.example.created");
}

BOOST_AUTO_TEST_CASE(egress_policy_is_asked_at_every_attempt_unless_the_address_asked_itself) {
  ServerFixture fixture;  // 10.0.0.0/8 is denied
  auto edited = *fixture.subscribe(client_a);
  BOOST_CHECK(registered_itself(edited));
  (void)fixture.deliver(fixture.event_delivery(fixture.subscriptions.put(edited), 1));
  BOOST_CHECK_EQUAL(fixture.octets_to(client_a).size(), 1U);
  for (const auto* change : {"owner", "via", "callback"}) {
    auto foreign = edited;
    if (change == std::string("owner")) foreign.owner = "alice";
    if (change == std::string("via")) foreign.via = "http";
    if (change == std::string("callback")) foreign.callback = "sense://10.1.2.4:9000";
    const auto attempt_id =
        fixture.deliver(fixture.event_delivery(fixture.subscriptions.put(foreign), 1));
    BOOST_CHECK_MESSAGE(fixture.sent.empty(), change);
    BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::rejected);
  }
  auto allowed = edited;
  allowed.owner = "alice";
  ServerFixture open({}, {"10.0.0.0/8"});
  (void)open.deliver(open.event_delivery(open.subscriptions.put(allowed), 1));
  BOOST_CHECK_EQUAL(open.octets_to(client_a).size(), 1U);
}

BOOST_AUTO_TEST_CASE(callbacks_that_cannot_be_reached_are_rejected_not_retried) {
  ServerFixture fixture({}, {"0.0.0.0/0", "::/0"});
  auto subscription = *fixture.subscribe(client_a);
  subscription.owner = "alice";
  for (const auto* callback :
       {"sense://host.example:9000", "sense://255.255.255.255:9000", "sense://224.0.0.1:9000",
        "sense://[ff02::1]:9000", "sense://0.0.0.0:9000", "sense://8.8.8.8:80",
        "mailto:a@b.example", "sense://240.1.1.1:9000", "sense://[::ffff:224.0.0.1]:9000"}) {
    subscription.callback = callback;
    const auto attempt_id =
        fixture.deliver(fixture.event_delivery(fixture.subscriptions.put(subscription), 1));
    BOOST_CHECK_MESSAGE(fixture.sent.empty(), callback);
    BOOST_CHECK_MESSAGE((fixture.attempt(attempt_id)->outcome == Outcome::rejected), callback);
    BOOST_CHECK(!fixture.attempt(attempt_id)->answer.empty());
  }
}

BOOST_AUTO_TEST_CASE(events_leave_from_the_listener_of_the_registration_also_after_a_restart) {
  ServerFixture fixture;
  const Endpoint six(boost::asio::ip::make_address("2001:db8::7"), 9000);
  const auto subscription = fixture.subscribe(six);
  BOOST_CHECK_EQUAL(subscription->callback, "sense://[2001:db8::7]:9000");
  fixture.restart();
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  BOOST_REQUIRE_EQUAL(fixture.sent.size(), 1U);
  BOOST_CHECK_EQUAL(fixture.sent[0].to.listener, 1U);
  fixture.ack(six, subscription->id, "1");
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(renewal_leaves_what_is_in_flight_alone_but_a_new_callback_does_not) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  fixture.perform(fixture.server->forget(subscription->id));
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  auto moved = *subscription;
  moved.callback = "sense://10.1.2.4:9000";
  fixture.subscriptions.put(moved);
  fixture.perform(fixture.server->forget(subscription->id));
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Outcome::retry);
}

BOOST_AUTO_TEST_CASE(stopping_finishes_every_attempt_with_retry) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  for (unsigned number = 1; number <= 5; ++number)
    (void)fixture.deliver(fixture.event_delivery(subscription, number));
  fixture.perform(fixture.server->stop());
  BOOST_CHECK_EQUAL(fixture.attempts.size(), 5U);
  for (const auto& [attempt_id, attempt] : fixture.attempts)
    BOOST_CHECK(attempt.outcome == Outcome::retry);
  BOOST_CHECK(!fixture.server->next_timer().has_value());
}

// A try fails when the event or its acknowledgement is lost.
BOOST_AUTO_TEST_CASE(one_event_in_a_million_is_given_up_where_a_fifth_is_lost_each_way) {
  const double fails = 1 - 0.8 * 0.8;
  const auto tries = Limits().tries();
  BOOST_CHECK_LE(std::pow(fails, tries), 1e-6);
  BOOST_CHECK_GT(std::pow(fails, tries - 1), 1e-6);  // and no more tries than that takes
  BOOST_CHECK_EQUAL(tries, limits_of(Settings::defaults(sense_options())).tries());
}

BOOST_AUTO_TEST_CASE(retry_span_bounds_the_tries) {
  Limits limits;
  BOOST_CHECK_EQUAL(limits.tries(), limits.max_retries);
  limits.retry_span = std::chrono::seconds{7};  // tries at 0, 1, 3, 7
  BOOST_CHECK_EQUAL(limits.tries(), 4U);
  limits.retry_span = std::chrono::seconds{6};
  BOOST_CHECK_EQUAL(limits.tries(), 3U);
  BOOST_CHECK_EQUAL(seconds_text(std::chrono::milliseconds{1250}), "1.25");
  BOOST_CHECK_EQUAL(seconds_text(Duration{5}), "0.000005");
}

BOOST_AUTO_TEST_SUITE_END()
