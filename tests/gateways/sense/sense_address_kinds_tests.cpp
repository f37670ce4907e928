// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/cookies.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

// The server with each kind of address, without a socket.

namespace {

const auto path = Endpoint::at_path("/run/client.sock");
const auto ipx = Endpoint::at_ipx(42, 0x08080808, 0x4001);
const auto ddp = Endpoint::at_ddp(12, 34, 129);
const Endpoint four(boost::asio::ip::make_address("8.8.4.4"), 9000);
const Endpoint six(boost::asio::ip::make_address("2606:4700::1"), 9000);
const std::vector<Endpoint> kinds = {four, six, path, ipx, ddp};

Message register_elsewhere(ServerFixture& fixture, const Endpoint& from, const std::string& to) {
  static unsigned tags = 0;
  auto message = fixture.registration(from, "t" + std::to_string(++tags));
  message.add("Deliver-To", to);
  return fixture.ask(from, message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_address_kinds_tests)

BOOST_AUTO_TEST_CASE(cookie_is_good_for_the_one_address_that_it_was_made_for) {
  const Cookies cookies(std::string(32, 'k'));
  const auto now = VirtualClock().now().mono;
  std::vector<Endpoint> all = kinds;
  for (const auto& endpoint : kinds)
    if (endpoint != path) all.push_back(endpoint.with_port(200));
  all.push_back(Endpoint::at_path("/run/client.sockx"));
  all.push_back(Endpoint::at_ipx(43, 0x08080808, 0x4001));
  all.push_back(Endpoint::at_ipx(42, 0x08080809, 0x4001));
  all.push_back(Endpoint::at_ddp(13, 34, 129));
  all.push_back(Endpoint::at_ddp(12, 35, 129));
  for (const auto& requester : all)
    for (const auto& other : all)
      BOOST_CHECK_MESSAGE((cookies.judge(cookies.make(requester, now), other, now) ==
                           Cookies::Age::current) == (requester == other),
                          to_uri(requester) << " and " << to_uri(other));
}

BOOST_AUTO_TEST_CASE(every_kind_registers_and_is_served_from_a_listener_of_its_kind) {
  ServerFixture fixture;
  for (const auto& client : kinds) {
    BOOST_TEST_CONTEXT(to_uri(client)) {
      const auto subscription = fixture.subscribe(client);
      BOOST_CHECK_EQUAL(subscription->callback, to_uri(client));
      BOOST_CHECK_EQUAL(subscription->owner, to_uri(client));
      BOOST_CHECK(registered_itself(*subscription));
      const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
      BOOST_REQUIRE_EQUAL(fixture.sent.size(), 1U);
      BOOST_CHECK(fixture.sent[0].to.address == client);
      BOOST_CHECK_EQUAL(fixture.sent[0].to.listener, ServerFixture::listener_of(client));
      fixture.ack(client, subscription->id, "1");
      BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Attempt::Outcome::delivered);
    }
  }
}

BOOST_AUTO_TEST_CASE(acknowledgement_of_a_neighbour_does_not_count) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(path);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  fixture.ack(Endpoint::at_path("/run/other.sock"), subscription->id, "1");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
}

BOOST_AUTO_TEST_CASE(path_is_served_only_when_it_asked_for_itself) {
  ServerFixture fixture({}, {"0.0.0.0/0", "::/0"});
  for (const auto& requester : kinds) {
    const auto reply = register_elsewhere(fixture, requester, "sense:///run/victim.sock");
    BOOST_CHECK_MESSAGE((reply.code == Code::noaccess), to_uri(requester));
  }
  BOOST_CHECK(fixture.subscriptions.requests.empty());
  BOOST_CHECK(register_elsewhere(fixture, path, to_uri(path)).code == Code::noerror);
  // A registration through another gateway is not sent there either.
  Subscription foreign;
  foreign.id = "s-http";
  foreign.via = "http";
  foreign.owner = "alice";
  foreign.callback = to_uri(path);
  const auto ref = fixture.subscriptions.put(foreign);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(ref, 1));
  BOOST_CHECK(fixture.sent.empty());
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Attempt::Outcome::rejected);
  Actions actions;
  const auto asked = fixture.server->verify(*ref, "t", fixture.clock.now(), actions);
  BOOST_CHECK(asked.outcome == Verification::Outcome::refused);
  BOOST_CHECK(actions.empty());
}

