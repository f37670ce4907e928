// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/keyed_client.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

// A client renews from another place than it registered from: what it may, and what a third party
// must not.
using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

const Endpoint client(boost::asio::ip::make_address("192.0.2.7"), 9000);
const Endpoint moved = client.with_port(9001);
const Endpoint third_party(boost::asio::ip::make_address("8.8.8.8"), 9000);

struct Fixture : ServerFixture {
  using ServerFixture::ServerFixture;

  Message renew(const Endpoint& from, const std::string& id,
                std::optional<std::string> deliver_to = {}) {
    auto request = registration(from, "n" + std::to_string(++tags_));
    request.add("Subscription", id);
    if (deliver_to) request.add("Deliver-To", *deliver_to);
    return ask(from, request);
  }
  SubscriptionRef served(const std::string& id) { return subscriptions.served.at(id); }
  // Where the next event of that subscription goes.
  Send event_of(const std::string& id) {
    (void)deliver(event_delivery(served(id), ++numbers_));
    BOOST_REQUIRE_EQUAL(sent.size(), 1U);
    return sent[0];
  }

 private:
  unsigned tags_ = 0;
  std::uint64_t numbers_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_moved_client_tests)

// ---- third parties

BOOST_AUTO_TEST_CASE(a_renewal_moves_nothing_without_a_cookie_of_the_new_address) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  for (const auto& cookie : {std::string(), f.cookie(client), f.cookie(third_party)}) {
    auto forged = make_message(Kind::register_, "f" + std::to_string(cookie.size()));
    forged.add("Period", 600U).add("Subscription", id);
    if (!cookie.empty()) forged.add("Cookie", cookie);
    const auto octets = serialize(forged);
    const auto replies = f.tell(moved, octets);
    BOOST_REQUIRE_EQUAL(f.sent.size(), 1U);
    BOOST_CHECK(parse(replies.at(0))->code == Code::noaccess);
    BOOST_CHECK_LE(replies[0].size(), 3 * octets.size());
    f.pass(std::chrono::seconds{1});
  }
  BOOST_CHECK_EQUAL(f.subscriptions.moves + f.subscriptions.renewals, 0U);
  BOOST_CHECK(f.event_of(id).to.address == client);
}

BOOST_AUTO_TEST_CASE(another_host_does_not_get_the_events_though_it_knows_the_id) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  BOOST_CHECK(f.renew(third_party, id).code == Code::notfound);
  BOOST_CHECK(f.renew(third_party, id, to_uri(third_party)).code == Code::notfound);
  BOOST_CHECK(f.renew(third_party, id, to_uri(client)).code == Code::notfound);
  BOOST_CHECK(f.event_of(id).to.address == client);
  BOOST_CHECK_EQUAL(f.subscriptions.moves + f.subscriptions.renewals, 0U);
}

BOOST_AUTO_TEST_CASE(the_host_alone_does_not_get_the_events_without_the_id) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  auto guess = id;
  guess.back() = guess.back() == '7' ? '8' : '7';
  BOOST_CHECK(f.renew(moved, guess).code == Code::notfound);
  BOOST_CHECK(f.event_of(id).to.address == client);
}

BOOST_AUTO_TEST_CASE(a_renewal_directs_events_to_no_address_but_its_own) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  for (const auto* victim : {"sense://192.0.2.7:9001", "sense://192.0.2.8:9000",
                             "sense://127.0.0.1:9000", "sense://[2001:db8::1]:9000"})
    BOOST_CHECK_MESSAGE((f.renew(client, id, victim).code == Code::notfound), victim);
  BOOST_CHECK(f.renew(client, id, "sense://nonsense").code == Code::badparam);
  BOOST_CHECK_EQUAL(f.subscriptions.moves + f.subscriptions.renewals, 0U);
  BOOST_CHECK(f.event_of(id).to.address == client);
}

BOOST_AUTO_TEST_CASE(a_served_address_does_not_take_the_subscription_of_another) {
  Fixture f;
  auto request = f.registration(client);
  request.add("Deliver-To", to_uri(third_party));
  const std::string id(f.ask(client, request).text("Subscription"));
  BOOST_CHECK(f.renew(third_party, id).code == Code::noerror);
  // From another port of that host the events cannot follow: it may register itself.
  BOOST_CHECK(f.renew(third_party.with_port(9001), id).code == Code::notfound);
  BOOST_CHECK(f.renew(third_party.with_port(9001), id, to_uri(third_party.with_port(9001))).code ==
              Code::notfound);
  BOOST_CHECK_EQUAL(f.served(id)->owner, to_uri(client));
  BOOST_CHECK_EQUAL(f.served(id)->callback, to_uri(third_party));
}

