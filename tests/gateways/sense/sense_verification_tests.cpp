// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

const Endpoint requester(boost::asio::ip::make_address("8.8.4.4"), 9000);
const Endpoint target(boost::asio::ip::make_address("8.8.8.8"), 9100);
using Outcome = Verification::Outcome;

Message elsewhere(ServerFixture& fixture, const std::string& to, const std::string& tag = "r2") {
  auto message = fixture.registration(requester, tag);
  message.add("Deliver-To", to);
  return message;
}

// The host's part: a token, of which it keeps the hash only.
Verification ask(ServerFixture& fixture, const SubscriptionRef& pending, const std::string& token) {
  auto held = *pending;
  held.challenge_hash = sha256_hex(token);
  const auto subscription = fixture.subscriptions.put(held);
  Actions actions;
  const auto answer = fixture.server->verify(*subscription, token, fixture.clock.now(), actions);
  fixture.sent.clear();
  fixture.perform(std::move(actions));
  return answer;
}

std::string challenge(const std::string& id, const std::string& token) {
  return "SENSE/1 ACK a1\nSubscription: " + id + "\nChallenge: " + token + "\n\n";
}

struct Asked {
  ServerFixture fixture;
  std::string id;

  Asked() {
    const auto reply = fixture.ask(requester, elsewhere(fixture, "sense://8.8.8.8:9100"));
    BOOST_CHECK_EQUAL(reply.text("State"), "pending");
    id = std::string(reply.text("Subscription"));
    BOOST_CHECK(ask(fixture, fixture.subscriptions.served.at(id), "secret").outcome ==
                Outcome::asked);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_verification_tests)

BOOST_AUTO_TEST_CASE(delivery_elsewhere_is_pending_until_the_challenge_comes_back) {
  Asked asked;
  auto& fixture = asked.fixture;
  BOOST_CHECK(!fixture.subscriptions.requests.at(0).callback_proved);
  BOOST_REQUIRE_EQUAL(fixture.octets_to(target).size(), 1U);
  BOOST_CHECK_EQUAL(fixture.octets_to(target)[0],
                    "SENSE/1 VERIFY v1\nSubscription: " + asked.id + "\nChallenge: secret\n\n");
  fixture.tell(target, challenge(asked.id, "guessed"));
  fixture.tell(requester, challenge(asked.id, "secret"));
  fixture.tell(Endpoint(target.address(), 9101), challenge(asked.id, "secret"));
  BOOST_CHECK_EQUAL(fixture.subscriptions.confirmations_asked, 0U);
  fixture.tell(target, challenge(asked.id, "secret"));
  BOOST_CHECK_EQUAL(fixture.subscriptions.confirmed, 1U);
  fixture.tell(target, challenge(asked.id, "secret"));
  BOOST_CHECK_EQUAL(fixture.subscriptions.confirmed, 1U);
  fixture.pass(std::chrono::minutes{1});
  BOOST_CHECK(fixture.sent.empty());
}

BOOST_AUTO_TEST_CASE(silent_target_gets_three_small_datagrams_and_no_more) {
  Asked asked;
  std::size_t datagrams = asked.fixture.octets_to(target).size();
  asked.fixture.pass(std::chrono::hours{2});
  datagrams += asked.fixture.octets_to(target).size();
  BOOST_CHECK_EQUAL(datagrams, 3U);
  for (const auto& one : asked.fixture.octets_to(target)) BOOST_CHECK_LT(one.size(), 150U);
}

BOOST_AUTO_TEST_CASE(challenge_answered_after_a_restart_is_judged_by_the_host) {
  Asked asked;
  asked.fixture.restart();
  asked.fixture.tell(target, challenge(asked.id, "guessed"));
  asked.fixture.tell(requester, challenge(asked.id, "secret"));
  BOOST_CHECK_EQUAL(asked.fixture.subscriptions.confirmed, 0U);
  asked.fixture.tell(target, challenge(asked.id, "secret"));
  BOOST_CHECK_EQUAL(asked.fixture.subscriptions.confirmed, 1U);
}

BOOST_AUTO_TEST_CASE(own_address_as_deliver_to_needs_no_challenge) {
  ServerFixture fixture;
  const auto reply = fixture.ask(requester, elsewhere(fixture, "8.8.4.4:9000"));
  BOOST_CHECK(reply.code == Code::noerror);
  BOOST_CHECK(fixture.subscriptions.requests.at(0).callback_proved);
  BOOST_CHECK(registered_itself(*fixture.subscriptions.served.begin()->second));
}

BOOST_AUTO_TEST_CASE(other_port_of_the_same_host_has_to_be_asked) {
  ServerFixture fixture;
  const auto reply = fixture.ask(requester, elsewhere(fixture, "8.8.4.4:9001"));
  BOOST_CHECK_EQUAL(reply.text("State"), "pending");
  BOOST_CHECK(!registered_itself(*fixture.subscriptions.served.begin()->second));
}

BOOST_AUTO_TEST_CASE(targets_that_may_not_be_asked_are_refused_at_registration) {
  ServerFixture fixture;
  int tag = 0;
  for (const auto* to :
       {"255.255.255.255:9000", "224.0.0.1:9000", "[ff02::1]:9000", "0.0.0.0:9000", "8.8.8.8:53",
        "8.8.8.8:1023", "10.0.0.1:9000", "127.0.0.1:9000", "192.168.1.1:9000", "[::1]:9000",
        "[::ffff:10.0.0.1]:9000", "169.254.169.254:9000", "[fe80::1]:9000", "[fd00::1]:9000",
        "240.0.0.1:9000", "[64:ff9b::7f00:1]:9000"}) {
    const auto reply = fixture.ask(requester, elsewhere(fixture, to, "r" + std::to_string(++tag)));
    BOOST_CHECK_MESSAGE((reply.code == Code::addrnotavail || reply.code == Code::noaccess), to);
    BOOST_CHECK_MESSAGE(!reply.has("Cookie"), to);
  }
  BOOST_CHECK(fixture.subscriptions.requests.empty());
  BOOST_CHECK(fixture.ask(requester, elsewhere(fixture, "8.8.8.8:1024", "ok")).code ==
              Code::noerror);
}

BOOST_AUTO_TEST_CASE(verification_requested_by_another_gateway_obeys_the_same_rules) {
  ServerFixture fixture;
  Subscription subscription;
  subscription.id = "s-http";
  subscription.via = "http";
  subscription.owner = "alice";
  for (const auto* callback : {"sense://10.0.0.1:9000", "sense://224.0.0.1:9000",
                               "sense://8.8.8.8:53", "sense://host.example:9000"}) {
    subscription.callback = callback;
    const auto ref = fixture.subscriptions.put(subscription);
    const auto answer = ask(fixture, ref, "secret");
    BOOST_CHECK_MESSAGE((answer.outcome == Outcome::refused), callback);
    BOOST_CHECK(!answer.answer.empty());
    BOOST_CHECK_MESSAGE(fixture.sent.empty(), callback);
  }
}

BOOST_AUTO_TEST_CASE(one_address_is_asked_about_four_registrations_at_a_time) {
  ServerFixture fixture;
  for (int i = 0; i < 4; ++i) {
    Subscription subscription;
    subscription.id = "s-" + std::to_string(i);
    subscription.callback = "sense://8.8.8.8:" + std::to_string(9000 + i);
    BOOST_CHECK(ask(fixture, fixture.subscriptions.put(subscription), "t").outcome ==
                Outcome::asked);
  }
  const auto reply = fixture.ask(requester, elsewhere(fixture, "8.8.8.8:9100"));
  BOOST_CHECK(reply.code == Code::nomoreroom);
  BOOST_CHECK(fixture.octets_to(target).empty());
  fixture.pass(std::chrono::minutes{1});
  BOOST_CHECK(fixture.ask(requester, elsewhere(fixture, "8.8.8.8:9100", "r3")).code ==
              Code::noerror);
}

BOOST_AUTO_TEST_SUITE_END()
