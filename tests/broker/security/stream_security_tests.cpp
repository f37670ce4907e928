// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/secured_broker.hpp"

// Rights on the live stream, at the socket of a real broker, over tcp:// with CURVE.
using namespace sense;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

using Steady = SecuredBroker::Steady;
using Principals = SecuredBroker::Principals;

}  // namespace

BOOST_AUTO_TEST_SUITE(stream_security_tests)

BOOST_AUTO_TEST_CASE(subscriptions_outside_ones_rights_bring_nothing) {
  SecuredBroker secured(Principals{{"shop", "subscribe: [\"{urn:a}one\"]"}});
  secured.broker().start();
  KeySubscriber live(secured, "shop", {"", "{", "{urn:a}", "{urn:b}", "{urn:b}one ", "news"});
  Client local(secured.broker());
  Plain foreign(secured.broker());
  (void)local.publish(
      {encoded_event("1"), encoded_event("2", "{urn:b}one"), encoded_event("3", "{urn:a}two")});
  foreign.send({"news", "x"});
  while (local.parameter("counter.broker.plain.forwarded") != "1") {
  }
  live.next_watermark();
  live.next_watermark();  // all that was before it would have come before it, but for watermarks
  BOOST_CHECK_EQUAL(local.parameter("counter.broker.subscriptions.refused"), "6");
  // What it may hear comes when it asks for that.
  live.socket().set(zmq::sockopt::subscribe, "{urn:a}one ");
  for (int i = 10; !live.hears(0ms) || live.receive()[0] == bus::watermark_topic; ++i)
    (void)local.publish(
        {encoded_event(std::to_string(i)), encoded_event(std::to_string(-i), "{urn:b}one")});
}

BOOST_AUTO_TEST_CASE(revoked_right_to_subscribe_ends_an_open_subscription_within_a_second) {
  const auto both = "subscribe: [\"{urn:a}*\"]"s;
  SecuredBroker secured(Principals{{"shop", both}, {"other", both}});
  secured.broker().start();
  Client local(secured.broker());
  KeySubscriber shop(secured, "shop", {"{urn:a}"});
  KeySubscriber other(secured, "other", {"{urn:a}"});
  int id = 0;
  // Publishes until a subscriber has heard an event, or the time is over.
  const auto heard = [&](KeyPeer& peer, Steady::time_point until) {
    while (Steady::now() < until) {
      (void)local.publish({encoded_event(std::to_string(++id))});
      while (peer.hears(5ms))
        if (peer.receive()[0] != bus::watermark_topic) return true;
    }
    return false;
  };
  BOOST_REQUIRE(heard(shop, Steady::now() + 20s));
  secured.allow({{"shop", "subscribe: []"}, {"other", both}});
  const auto revoked = Steady::now();
  auto last = revoked;
  while (heard(shop, revoked + 1500ms)) last = Steady::now();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(last - revoked);
  BOOST_TEST_MESSAGE("revoked after " << took.count() << " ms");
  BOOST_CHECK_LE(took.count(), 1000);
  // Others continue, and a principal that is allowed again need not reconnect.
  BOOST_CHECK(heard(other, Steady::now() + 20s));
  secured.allow({{"shop", both}, {"other", both}});
  BOOST_CHECK(heard(shop, Steady::now() + 20s));
}

BOOST_AUTO_TEST_CASE(too_many_subscriptions_suspend_their_principal_only) {
  SecuredBroker secured(
      Principals{{"shop", "subscribe: [\"{urn:a}*\"]"}, {"other", "subscribe: [\"*\"]"}},
      [](BrokerConfig& config) {
        BOOST_REQUIRE(config.settings.set("prefixes-per-principal-max", "100"));
      });
  secured.broker().start();
  KeySubscriber other(secured, "other", {"{"});
  KeySubscriber greedy(secured, "shop", {});
  Client local(secured.broker());
  for (int i = 0; i < 300; ++i)
    greedy.socket().set(zmq::sockopt::subscribe, "{urn:a}x" + std::to_string(i));
  // It subscribes to all of them again when it is counted anew, and is then kept off.
  // Its socket does so when it is looked at.
  while (std::stoi("0" + local.parameter("counter.broker.subscriptions.excess")) < 2)
    (void)greedy.hears(0ms);
  while (greedy.hears(600ms)) (void)greedy.receive();  // a heartbeat each 500 ms
  other.next_watermark();
}

BOOST_AUTO_TEST_CASE(a_message_that_is_no_subscription_gives_no_peer_a_subscription) {
  SecuredBroker secured(
      {{"bad", "subscribe: [\"{urn:b}*\"]"}, {"good", "subscribe: [\"{urn:a}*\"]"}});
  secured.broker().start();
  Client local(secured.broker());
  KeyPeer bad(zmq::socket_type::xsub, secured.tcp().events, secured.keys("bad"),
              secured.public_key());
  bad.send({"\x01"s + std::string(bus::watermark_topic)});
  (void)bad.receive();
  std::vector<std::unique_ptr<KeySubscriber>> good;
  int id = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 50; ++i) bad.send({"foreign"});
    bad.send({"\x01{urn:a}"});
    good.push_back(std::make_unique<KeySubscriber>(secured, "good", std::vector{"{urn:a}"s}));
    (void)local.publish({encoded_event(std::to_string(++id))});
    while (bad.hears(10ms)) {
      const auto frames = bad.receive();
      BOOST_CHECK_EQUAL(frames[0], bus::watermark_topic);
    }
  }
  while (std::stoi("0" + local.parameter("counter.broker.subscriptions.foreign")) < 1) {
  }
}

BOOST_AUTO_TEST_CASE(peers_that_subscribe_and_go_at_once_do_no_harm) {
  SecuredBroker secured(Principals{{"shop", "subscribe: [\"{urn:a}*\"]"}});
  secured.broker().start();
  Client local(secured.broker());
  KeySubscriber stays(secured, "shop", {"{urn:a}"});
  for (int i = 0; i < 200; ++i) {
    Peer hasty(zmq::socket_type::sub, secured.broker().endpoints().events);
    KeyPeer hastier(zmq::socket_type::sub, secured.tcp().events, secured.keys("shop"),
                    secured.public_key(), {"{urn:a}", "{urn:a}one ", "{urn:b}"});
    if (i % 2 == 0) (void)hastier.hears(2ms);
    (void)local.publish({encoded_event(std::to_string(i))});
  }
  BOOST_TEST_MESSAGE("the live stream was replaced "
                     << local.parameter("counter.broker.events.rebound") << " times");
  stays.next_watermark();
  int id = 1000;
  while (!stays.hears(5ms) || stays.receive()[0] == bus::watermark_topic)
    (void)local.publish({encoded_event(std::to_string(++id))});
}

BOOST_AUTO_TEST_SUITE_END()