BOOST_AUTO_TEST_CASE(moves_do_not_exceed_what_one_client_may_have) {
  Limits limits;
  limits.max_subscriptions_per_client = 2;
  limits.max_subscriptions = 5;
  Fixture f(limits);
  std::vector<std::string> ids;
  for (std::uint16_t i = 0; i < 5; ++i)
    ids.push_back(f.subscribe(client.with_port(static_cast<std::uint16_t>(9100 + i)))->id);
  // The server is full, and a move takes no room.
  BOOST_CHECK(f.renew(moved, ids[0]).code == Code::noerror);
  BOOST_CHECK(f.renew(moved, ids[1]).code == Code::noerror);
  BOOST_CHECK(f.renew(moved, ids[2]).code == Code::nomoreroom);
  BOOST_CHECK(f.renew(moved, ids[0]).code == Code::noerror);
  BOOST_CHECK_EQUAL(f.subscriptions.moves, 2U);
}

// ---- the client

BOOST_AUTO_TEST_CASE(a_client_at_another_port_is_served_there_from_its_renewal_on) {
  const std::vector<std::pair<Endpoint, Endpoint>> places = {
      {client, moved},
      {Endpoint(boost::asio::ip::make_address("2001:db8::7"), 9000),
       Endpoint(boost::asio::ip::make_address("2001:db8::7"), 9001)},
      {Endpoint(boost::asio::ip::make_address("127.0.0.1"), 9000),
       Endpoint(boost::asio::ip::make_address("::ffff:127.0.0.1"), 9001)},
      {Endpoint::at_ipx(42, 0x0a000001, 0x4001), Endpoint::at_ipx(42, 0x0a000001, 0x4002)},
      {Endpoint::at_ddp(12, 34, 129), Endpoint::at_ddp(12, 34, 130)}};
  for (const auto& [before, after] : places) {
    BOOST_TEST_CONTEXT(to_uri(before)) {
      Fixture f;
      const auto subscription = f.subscribe(before);
      const auto& id = subscription->id;
      const auto attempt_id = f.deliver(f.event_delivery(subscription, 7));
      const auto reply = f.renew(after, id);
      BOOST_CHECK(reply.code == Code::noerror);
      BOOST_CHECK_EQUAL(reply.text("Subscription"), id);
      BOOST_CHECK_EQUAL(reply.text("Deliver-To"), to_uri(after));
      BOOST_CHECK(registered_itself(*f.served(id)));
      // What was on its way to the former port comes again, to the new one.
      f.perform(f.server->forget(id));
      BOOST_REQUIRE(f.attempt(attempt_id));
      BOOST_CHECK(f.attempt(attempt_id)->outcome == Attempt::Outcome::retry);
      BOOST_CHECK(f.event_of(id).to.address == after);
      (void)f.ack(before, id, "1");
      BOOST_CHECK(!f.attempt(f.last_attempt_id));
      (void)f.ack(after, id, "1");
      BOOST_REQUIRE(f.attempt(f.last_attempt_id));
      BOOST_CHECK(f.attempt(f.last_attempt_id)->outcome == Attempt::Outcome::delivered);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_client_may_move_as_often_as_it_likes_and_come_back) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  for (const auto& place : {moved, client, client, moved}) {
    BOOST_CHECK_EQUAL(f.renew(place, id).text("Deliver-To"), to_uri(place));
    BOOST_CHECK(f.event_of(id).to.address == place);
  }
  BOOST_CHECK_EQUAL(f.subscriptions.moves, 3U);
  BOOST_CHECK_EQUAL(f.subscriptions.renewals, 1U);
}

BOOST_AUTO_TEST_CASE(a_restarted_server_and_one_whose_replica_is_late_move_as_well) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  f.restart();
  f.subscriptions.lagging = true;
  BOOST_CHECK_EQUAL(f.renew(moved, id).text("Deliver-To"), to_uri(moved));
  f.subscriptions.lagging = false;
  BOOST_CHECK(f.event_of(id).to.address == moved);
}

BOOST_AUTO_TEST_CASE(a_repeated_renewal_moves_once) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  auto request = f.registration(moved, "n");
  request.add("Subscription", id);
  const auto first = f.tell(moved, serialize(request));
  BOOST_TEST(f.tell(moved, serialize(request)) == first, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(f.subscriptions.moves, 1U);
}

BOOST_AUTO_TEST_CASE(of_two_places_that_race_one_is_served_and_the_other_is_refused) {
  Fixture f;
  const auto id = f.subscribe(client)->id;
  const auto other = client.with_port(9002);
  std::vector<Actions> both;
  for (const auto& place : {moved, other}) {
    auto request = f.registration(place, "n");
    request.add("Subscription", id);
    both.push_back(
        f.server->on_datagram(serialize(request), {place, f.listener_of(place)}, f.clock.now()));
  }
  f.sent.clear();
  for (auto& actions : both) f.perform(std::move(actions));
  f.settle();
  BOOST_CHECK(parse(f.octets_to(moved).at(0))->code == Code::noerror);
  BOOST_CHECK(parse(f.octets_to(other).at(0))->code == Code::notfound);
  BOOST_CHECK(f.event_of(id).to.address == moved);
}

