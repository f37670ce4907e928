// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"
#include "tests/gateways/sense/keyed_client.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

using Outcome = Attempt::Outcome;

std::uint64_t count(ServerFixture& fixture, const char* name) {
  return fixture.counters[name].load();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_keyed_tests)

BOOST_AUTO_TEST_CASE(subscription_belongs_to_its_key_and_its_events_are_signed) {
  Keyed k;
  const auto subscription = k.client.subscribe();
  BOOST_CHECK_EQUAL(subscription->owner, "key:hp4");
  BOOST_CHECK_EQUAL(subscription->callback, "sense://10.1.2.3:9000");
  BOOST_CHECK(registered_itself(*subscription));  // so it is served in a range that is denied
  k.fixture.restart();
  auto gap = k.fixture.event_delivery(subscription, 2);
  gap->kind = Delivery::Kind::gap;
  gap->number_last = 3;
  auto ended = k.fixture.event_delivery(subscription, 0);
  ended->kind = Delivery::Kind::ended;
  for (const auto& delivery : {k.fixture.event_delivery(subscription, 1), gap, ended}) {
    (void)k.fixture.deliver(delivery);
    BOOST_REQUIRE_EQUAL(k.fixture.octets_to(home).size(), 1U);
    BOOST_CHECK(k.client.is_signed(k.fixture.octets_to(home)[0]));
  }
}

BOOST_AUTO_TEST_CASE(key_does_not_prove_an_address) {
  Keyed k;
  const auto before = k.fixture.server->state();
  for (const auto kind : {Kind::register_, Kind::cancel, Kind::publish, Kind::sources}) {
    auto message = make_message(kind, "t1");
    message.add("Period", 600U).add("Subscription", "s-1").add("Type", "{a}b").add("Source", "//x");
    const auto octets = k.client.octets(message);
    const auto reply = k.client.tell(octets);
    BOOST_REQUIRE(reply.has_value());
    BOOST_CHECK(reply->has("Cookie"));
    BOOST_CHECK_LE(k.fixture.octets_to(home)[0].size(), 3 * octets.size());
  }
  BOOST_CHECK(k.fixture.subscriptions.requests.empty());
  BOOST_CHECK_EQUAL(k.fixture.publisher.calls, 0U);
  BOOST_CHECK(k.fixture.server->state() == before);
}

