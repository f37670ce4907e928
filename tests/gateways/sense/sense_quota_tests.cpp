// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/quota.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

BOOST_AUTO_TEST_SUITE(sense_quota_tests)

BOOST_AUTO_TEST_CASE(creations_are_counted_exactly_and_forgotten_when_the_directory_has_them) {
  VirtualClock clock;
  FakeSubscriptions directory(clock);
  Limits limits;
  limits.max_subscriptions = 10;
  limits.max_subscriptions_per_client = 4;
  SubscriptionQuota admissions(limits, directory);
  const auto now = [&] { return clock.now().mono; };
  const auto claim = [](const std::string& callback) {
    return SubscriptionQuota::Claim{callback, callback, true};
  };
  directory.lagging = true;
  for (int i = 0; i < 4; ++i) {
    BOOST_CHECK(admissions.admit(claim("sense://a"), now()).has_value());
    admissions.begin(claim("sense://a"));
  }
  BOOST_CHECK(!admissions.admit(claim("sense://a"), now()).has_value());
  for (int i = 0; i < 4; ++i) {
    admissions.end(claim("sense://a"));
    if (i == 0) continue;  // one failed
    Subscription made;
    made.id = "s-" + std::to_string(i);
    made.callback = "sense://a";
    directory.put(made);
    admissions.granted(made.id, claim(made.callback), now());
  }
  BOOST_CHECK_EQUAL(admissions.size(), 3U);
  BOOST_CHECK(admissions.admit(claim("sense://a"), now()).has_value());
  directory.lagging = false;  // now it has them; they are not counted twice
  BOOST_CHECK(admissions.admit(claim("sense://a"), now()).has_value());
  BOOST_CHECK_EQUAL(admissions.size(), 0U);
  // A creation that never appears in the directory expires.
  directory.lagging = true;
  for (int i = 0; i < 10; ++i) {
    const auto made = claim("sense://" + std::to_string(i));
    BOOST_CHECK(admissions.admit(made, now()).has_value());
    admissions.begin(made);
    admissions.end(made);
    admissions.granted("s-x" + std::to_string(i), made, now());
  }
  BOOST_CHECK(!admissions.admit(claim("sense://more"), now()).has_value());
  clock.advance(std::chrono::seconds{11});
  BOOST_CHECK(admissions.admit(claim("sense://more"), now()).has_value());
  BOOST_CHECK_EQUAL(admissions.size(), 0U);
}

// A host has 64,512 ports, and with each max-subscriptions-per-client subscriptions.
BOOST_AUTO_TEST_CASE(one_host_takes_its_share_of_the_subscriptions_and_no_more) {
  for (const bool lagging : {false, true}) {
    Limits limits;
    limits.max_subscriptions = 64;
    limits.max_subscriptions_per_client = 4;
    limits.max_subscriptions_per_host = 16;
    ServerFixture fixture(limits);
    fixture.subscriptions.lagging = lagging;
    const auto granted = [&](const Endpoint& from, int i) {
      return fixture.ask(from, fixture.registration(from, "r" + std::to_string(i))).code ==
             Code::noerror;
    };
    const auto at = [](const std::string& host, int port) {
      return Endpoint(boost::asio::ip::make_address(host), static_cast<std::uint16_t>(port));
    };
    int loud = 0;
    for (int i = 0; i < 40; ++i) loud += granted(at("198.51.100.1", 2000 + i), i) ? 1 : 0;
    BOOST_CHECK_EQUAL(loud, 16);
    int network = 0;
    for (int i = 0; i < 40; ++i)
      network += granted(at("2001:db8::" + std::to_string(i + 1), 2000), i) ? 1 : 0;
    BOOST_CHECK_EQUAL(network, 16);
    BOOST_CHECK(granted(at("192.0.2.7", 9000), 1));
    // Others fill what is left to other machines; this one has an eighth.
    int others = 0;
    for (int i = 0; i < 60; ++i)
      others += granted(at("192.0.2." + std::to_string(100 + i), 9000), i) ? 1 : 0;
    BOOST_CHECK_EQUAL(others, 56 - 33);
    int local = 0;
    for (int i = 0; i < 40; ++i) local += granted(at("127.0.0.1", 3000 + i), i) ? 1 : 0;
    BOOST_CHECK_EQUAL(local, 8);
    BOOST_CHECK_EQUAL(fixture.counters["sense.subscriptions.no-room"], 24U + 24U + 37U + 32U);
  }
}

BOOST_AUTO_TEST_CASE(a_host_owns_its_share_wherever_the_events_go) {
  Limits limits;
  limits.max_subscriptions_per_host = 5;
  VirtualClock clock;
  FakeSubscriptions directory(clock);
  SubscriptionQuota quota(limits, directory);
  const auto now = clock.now().mono;
  for (int i = 0; i < 5; ++i) {
    Subscription made;
    made.id = "s-" + std::to_string(i);
    made.owner = "sense://198.51.100.1:" + std::to_string(2000 + i);
    made.callback = "sense://8.8.8." + std::to_string(i) + ":9000";
    BOOST_CHECK(quota.admit({made.callback, made.owner}, now));
    directory.put(made);
  }
  BOOST_CHECK(
      quota.admit({"sense://8.8.8.9:9000", "sense://198.51.100.1:2999"}, now).error().code ==
      Code::nomoreroom);
  BOOST_CHECK(quota.admit({"sense://8.8.8.9:9000", "sense://198.51.100.2:2000"}, now));
  // A client that comes back at another port takes no room; one that goes to a full host does.
  const auto& held = *directory.find("s-0");
  BOOST_CHECK(quota.admit_move({"sense://8.8.8.0:9001", held.owner}, held));
  for (int i = 10; i < 14; ++i) {
    Subscription made;
    made.id = "s-" + std::to_string(i);
    made.owner = made.callback = "sense://9.9.9.9:" + std::to_string(2000 + i);
    directory.put(made);
  }
  BOOST_CHECK(quota.admit_move({"sense://9.9.9.9:9000", held.owner}, held));
  Subscription last;
  last.id = "s-last";
  last.owner = last.callback = "sense://9.9.9.9:1999";
  directory.put(last);
  BOOST_CHECK(!quota.admit_move({"sense://9.9.9.9:9000", held.owner}, held));
}

BOOST_AUTO_TEST_SUITE_END()
