// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "core/sense/client.hpp"
#include "core/sense/keyed.hpp"

using namespace sense;
using namespace sense::datagram;

namespace {

const SharedKey key{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
const SharedKey foreign{"hp4", "ZZZZ456789ABCDEFGHJKMNPQRSTVWXYZ"};

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

// Whether all that is sent has a Mac of the key, and when it says that it was sent.
WallTime sent_at(const Output& out) {
  WallTime time{};
  for (const auto& octets : out.send) {
    const auto message = parse(octets);
    const auto claim = read_claim(*message, octets);
    BOOST_REQUIRE_MESSAGE(claim.has_value(), octets);
    BOOST_CHECK(proves(*claim, key.secret));
    time = claim->time;
  }
  return time;
}

std::string event(unsigned number) {
  return "SENSE/1 EVENT e" + std::to_string(number) +
         "\nSubscription: s-1\nNumber: " + std::to_string(number) +
         "\nId: i\nType: {a}b\nSource: //x\nTime: 2026-11-21T09:15:00.250Z\nSequence: 7\n"
         "Attempt: 2\nLength: 3\n\nabc";
}

struct Keyed {
  VirtualClock clock;
  Client client;

  explicit Keyed(ClientOptions options = {}) : client(with_key(std::move(options))) {}
  static ClientOptions with_key(ClientOptions options) {
    options.key = key;
    return options;
  }
  Output tell(const std::string& octets) { return client.on_datagram(octets, clock.now()); }
  Output tell_signed(const std::string& octets, const SharedKey& with = key,
                     Duration ahead = Duration{0}) {
    return tell(sign(octets, with, clock.now().wall + ahead));
  }
  Output pass(Duration time) {
    clock.advance(time);
    return client.on_timer(clock.now());
  }
  void subscribe() {
    const auto asked = only(client.subscribe(clock.now()));
    auto granted = make_reply(asked.tag, Code::noerror);
    granted.add("Subscription", "s-1").add("Period", 600U);
    BOOST_REQUIRE(notice<Registered>(tell_signed(serialize(granted))) != nullptr);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_client_keys_tests)

BOOST_AUTO_TEST_CASE(everything_that_is_sent_is_signed_with_the_time_of_its_sending) {
  Keyed k;
  const auto first = k.client.subscribe(k.clock.now());
  BOOST_CHECK(sent_at(first) == k.clock.now().wall);
  const auto again = k.pass(std::chrono::seconds{1});
  BOOST_CHECK(sent_at(again) == k.clock.now().wall);
  BOOST_CHECK_EQUAL(only(again).tag, only(first).tag);
  auto granted = make_reply(only(first).tag, Code::noerror);
  granted.add("Subscription", "s-1").add("Period", 600U);
  (void)k.tell_signed(serialize(granted));
  for (const auto& octets :
       {event(1), std::string("SENSE/1 GAP g\nSubscription: s-1\nFrom: 2\nTo: 3\nReason: x\n\n"),
        std::string("SENSE/1 ENDED x\nSubscription: s-1\nReason: cancelled\n\n")}) {
    const auto acked = k.tell_signed(octets);
    BOOST_CHECK_EQUAL(only(acked).text("Subscription"), "s-1");
    (void)sent_at(acked);
  }
}

BOOST_AUTO_TEST_CASE(nothing_counts_that_has_no_mac_of_the_key) {
  Keyed k;
  const auto asked = only(k.client.subscribe(k.clock.now()));
  auto granted = make_reply(asked.tag, Code::noerror);
  granted.add("Subscription", "s-1").add("Period", 600U);
  auto cookie = make_reply(asked.tag, Code::noaccess);
  cookie.add("Cookie", "abc");
  for (const auto& reply : {granted, cookie, make_reply(asked.tag, Code::badparam, "no")}) {
    BOOST_CHECK(k.tell(serialize(reply)).notices.empty());
    const auto out = k.tell_signed(serialize(reply), foreign);
    BOOST_CHECK(out.notices.empty());
    BOOST_CHECK(out.send.empty());
    BOOST_CHECK(k.tell_signed(serialize(reply), {"other", key.secret}).notices.empty());
  }
  BOOST_CHECK_EQUAL(k.client.subscription(), "");
  BOOST_REQUIRE(notice<Registered>(k.tell_signed(serialize(granted))) != nullptr);
  const std::string ended = "SENSE/1 ENDED x\nSubscription: s-1\nReason: revoked\n\n";
  const std::string gap = "SENSE/1 GAP g\nSubscription: s-1\nFrom: 2\nTo: 3\nReason: x\n\n";
  for (const auto& octets : {event(1), gap, ended}) {
    for (const auto& out : {k.tell(octets), k.tell_signed(octets, foreign)}) {
      BOOST_CHECK_MESSAGE(out.notices.empty(), octets);
      BOOST_CHECK_MESSAGE(out.send.empty(), octets);
    }
  }
  BOOST_CHECK_EQUAL(k.client.subscription(), "s-1");
  auto changed = sign(event(1), key, k.clock.now().wall);
  changed[changed.size() - 1] = 'd';
  BOOST_CHECK(k.tell(changed).notices.empty());
  BOOST_CHECK(notice<EventReceived>(k.tell_signed(event(1))) != nullptr);
}

BOOST_AUTO_TEST_CASE(unsigned_refusal_is_told_but_ends_nothing_for_good) {
  Keyed k;
  const auto asked = only(k.client.subscribe(k.clock.now()));
  const auto refused = k.tell(serialize(make_reply(asked.tag, Code::noaccess, "unknown key")));
  const auto* failed = notice<Failed>(refused);
  BOOST_REQUIRE(failed != nullptr);
  BOOST_CHECK_EQUAL(failed->error.message, "not authenticated: unknown key");
  const auto again = k.pass(std::chrono::seconds{32});
  BOOST_CHECK(only(again).kind == Kind::register_);
  // One that the key has signed is final.
  const auto certain =
      k.tell_signed(serialize(make_reply(only(again).tag, Code::noaccess, "not here")));
  BOOST_CHECK_EQUAL(notice<Failed>(certain)->error.message, "not here");
  BOOST_CHECK(k.pass(std::chrono::minutes{10}).send.empty());
}

BOOST_AUTO_TEST_CASE(unsigned_refusal_of_a_renewal_leaves_the_subscription) {
  Keyed k;
  k.subscribe();
  const auto renewal = only(k.pass(std::chrono::seconds{300}));
  (void)k.tell(serialize(make_reply(renewal.tag, Code::noaccess, "forged")));
  BOOST_CHECK_EQUAL(k.client.subscription(), "s-1");
  BOOST_CHECK_EQUAL(only(k.pass(std::chrono::seconds{32})).text("Subscription"), "s-1");
}

BOOST_AUTO_TEST_CASE(clock_that_is_wrong_is_made_up_for_once_the_server_says_its_time) {
  for (const auto ahead : {Duration{std::chrono::hours{24 * 365 * 20}},
                           -Duration{std::chrono::hours{24 * 365 * 20}}, Duration{-61'000'000}}) {
    Keyed k;
    const auto asked = only(k.client.subscribe(k.clock.now()));
    auto refused =
        make_reply(asked.tag, Code::noaccess, "Time is more than 1min from this server's");
    const auto second = k.tell_signed(serialize(refused), key, ahead);
    BOOST_CHECK(second.notices.empty());
    BOOST_CHECK_NE(only(second).tag, asked.tag);
    const auto expected = std::chrono::floor<std::chrono::milliseconds>(k.clock.now().wall + ahead);
    BOOST_CHECK(sent_at(second) == expected);
    // Without the key the clock cannot be set.
    Keyed other;
    const auto first = only(other.client.subscribe(other.clock.now()));
    refused.tag = first.tag;
    BOOST_CHECK(other.tell_signed(serialize(refused), foreign, ahead).send.empty());
  }
}

BOOST_AUTO_TEST_CASE(server_whose_time_jumps_with_each_reply_is_given_up) {
  Keyed k;
  auto asked = only(k.client.subscribe(k.clock.now()));
  int tries = 0;
  for (; tries < 20; ++tries) {
    const auto out = k.tell_signed(serialize(make_reply(asked.tag, Code::noaccess, "no")), key,
                                   std::chrono::hours{tries * tries + 1});
    if (out.send.empty()) break;
    asked = only(out);
  }
  BOOST_CHECK_EQUAL(tries, 3);
}

BOOST_AUTO_TEST_CASE(challenge_is_answered_without_the_key_because_it_came_without) {
  ClientOptions options;
  options.passive = true;
  Keyed k(options);
  const auto out = k.tell("SENSE/1 VERIFY v1\nSubscription: s-9\nChallenge: c\n\n");
  BOOST_CHECK_EQUAL(only(out).text("Challenge"), "c");
  BOOST_CHECK(!is_keyed(only(out)));
  auto theirs = event(1);
  theirs.replace(theirs.find("s-1"), 3, "s-9");
  BOOST_CHECK(k.tell(theirs).notices.empty());
  BOOST_CHECK(notice<EventReceived>(k.tell_signed(theirs)) != nullptr);
}

BOOST_AUTO_TEST_CASE(published_event_leaves_room_for_the_mac) {
  for (std::size_t size = 800; size < 1200; ++size) {
    ClientOptions options;
    options.message_max = 1200;
    Keyed k(options);
    Event event;
    event.type = *QName::parse("{a}b");
    event.source = "//x";
    event.data.assign(size, 'x');
    const auto out = k.client.publish(event, k.clock.now());
    if (notice<Failed>(out) != nullptr) break;
    BOOST_CHECK_LT(size, 1100U);
    BOOST_CHECK_LE(out.send.at(0).size(), 1200U);
    (void)sent_at(out);
  }
}

BOOST_AUTO_TEST_SUITE_END()
