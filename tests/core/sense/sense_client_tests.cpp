// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <map>

#include "core/sense/client.hpp"

using namespace sense;
using namespace sense::datagram;

namespace {

template <class T>
const T* notice(const Output& out) {
  for (const auto& one : out.notices)
    if (const auto* found = std::get_if<T>(&one)) return found;
  return nullptr;
}

Message only(const Output& out) {
  BOOST_REQUIRE_EQUAL(out.send.size(), 1U);
  const auto message = parse(out.send[0]);
  BOOST_REQUIRE(message.has_value());
  return *message;
}

std::string event(unsigned number, const std::string& subscription = "s-1") {
  return "SENSE/1 EVENT e" + std::to_string(number) + "\nSubscription: " + subscription +
         "\nNumber: " + std::to_string(number) +
         "\nId: i\nType: {a}b\nSource: //x\nTime: 2026-11-21T09:15:00.250Z\nSequence: 7\n"
         "Attempt: 2\nLength: 3\n\nabc";
}

struct Registering {
  VirtualClock clock;
  Client client;

  explicit Registering(ClientOptions options = {}) : client(std::move(options)) {
    const auto first = only(client.subscribe(clock.now()));
    BOOST_CHECK_EQUAL(first.text("Cookie"), "");
    auto refused = make_reply(first.tag, Code::noaccess, "cookie");
    refused.add("Cookie", "abc");
    second = only(tell(serialize(refused)));
    BOOST_CHECK_NE(second.tag, first.tag);
    BOOST_CHECK_EQUAL(second.text("Cookie"), "abc");
    auto granted = make_reply(second.tag, Code::noerror);
    granted.add("Subscription", "s-1").add("Period", 600U);
    registered = tell(serialize(granted));
  }
  Output tell(std::string_view octets) { return client.on_datagram(octets, clock.now()); }
  Output pass(Duration time) {
    clock.advance(time);
    return client.on_timer(clock.now());
  }