BOOST_AUTO_TEST_CASE(events_leave_from_the_listener_that_was_asked_last) {
  Fixture f;
  f.listeners.push_back({"192.0.2.1:7368", TransportKind::ipv4});
  f.restart();
  const auto id = f.subscribe(client)->id;
  BOOST_CHECK_EQUAL(f.event_of(id).to.listener, 0U);
  auto request = f.registration(client, "n");
  request.add("Subscription", id);
  f.perform(
      f.server->on_datagram(serialize(request), {client, f.listeners.size() - 1}, f.clock.now()));
  f.settle();
  BOOST_CHECK_EQUAL(f.event_of(id).to.listener, f.listeners.size() - 1);
  BOOST_CHECK(registered_itself(*f.served(id)));
}

BOOST_AUTO_TEST_CASE(a_path_is_served_again_when_it_is_bound_anew_and_another_path_is_not) {
  Fixture f;
  const auto path = Endpoint::at_path("/run/client.sock");
  const auto id = f.subscribe(path)->id;
  f.restart();
  BOOST_CHECK_EQUAL(f.renew(path, id).text("Deliver-To"), "sense:///run/client.sock");
  BOOST_CHECK(f.renew(Endpoint::at_path("/run/client2.sock"), id).code == Code::notfound);
  BOOST_CHECK(f.event_of(id).to.address == path);
}

BOOST_AUTO_TEST_CASE(a_deliver_to_elsewhere_stays_when_its_owner_renews_and_the_reply_says_so) {
  Fixture f;
  auto request = f.registration(client);
  request.add("Deliver-To", to_uri(third_party));
  const auto registered = f.ask(client, request);
  BOOST_CHECK_EQUAL(registered.text("Deliver-To"), to_uri(third_party));
  const std::string id(registered.text("Subscription"));
  for (const auto& from : {client, moved}) {
    BOOST_CHECK_EQUAL(f.renew(from, id).text("Deliver-To"), to_uri(third_party));
    BOOST_CHECK_EQUAL(f.renew(from, id, to_uri(third_party)).text("Deliver-To"),
                      to_uri(third_party));
  }
  BOOST_CHECK_EQUAL(f.served(id)->callback, to_uri(third_party));
  // Its owner may take it to where it is itself.
  BOOST_CHECK_EQUAL(f.renew(moved, id, to_uri(moved)).text("Deliver-To"), to_uri(moved));
  BOOST_CHECK(registered_itself(*f.served(id)));
}

BOOST_AUTO_TEST_CASE(with_the_key_a_client_is_served_at_any_host_and_kind_of_address) {
  Extras extras;
  extras.keys = {make_shared_key("hp4"), make_shared_key("other")};
  Fixture f({}, {}, extras);
  KeyedClient before{f, client, extras.keys[0]};
  auto registration = before.request(Kind::register_);
  const std::string id(before.ask(registration).text("Subscription"));
  const auto renewal_of = [&](KeyedClient& sender) {
    auto renewal = sender.request(Kind::register_);
    renewal.add("Subscription", id);
    return sender.ask(renewal);
  };
  KeyedClient wrong{f, moved, extras.keys[1]};
  BOOST_CHECK(renewal_of(wrong).code == Code::notfound);
  BOOST_CHECK(f.renew(moved, id).code == Code::notfound);
  // From one with DTLS to one without, too: the key decides, not what hides the messages.
  const auto over_dtls = *endpoint_of("sense+dtls://192.0.2.99:9000");
  for (const auto& place : {third_party, Endpoint::at_path("/run/hp4.sock"), over_dtls, moved}) {
    KeyedClient after{f, place, extras.keys[0]};
    BOOST_CHECK_EQUAL(renewal_of(after).text("Deliver-To"), to_uri(place));
    BOOST_CHECK_EQUAL(f.served(id)->owner, "key:hp4");
    BOOST_CHECK(registered_itself(*f.served(id)));
    if (!place.dtls()) BOOST_CHECK(f.event_of(id).to.address == place);
  }
  const Endpoint link_local(boost::asio::ip::make_address("fe80::7%2"), 9000);
  KeyedClient nowhere{f, link_local, extras.keys[0]};
  BOOST_CHECK(renewal_of(nowhere).code == Code::addrnotavail);
  BOOST_CHECK(f.event_of(id).to.address == moved);
}

BOOST_AUTO_TEST_SUITE_END()