BOOST_AUTO_TEST_CASE(wrong_and_unknown_keys_get_the_same_refusal_and_nothing_done) {
  Keyed k;
  const auto request = k.client.request(Kind::register_);
  const auto before = k.fixture.server->state();
  const auto refused = [&](const std::string& octets) {
    const auto replies = k.fixture.tell(home, octets);
    BOOST_REQUIRE_EQUAL(replies.size(), 1U);
    BOOST_CHECK_LE(replies[0].size(), 3 * octets.size());
    return replies[0];
  };
  const auto wall = k.fixture.clock.now().wall;
  const auto wrong = refused(sign(serialize(request), {"hp4", press.secret}, wall));
  const auto unknown = refused(sign(serialize(request), {"hp5", hp4.secret}, wall));
  auto changed = k.client.octets(request);
  changed.replace(changed.find("Period: 600"), 11, "Period: 601");
  BOOST_CHECK_EQUAL(wrong, unknown);
  BOOST_CHECK_EQUAL(refused(changed), wrong);
  BOOST_CHECK(parse(wrong)->code == Code::noaccess);
  BOOST_CHECK(!parse(wrong)->has("Cookie"));
  BOOST_CHECK(!is_keyed(*parse(wrong)));
  BOOST_CHECK_EQUAL(count(k.fixture, "sense.keys.refused"), 3U);
  // For the records, as a client that has proved no key.
  BOOST_REQUIRE_EQUAL(k.fixture.refused.size(), 3U);
  for (const auto& refusal : k.fixture.refused) {
    BOOST_CHECK(!refusal.client.proof.has_value());
    BOOST_CHECK_EQUAL(refusal.request, "REGISTER");
    BOOST_CHECK(refusal.error.code == Code::noaccess);
  }
  BOOST_CHECK(k.fixture.subscriptions.requests.empty());
  BOOST_CHECK(k.fixture.server->state() == before);
  BOOST_CHECK(k.client.ask(request).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(keyed_message_without_its_three_properties_is_malformed) {
  Keyed k;
  const auto cookie = k.fixture.cookie(home);
  for (const auto* trailer : {"Key: hp4\n", "Mac: x\n", "Key: hp4\nMac: x\n",
                              "Time: 2023-11-14T22:13:20Z\nMac: x\nKey: hp4\n"}) {
    const auto reply = parse(k.fixture
                                 .tell(home, "SENSE/1 REGISTER r1\nPeriod: 600\nCookie: " + cookie +
                                                 "\n" + trailer + "\n")
                                 .at(0));
    BOOST_CHECK_MESSAGE((reply->code == Code::protoerror), trailer);
  }
  BOOST_CHECK(k.fixture.subscriptions.requests.empty());
}

BOOST_AUTO_TEST_CASE(repeat_from_the_same_address_gets_the_reply_again_with_a_new_mac) {
  Keyed k;
  const auto request = k.client.request(Kind::register_);
  const auto octets = k.client.octets(request);
  const auto first = k.client.tell(octets);
  k.fixture.pass(std::chrono::seconds{30});
  const auto same = k.client.tell(octets);
  const auto signed_anew = k.client.ask(request);
  for (const auto& reply : {*same, signed_anew}) {
    BOOST_CHECK_EQUAL(reply.text("Subscription"), first->text("Subscription"));
    BOOST_CHECK_NE(reply.text("Time"), first->text("Time"));
  }
  BOOST_CHECK_EQUAL(k.fixture.subscriptions.requests.size(), 1U);
  BOOST_CHECK_EQUAL(count(k.fixture, "sense.keys.refused"), 0U);
}

BOOST_AUTO_TEST_CASE(reply_to_a_key_is_given_to_no_other_key_and_not_without_one) {
  Keyed k;
  const auto request = k.client.request(Kind::register_);
  const auto first = k.client.ask(request);
  KeyedClient other{k.fixture, home, press};
  const auto theirs = other.ask(request);
  const auto plain = k.fixture.ask(home, request);
  BOOST_CHECK_NE(theirs.text("Subscription"), first.text("Subscription"));
  BOOST_CHECK_NE(plain.text("Subscription"), first.text("Subscription"));
  BOOST_CHECK_EQUAL(k.fixture.subscriptions.requests.size(), 3U);
}

BOOST_AUTO_TEST_CASE(keyed_acknowledgement_counts_from_anywhere_and_others_do_not) {
  Keyed k;
  const auto subscription = k.client.subscribe();
  const auto attempt_id = k.fixture.deliver(k.fixture.event_delivery(subscription, 1));
  KeyedClient moved{k.fixture, away, hp4};
  KeyedClient other{k.fixture, home, press};
  KeyedClient forger{k.fixture, home, {"hp4", press.secret}};
  k.fixture.ack(away, subscription->id, "1");
  KeyedClient{k.fixture, away, press}.ack(subscription->id, "1");
  forger.ack(subscription->id, "1");
  BOOST_CHECK(!k.fixture.attempt(attempt_id).has_value());
  moved.ack(subscription->id, "1");
  BOOST_REQUIRE(k.fixture.attempt(attempt_id).has_value());
  BOOST_CHECK(k.fixture.attempt(attempt_id)->outcome == Outcome::delivered);
  // From the address that is served no Mac is needed, unless the listener says so.
  const auto second = k.fixture.deliver(k.fixture.event_delivery(subscription, 2));
  k.fixture.ack(home, subscription->id, "2");
  BOOST_CHECK(k.fixture.attempt(second).has_value());
  const auto third = k.fixture.deliver(k.fixture.event_delivery(subscription, 3));
  other.ack(subscription->id, "3");  // it is at the address that is served
  BOOST_CHECK(k.fixture.attempt(third).has_value());
}

BOOST_AUTO_TEST_CASE(where_a_key_is_required_acknowledgements_of_keyed_subscriptions_need_it) {
  auto extras = with_keys();
  extras.policies.resize(1);
  extras.policies[0].key_required = true;
  ServerFixture fixture({}, {}, extras);
  KeyedClient client{fixture, home, hp4};
  const auto subscription = client.subscribe();
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  fixture.ack(home, subscription->id, "1");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  client.ack(subscription->id, "1");
  BOOST_CHECK(fixture.attempt(attempt_id).has_value());
  // One that was made before keys were required goes on until its lease ends.
  auto unkeyed = *subscription;
  unkeyed.id = "s-before";
  unkeyed.owner = unkeyed.callback;
  const auto before =
      fixture.deliver(fixture.event_delivery(fixture.subscriptions.put(unkeyed), 1));
  fixture.ack(home, unkeyed.id, "1");
  BOOST_CHECK(fixture.attempt(before).has_value());
}

BOOST_AUTO_TEST_CASE(acknowledgement_too_old_or_too_early_counts_for_nothing) {
  Keyed k;
  const auto subscription = k.client.subscribe();
  const auto attempt_id = k.fixture.deliver(k.fixture.event_delivery(subscription, 1));
  auto ack = make_message(Kind::ack, "a");
  ack.add("Subscription", subscription->id).add("Number", "1");
  for (const auto ahead : {std::chrono::seconds{61}, -std::chrono::seconds{61}})
    BOOST_CHECK(!k.client.tell(k.client.octets(ack, ahead)).has_value());
  BOOST_CHECK(!k.fixture.attempt(attempt_id).has_value());
  BOOST_CHECK(!k.client.tell(k.client.octets(ack)).has_value());
  BOOST_CHECK(k.fixture.attempt(attempt_id).has_value());
}

BOOST_AUTO_TEST_CASE(renewal_and_cancellation_need_the_key_and_no_particular_address) {
  Keyed k;
  const auto subscription = k.client.subscribe();
  KeyedClient other{k.fixture, home, press};
  KeyedClient moved{k.fixture, abroad, hp4};
  for (const auto kind : {Kind::register_, Kind::cancel}) {
    auto plain = make_message(kind, "p" + std::to_string(static_cast<int>(kind)));
    plain.add("Period", 60U).add("Subscription", subscription->id);
    plain.add("Cookie", k.fixture.cookie(home));
    BOOST_CHECK(k.fixture.ask(home, plain).code == Code::notfound);
    auto theirs = other.request(kind);
    theirs.add("Subscription", subscription->id);
    BOOST_CHECK(other.ask(theirs).code == Code::notfound);
  }
  BOOST_CHECK_EQUAL(k.fixture.subscriptions.renewals, 0U);
  auto renewal = moved.request(Kind::register_);
  renewal.add("Subscription", subscription->id);
  BOOST_CHECK(moved.ask(renewal).code == Code::noerror);
  BOOST_CHECK_EQUAL(k.fixture.subscriptions.moves, 1U);
  auto cancel = moved.request(Kind::cancel);
  cancel.add("Subscription", subscription->id);
  BOOST_CHECK(moved.ask(cancel).code == Code::noerror);
  BOOST_CHECK(k.fixture.subscriptions.served.empty());
}

BOOST_AUTO_TEST_CASE(subscription_of_a_key_that_is_gone_gets_nothing_until_it_is_back) {
  Keyed k;
  const auto subscription = k.client.subscribe();
  k.fixture.server->set_keys({press});
  const auto attempt_id = k.fixture.deliver(k.fixture.event_delivery(subscription, 1));
  BOOST_CHECK(k.fixture.sent.empty());
  BOOST_REQUIRE(k.fixture.attempt(attempt_id).has_value());
  BOOST_CHECK(k.fixture.attempt(attempt_id)->outcome == Outcome::retry);
  const auto refused = k.fixture.tell(home, k.client.octets(k.client.request(Kind::sources)));
  BOOST_CHECK(parse(refused.at(0))->code == Code::noaccess);
  k.fixture.server->set_keys({press, hp4});
  (void)k.fixture.deliver(k.fixture.event_delivery(subscription, 1));
  BOOST_REQUIRE_EQUAL(k.fixture.octets_to(home).size(), 1U);
  BOOST_CHECK(k.client.is_signed(k.fixture.octets_to(home)[0]));
  // A new secret holds at once.
  k.fixture.server->set_keys({press, {"hp4", press.secret}});
  (void)k.fixture.deliver(k.fixture.event_delivery(subscription, 2));
  BOOST_CHECK(!k.client.is_signed(k.fixture.octets_to(home).at(0)));
}

BOOST_AUTO_TEST_CASE(request_whose_key_goes_while_it_is_worked_on_is_not_answered) {
  Keyed k;
  auto publish = k.client.request(Kind::publish);
  publish.add("Type", "{a}b").add("Source", "//x");
  BOOST_CHECK(k.fixture.tell(home, k.client.octets(publish), false).empty());
  k.fixture.server->set_keys({});
  k.fixture.settle();
  BOOST_CHECK(k.fixture.octets_to(home).empty());
  BOOST_CHECK_EQUAL(k.fixture.server->state().pending, 0U);
}

BOOST_AUTO_TEST_CASE(signed_datagrams_are_no_longer_than_others_may_be) {
  Keyed k;
  const auto subscription = k.client.subscribe();
  for (std::size_t size = 700; size < 1100; ++size) {
    (void)k.fixture.deliver(k.fixture.event_delivery(subscription, 1, std::string(size, 'x')));
    const auto octets = k.fixture.octets_to(home).at(0);
    BOOST_REQUIRE(octets.size() <= 1200U);
    BOOST_REQUIRE(k.client.is_signed(octets));
    if (!parse(octets)->truncated_length) continue;
    BOOST_CHECK_GT(size, 750U);
    return;
  }
  BOOST_CHECK_MESSAGE(false, "nothing was truncated");
}

BOOST_AUTO_TEST_CASE(signed_lists_are_paged_without_loss) {
  Keyed k;
  for (int i = 0; i < 200; ++i)
    k.fixture.subscriptions.known_sources.push_back("//site.example/device-" +
                                                    std::to_string(1000 + i));
  std::vector<std::string> seen;
  for (int page = 0; page < 50; ++page) {
    auto request = k.client.request(Kind::sources);
    if (!seen.empty()) request.add("After", seen.back());
    const auto octets = k.fixture.tell(home, k.client.octets(request));
    BOOST_CHECK_LE(octets.at(0).size(), 1200U);
    BOOST_CHECK(k.client.is_signed(octets[0]));
    const auto reply = *parse(octets[0]);
    for (const auto line : split(reply.data, '\n'))
      if (!line.empty()) seen.emplace_back(line);
    if (reply.text("More") != "yes") break;
  }
  BOOST_TEST(seen == k.fixture.subscriptions.known_sources, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(event_keeps_its_own_time_beside_that_of_its_sending) {
  Keyed k;
  auto publish = k.client.request(Kind::publish);
  publish.add("Type", "{a}b").add("Source", "//x").add("Time", "2020-01-01T00:00:00Z");
  BOOST_CHECK(k.client.ask(publish).code == Code::noerror);
  BOOST_CHECK_EQUAL(to_rfc3339(*k.fixture.publisher.events.at(0).time), "2020-01-01T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(deliver_to_elsewhere_has_to_agree_although_the_requester_has_a_key) {
  Keyed k;
  auto request = k.client.request(Kind::register_);
  request.add("Deliver-To", "sense://8.8.8.8:9100");
  BOOST_CHECK_EQUAL(k.client.ask(request).text("State"), "pending");
  BOOST_CHECK(!registered_itself(*k.fixture.subscriptions.served.begin()->second));
}

BOOST_AUTO_TEST_CASE(only_this_gateway_makes_subscriptions_that_registered_themselves) {
  Subscription subscription;
  subscription.owner = "key:hp4";
  subscription.via = "sense";
  subscription.callback = "sense://10.1.2.3:9000";
  BOOST_CHECK(!registered_itself(subscription));
  subscription.labels.emplace(registered_from_label, "sense://10.1.2.3:9001");
  BOOST_CHECK(!registered_itself(subscription));
  subscription.labels.find(registered_from_label)->second = subscription.callback;
  BOOST_CHECK(registered_itself(subscription));
  subscription.via = "http";
  BOOST_CHECK(!registered_itself(subscription));
  subscription.via = "sense";
  subscription.owner = "anonymous";
  BOOST_CHECK(!registered_itself(subscription));
}

BOOST_AUTO_TEST_SUITE_END()