  Message second;
  Output registered;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_client_tests)

BOOST_AUTO_TEST_CASE(registration_returns_the_cookie_under_a_new_tag) {
  ClientOptions options;
  options.types = {"{a}b", "{a}c"};
  options.sources = {"//x/**"};
  options.filter = "severity < 4";
  options.edition = "STEP.SingleLine.CC";
  options.language = "de";
  Registering r(options);
  BOOST_CHECK_EQUAL(r.second.all("Type").size(), 2U);
  BOOST_CHECK_EQUAL(r.second.text("Filter"), "severity < 4");
  BOOST_CHECK_EQUAL(r.second.text("Edition"), "STEP.SingleLine.CC");
  BOOST_CHECK_EQUAL(r.second.text("Language"), "de");
  const auto* registered = notice<Registered>(r.registered);
  BOOST_REQUIRE(registered != nullptr);
  BOOST_CHECK_EQUAL(registered->subscription, "s-1");
  BOOST_CHECK_EQUAL(registered->period.count(), 600);
  BOOST_CHECK(!registered->renewed);
}

BOOST_AUTO_TEST_CASE(events_are_acknowledged_each_time_and_reported_once) {
  Registering r;
  const auto first = r.tell(event(1));
  BOOST_CHECK_EQUAL(only(first).text("Number"), "1");
  BOOST_REQUIRE(notice<EventReceived>(first) != nullptr);
  BOOST_CHECK_EQUAL(notice<EventReceived>(first)->event.data, "abc");
  BOOST_CHECK_EQUAL(notice<EventReceived>(first)->event.sequence, 7U);
  BOOST_CHECK_EQUAL(notice<EventReceived>(first)->attempt, 2U);
  const auto repeat = r.tell(event(1));
  BOOST_CHECK_EQUAL(only(repeat).text("Number"), "1");
  BOOST_CHECK(repeat.notices.empty());
  BOOST_CHECK_EQUAL(r.client.repeats(), 1U);
}

BOOST_AUTO_TEST_CASE(digest_fills_all_of_its_numbers) {
  Registering r;
  auto digest = event(3);
  const std::string number = "Number: 3\n";
  digest.insert(digest.find(number) + number.size(), "Last: 5\n");
  const auto told = r.tell(digest);
  BOOST_CHECK_EQUAL(only(told).text("Number"), "3-5");
  BOOST_CHECK_EQUAL(told.notices.size(), 1U);
  BOOST_CHECK_EQUAL(format_ranges(r.client.missing()), "1-2");
  auto wrong = digest;
  wrong.replace(wrong.find("Last: 5"), 7, "Last: 2");
  BOOST_CHECK(r.tell(wrong).send.empty());
}

BOOST_AUTO_TEST_CASE(holes_are_known_until_the_number_or_its_gap_arrives) {
  Registering r;
  (void)r.tell(event(5));
  BOOST_CHECK_EQUAL(format_ranges(r.client.missing()), "1-4");
  (void)r.tell(event(2));
  BOOST_CHECK_EQUAL(format_ranges(r.client.missing()), "1,3-4");
  const auto gap =
      r.tell("SENSE/1 GAP g\nSubscription: s-1\nFrom: 3\nTo: 4\nReason: undeliverable\n\n");
  BOOST_CHECK_EQUAL(only(gap).text("Number"), "3-4");
  BOOST_CHECK_EQUAL(notice<GapReported>(gap)->reason, "undeliverable");
  BOOST_CHECK_EQUAL(format_ranges(r.client.missing()), "1");
  BOOST_CHECK(
      r.tell("SENSE/1 GAP g\nSubscription: s-1\nFrom: 3\nTo: 4\nReason: x\n\n").notices.empty());
}

BOOST_AUTO_TEST_CASE(unexpected_datagrams_are_neither_acknowledged_nor_reported) {
  Registering r;
  for (const auto& octets :
       {event(1, "s-2"), std::string("SENSE/1 REPLY unknown 0 NOERROR\n\n"), std::string("junk"),
        std::string("SENSE/1 ENDED x\nSubscription: s-2\nReason: expired\n\n"),
        std::string("SENSE/1 GAP x\nSubscription: s-1\nFrom: 9\nTo: 1\nReason: x\n\n"),
        std::string("SENSE/1 EVENT e\nSubscription: s-1\nNumber: 0\nType: {a}b\nSource: //x\n\n"),
        std::string("SENSE/1 REGISTER x\nPeriod: 1\n\n")}) {
    const auto out = r.tell(octets);
    BOOST_CHECK_MESSAGE(out.notices.empty(), octets);
    BOOST_CHECK_MESSAGE(out.send.empty(), octets);
  }
  BOOST_CHECK_EQUAL(r.client.ignored(), 7U);
}

// A hundred thousand that registered within a second.
BOOST_AUTO_TEST_CASE(clients_that_registered_together_do_not_renew_together) {
  constexpr std::size_t all = 100'000;
  std::map<Duration, std::size_t> renewals;  // in each second
  for (std::size_t i = 0; i < all; ++i) {
    VirtualClock clock;
    Client client({});
    const auto asked = only(client.subscribe(clock.now()));
    auto granted = make_reply(asked.tag, Code::noerror);
    granted.add("Subscription", "s-" + std::to_string(i)).add("Period", 600U);
    (void)client.on_datagram(serialize(granted), clock.now());
    BOOST_REQUIRE(client.next_timer().has_value());
    ++renewals[(*client.next_timer() - clock.now().mono) / std::chrono::seconds{1} *
               Duration{std::chrono::seconds{1}}];
  }
  BOOST_CHECK(renewals.begin()->first >= std::chrono::seconds{240});
  BOOST_CHECK(renewals.rbegin()->first <= std::chrono::seconds{300});
  for (const auto& [when, count] : renewals) BOOST_CHECK_LT(count, all / 40);
}

BOOST_AUTO_TEST_CASE(lease_is_renewed_before_half_of_it_is_over_and_numbers_go_on) {
  Registering r;
  (void)r.tell(event(1));
  const auto due = *r.client.next_timer() - r.clock.now().mono;
  BOOST_CHECK(due >= std::chrono::seconds{240} && due <= std::chrono::seconds{300});
  const auto renewal = only(r.pass(std::chrono::seconds{300}));
  BOOST_CHECK_EQUAL(renewal.text("Subscription"), "s-1");
  auto granted = make_reply(renewal.tag, Code::noerror);
  granted.add("Subscription", "s-1").add("Period", 600U);
  const auto out = r.tell(serialize(granted));
  BOOST_CHECK(notice<Registered>(out)->renewed);
  BOOST_CHECK(r.tell(event(1)).notices.empty());
}

BOOST_AUTO_TEST_CASE(renewal_of_a_forgotten_subscription_registers_anew) {
  Registering r;
  const auto renewal = only(r.pass(std::chrono::seconds{300}));
  const auto out = r.tell(serialize(make_reply(renewal.tag, Code::notfound, "gone")));
  BOOST_REQUIRE(notice<Ended>(out) != nullptr);
  BOOST_CHECK_EQUAL(notice<Ended>(out)->reason, "lost");
  BOOST_CHECK_EQUAL(only(out).text("Subscription"), "");
  BOOST_CHECK(only(out).kind == Kind::register_);
}

BOOST_AUTO_TEST_CASE(unanswered_renewals_end_with_the_lease_and_a_new_registration) {
  Registering r;
  Output last;
  bool failed = false;
  while (r.client.subscription() == "s-1") {
    r.clock.advance(*r.client.next_timer() - r.clock.now().mono);
    last = r.client.on_timer(r.clock.now());
    failed = failed || notice<Failed>(last) != nullptr;
    BOOST_REQUIRE((r.clock.now().mono < MonoTime{std::chrono::hours{3}}));
  }
  BOOST_CHECK(failed);
  BOOST_REQUIRE(notice<Ended>(last) != nullptr);
  BOOST_CHECK_EQUAL(notice<Ended>(last)->reason, "expired");
  BOOST_CHECK(only(last).kind == Kind::register_);
}

BOOST_AUTO_TEST_CASE(requests_are_repeated_with_the_same_tag_and_doubling_pauses) {
  VirtualClock clock;
  ClientOptions options;
  options.persist = false;
  Client client(options);
  const auto first = client.subscribe(clock.now());
  std::vector<long> pauses;
  std::optional<Error> error;
  while (!error) {
    BOOST_REQUIRE(client.next_timer().has_value());
    const auto pause = *client.next_timer() - clock.now().mono;
    pauses.push_back(pause / std::chrono::seconds{1});
    clock.advance(pause);
    const auto out = client.on_timer(clock.now());
    if (!out.send.empty()) BOOST_CHECK_EQUAL(out.send[0], first.send[0]);
    if (const auto* failed = notice<Failed>(out)) error = failed->error;
  }
  BOOST_TEST(pauses == (std::vector<long>{1, 2, 4, 8, 16, 32, 32, 32}),
             boost::test_tools::per_element());
  BOOST_CHECK(error->code == Code::timeout);
  BOOST_CHECK(!client.next_timer().has_value());
}

BOOST_AUTO_TEST_CASE(refusal_with_timeout_is_not_taken_for_silence) {
  VirtualClock clock;
  Client client(ClientOptions{});
  const auto asked = only(client.parameters(clock.now()));
  const auto refusal = make_reply(asked.tag, Code::timeout, "the broker is away");
  const auto refused = client.on_datagram(serialize(refusal), clock.now());
  BOOST_REQUIRE(notice<Failed>(refused) != nullptr);
  BOOST_CHECK(!notice<Failed>(refused)->silent);
  BOOST_CHECK(!client.parameters(clock.now()).send.empty());
  Output last;
  while (const auto due = client.next_timer()) {
    clock.advance(*due - clock.now().mono);
    last = client.on_timer(clock.now());
  }
  BOOST_REQUIRE(notice<Failed>(last) != nullptr);
  BOOST_CHECK(notice<Failed>(last)->silent);
}

BOOST_AUTO_TEST_CASE(server_that_never_accepts_a_cookie_is_given_up) {
  VirtualClock clock;
  Client client(ClientOptions{});
  auto out = client.subscribe(clock.now());
  int cookies = 0;
  while (!out.send.empty()) {
    auto refused = make_reply(only(out).tag, Code::noaccess, "again");
    refused.add("Cookie", "c" + std::to_string(++cookies));
    out = client.on_datagram(serialize(refused), clock.now());
  }
  BOOST_CHECK_EQUAL(cookies, 4);
  BOOST_CHECK(notice<Failed>(out)->error.code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(cancel_during_registration_is_made_good_when_it_is_answered) {
  VirtualClock clock;
  Client client(ClientOptions{});
  const auto first = only(client.subscribe(clock.now()));
  BOOST_CHECK(client.cancel(clock.now()).send.empty());
  auto granted = make_reply(first.tag, Code::noerror);
  granted.add("Subscription", "s-9").add("Period", 60U);
  const auto cancel = only(client.on_datagram(serialize(granted), clock.now()));
  BOOST_CHECK(cancel.kind == Kind::cancel);
  const auto out =
      client.on_datagram(serialize(make_reply(cancel.tag, Code::noerror)), clock.now());
  BOOST_CHECK_EQUAL(notice<Ended>(out)->reason, "cancelled");
  BOOST_CHECK(!client.next_timer().has_value());
}

BOOST_AUTO_TEST_CASE(ended_is_acknowledged_every_time_and_followed_by_a_new_registration) {
  Registering r;
  const auto ended = "SENSE/1 ENDED x3\nSubscription: s-1\nReason: shutdown\n\n";
  const auto out = r.tell(ended);
  BOOST_REQUIRE_EQUAL(out.send.size(), 2U);
  BOOST_CHECK_EQUAL(out.send[0], "SENSE/1 ACK x3\nSubscription: s-1\n\n");
  BOOST_CHECK(parse(out.send[1])->kind == Kind::register_);
  BOOST_CHECK_EQUAL(r.tell(ended).send.size(), 1U);
  BOOST_CHECK(r.tell(event(1)).send.empty());
}

BOOST_AUTO_TEST_CASE(revoked_subscription_is_not_registered_anew) {
  Registering r;
  const auto out = r.tell("SENSE/1 ENDED x3\nSubscription: s-1\nReason: revoked\n\n");
  BOOST_CHECK_EQUAL(out.send.size(), 1U);
  BOOST_CHECK(!r.client.next_timer().has_value());
}

BOOST_AUTO_TEST_CASE(acknowledgements_are_collected_into_ranges_when_told_to) {
  ClientOptions options;
  options.ack_delay = std::chrono::milliseconds{20};
  Registering r(options);
  for (const unsigned number : {1U, 2U, 4U, 3U, 7U})
    BOOST_CHECK(r.tell(event(number)).send.empty());
  BOOST_CHECK_EQUAL(only(r.pass(std::chrono::milliseconds{20})).text("Number"), "1-4,7");
}

BOOST_AUTO_TEST_CASE(sixteen_acknowledgements_wait_for_no_more) {
  ClientOptions options;
  options.ack_delay = std::chrono::milliseconds{20};
  Registering r(options);
  for (unsigned number = 1; number < 16; ++number) BOOST_CHECK(r.tell(event(number)).send.empty());
  BOOST_CHECK_EQUAL(only(r.tell(event(16))).text("Number"), "1-16");
  BOOST_CHECK(r.pass(std::chrono::milliseconds{20}).send.empty());
  BOOST_CHECK(r.tell(event(17)).send.empty());
  BOOST_CHECK_EQUAL(only(r.pass(std::chrono::milliseconds{20})).text("Number"), "17");
}

BOOST_AUTO_TEST_CASE(acknowledgements_that_wait_are_sent_before_the_cancel) {
  ClientOptions options;
  options.ack_delay = std::chrono::seconds{5};
  Registering r(options);
  for (const unsigned number : {1U, 2U}) (void)r.tell(event(number));
  const auto out = r.client.cancel(r.clock.now());
  BOOST_REQUIRE_EQUAL(out.send.size(), 2U);
  BOOST_CHECK_EQUAL(parse(out.send[0])->text("Number"), "1-2");
  BOOST_CHECK(parse(out.send[1])->kind == Kind::cancel);
}

BOOST_AUTO_TEST_CASE(challenge_is_answered_only_by_a_passive_client) {
  const auto verify = "SENSE/1 VERIFY v1\nSubscription: s-7\nChallenge: xyz\n\n";
  Registering r;
  const auto asked = r.tell(verify);
  BOOST_CHECK(asked.send.empty());
  BOOST_CHECK(notice<VerifyRequested>(asked) != nullptr);
  ClientOptions options;
  options.passive = true;
  Client passive(options);
  BOOST_CHECK(passive.on_datagram(event(1, "s-7"), r.clock.now()).send.empty());
  const auto answer = only(passive.on_datagram(verify, r.clock.now()));
  BOOST_CHECK_EQUAL(answer.text("Challenge"), "xyz");
  BOOST_CHECK_EQUAL(passive.on_datagram(event(1, "s-7"), r.clock.now()).send.size(), 1U);
}

BOOST_AUTO_TEST_CASE(list_without_data_but_with_a_cookie_is_asked_again) {
  VirtualClock clock;
  Client client(ClientOptions{});
  const auto asked = client.parameters(clock.now());
  auto unproved = make_reply(only(asked).tag, Code::noerror);
  unproved.add("Cookie", "abc");
  const auto again = only(client.on_datagram(serialize(unproved), clock.now()));
  BOOST_CHECK_EQUAL(again.text("Cookie"), "abc");
  auto full = make_reply(again.tag, Code::noerror);
  full.data = "window: 32\n";
  const auto out = client.on_datagram(serialize(full), clock.now());
  BOOST_REQUIRE(notice<Replied>(out) != nullptr);
  BOOST_CHECK_EQUAL(notice<Replied>(out)->request, asked.request);
  BOOST_CHECK_EQUAL(notice<Replied>(out)->reply.data, "window: 32\n");
}

BOOST_AUTO_TEST_CASE(memory_stays_bounded_under_a_hostile_server) {
  Registering r;
  for (unsigned number = 2; number < 20'000; number += 2) (void)r.tell(event(number));
  BOOST_CHECK_LE(r.client.missing().size(), 1024U);
  for (int i = 0; i < 200; ++i) (void)r.client.parameters(r.clock.now());
  BOOST_CHECK(notice<Failed>(r.client.parameters(r.clock.now()))->error.code == Code::nomoreroom);
}

BOOST_AUTO_TEST_CASE(event_too_big_to_publish_is_refused_at_once) {
  VirtualClock clock;
  ClientOptions options;
  options.message_max = 1200;
  Client client(options);
  Event event;
  event.type = *QName::parse("{a}b");
  event.source = "//x";
  event.data.assign(1200, 'x');
  const auto out = client.publish(event, clock.now());
  BOOST_CHECK(out.send.empty());
  BOOST_CHECK(notice<Failed>(out)->error.code == Code::datatoobig);
  event.data = "small";
  BOOST_CHECK(only(client.publish(event, clock.now())).kind == Kind::publish);
}

BOOST_AUTO_TEST_SUITE_END()