BOOST_AUTO_TEST_CASE(targets_elsewhere_are_single_hosts_at_sockets_that_are_free) {
  ServerFixture fixture({}, {"0.0.0.0/0", "::/0"});
  for (const auto* target :
       {"sense://2a.ffffffffffff.ipx:16385", "sense://2a.0000ffffffff.ipx:16385",
        "sense://2a.000000000000.ipx:16385", "sense://2a.0001c0000207.ipx:16385",
        "sense://2a.0000e0000001.ipx:16385", "sense://2a.0000c0000207.ipx:1105",
        "sense://12.255.ddp:129", "sense://12.0.ddp:129", "sense://12.34.ddp:127",
        "sense://12.34.ddp:0"}) {
    const auto reply = register_elsewhere(fixture, four, target);
    BOOST_CHECK_MESSAGE((reply.code == Code::addrnotavail), target << ": " << reply.text("Reason"));
  }
  BOOST_CHECK(fixture.subscriptions.requests.empty());
  for (const auto* target : {"sense://0000002a.0000c0000207.ipx:16384", "sense://12.34.ddp:128"}) {
    const auto reply = register_elsewhere(fixture, four, target);
    BOOST_CHECK_MESSAGE((reply.code == Code::noerror), target << ": " << reply.text("Reason"));
    BOOST_CHECK_EQUAL(reply.text("State"), "pending");
    const auto id = std::string(reply.text("Subscription"));
    Actions actions;
    const auto asked = fixture.server->verify(*fixture.subscriptions.served.at(id), "t",
                                              fixture.clock.now(), actions);
    BOOST_CHECK(asked.outcome == Verification::Outcome::asked);
    BOOST_REQUIRE_EQUAL(actions.size(), 1U);
    const auto& send = std::get<Send>(actions[0]);
    BOOST_CHECK_EQUAL(to_uri(send.to.address), target);
    BOOST_CHECK_EQUAL(send.to.listener, ServerFixture::listener_of(send.to.address));
  }
}

BOOST_AUTO_TEST_CASE(egress_policy_is_asked_about_the_ip_address_that_an_ipx_node_is) {
  ServerFixture strict;
  for (const auto* target :
       {"sense://2a.00007f000001.ipx:16385", "sense://2a.00000a000001.ipx:16385"})
    BOOST_CHECK_MESSAGE((register_elsewhere(strict, ipx, target).code == Code::noaccess), target);
  BOOST_CHECK(register_elsewhere(strict, ipx, "2a.08080404.ipx:16385").code == Code::noerror);
  ServerFixture open({}, {"10.0.0.0/8"});
  BOOST_CHECK(register_elsewhere(open, ipx, "2a.0a000001.ipx:16385").code == Code::noerror);
  // An address that registered itself is served.
  const auto inside = Endpoint::at_ipx(42, 0x7f000002, 0x4001);
  BOOST_CHECK_EQUAL(strict.subscribe(inside)->callback, to_uri(inside));
}

BOOST_AUTO_TEST_CASE(client_may_come_back_with_another_port_but_not_as_another_host) {
  ServerFixture fixture;
  unsigned tags = 0;
  const auto renew = [&](const Endpoint& from, const std::string& id) {
    auto message = fixture.registration(from, "n" + std::to_string(++tags));
    message.add("Subscription", id);
    return fixture.ask(from, message).code;
  };
  const auto by_path = fixture.subscribe(path)->id;
  BOOST_CHECK(renew(path, by_path) == Code::noerror);
  BOOST_CHECK(renew(Endpoint::at_path("/run/other.sock"), by_path) == Code::notfound);
  const auto by_ipx = fixture.subscribe(ipx)->id;
  BOOST_CHECK(renew(ipx.with_port(0x4002), by_ipx) == Code::noerror);
  BOOST_CHECK(renew(Endpoint::at_ipx(43, 0x08080808, 0x4001), by_ipx) == Code::notfound);
  BOOST_CHECK(renew(four, by_ipx) == Code::notfound);
  const auto by_ddp = fixture.subscribe(ddp)->id;
  BOOST_CHECK(renew(ddp.with_port(130), by_ddp) == Code::noerror);
  BOOST_CHECK(renew(Endpoint::at_ddp(12, 35, 129), by_ddp) == Code::notfound);
}

BOOST_AUTO_TEST_CASE(nothing_longer_than_the_listener_can_send_is_sent) {
  ServerFixture fixture;
  for (unsigned i = 0; i < 100; ++i)
    fixture.subscriptions.known_sources.push_back("//hq.example/" + std::to_string(1000 + i));
  for (const auto& client : kinds) {
    BOOST_TEST_CONTEXT(to_uri(client)) {
      const std::size_t longest = client.kind() == TransportKind::ddp ? 586 : 1'200;
      const auto cookie = fixture.cookie(client);
      for (const auto kind : {Kind::parameters, Kind::sources}) {
        auto message = make_message(kind, "q" + std::to_string(static_cast<int>(kind)));
        message.add("Cookie", cookie);
        const auto replies = fixture.tell(client, serialize(message));
        BOOST_REQUIRE_EQUAL(replies.size(), 1U);
        BOOST_CHECK_LE(replies[0].size(), longest);
        const auto reply = parse(replies[0]);
        if (kind == Kind::sources)
          BOOST_CHECK_EQUAL((reply->text("More") == "yes"), (replies[0].size() + 50 > longest));
        else
          BOOST_CHECK_NE(reply->data.find("max-message: " + std::to_string(longest) + "\n"),
                         std::string::npos);
      }
      const auto subscription = fixture.subscribe(client);
      (void)fixture.deliver(fixture.event_delivery(subscription, 1, std::string(700, 'x')));
      BOOST_REQUIRE_EQUAL(fixture.sent.size(), 1U);
      const auto event = parse(fixture.sent[0].octets);
      BOOST_CHECK_LE(fixture.sent[0].octets.size(), longest);
      BOOST_CHECK_EQUAL(event->truncated_length.has_value(), (longest < 700));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
