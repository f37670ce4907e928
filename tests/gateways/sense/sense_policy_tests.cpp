// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/key_options.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/sense/keyed_client.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

const Endpoint client_a(boost::asio::ip::make_address("192.0.2.7"), 9000);

ListenerPolicy policy(const std::string& words) {
  const auto entry = read_listen_entry("0.0.0.0:7367 " + words);
  BOOST_REQUIRE_MESSAGE(entry.has_value(), (entry ? "" : entry.error().message));
  return entry->policy;
}

std::string refusal(const std::string& text) {
  const auto entry = read_listen_entry(text);
  return entry ? "accepted" : entry.error().message;
}

Extras at(const std::string& words) {
  Extras extras;
  extras.keys = {hp4};
  extras.policies = {policy(words)};
  return extras;
}

Code ask(ServerFixture& fixture, Kind kind, bool proved = true) {
  auto request = make_message(kind, "t" + std::to_string(static_cast<int>(kind)));
  request.add("Period", 600U).add("Subscription", "s-none");
  if (kind == Kind::register_) request.properties.pop_back();
  request.add("Type", "{a}b");
  if (kind == Kind::publish) request.add("Source", "//x");
  if (proved) request.add("Cookie", fixture.cookie(client_a));
  const auto reply = fixture.ask(client_a, request);
  if (reply.code == Code::noaccess && proved) BOOST_CHECK(!reply.has("Cookie"));
  return reply.code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_policy_tests)

BOOST_AUTO_TEST_CASE(words_behind_the_address_say_what_holds_there) {
  const auto plain = read_listen_entry("[::1]:7367");
  BOOST_REQUIRE(plain.has_value());
  BOOST_CHECK_EQUAL(plain->address, "[::1]:7367");
  BOOST_CHECK(!plain->policy.key_required);
  BOOST_CHECK(plain->policy.may_publish);
  BOOST_CHECK(plain->policy.may_register);
  BOOST_CHECK(plain->policy.from.empty());
  BOOST_CHECK(!plain->policy.rate.has_value());
  const auto full = read_listen_entry(
      "  0.0.0.0:7367  rate=50 key=required from=10.0.0.0/8,fd00::/8 publish=no register=no ");
  BOOST_REQUIRE(full.has_value());
  BOOST_CHECK_EQUAL(full->address, "0.0.0.0:7367");
  BOOST_CHECK(full->policy.key_required);
  BOOST_CHECK(!full->policy.may_publish);
  BOOST_CHECK(!full->policy.may_register);
  BOOST_CHECK_EQUAL(full->policy.from.size(), 2U);
  BOOST_CHECK_EQUAL(*full->policy.rate, 50U);
  BOOST_CHECK_EQUAL(*policy("rate=0").rate, 0U);
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_what_is_meant) {
  const std::string a = "0.0.0.0:7367 ";
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "is missing"},
           {"   ", "is missing"},
           {a + "keys=required", "did you mean 'key='?"},
           {a + "Key=required", "did you mean 'key='?"},
           {a + "publsh=no", "did you mean 'publish='?"},
           {a + "regster=no", "did you mean 'register='?"},
           {a + "nonsense", "known are key=required"},
           {a + "=", "known are"},
           {a + "key=requird", "write key=required, or leave it out"},
           {a + "key", "write key=required"},
           {a + "publish=yes", "write publish=no, or leave it out"},
           {a + "register=", "write register=no"},
           {a + "rate=fast", "rate='fast' is not a whole number"},
           {a + "rate=", "is not a whole number"},
           {a + "rate=-1", "is not a whole number"},
           {a + "rate=1000001", "is not a whole number"},
           {a + "rate=99999999999", "is not a whole number"},
           {a + "from=", "is neither an address nor a network"},
           {a + "from=10.0.0.0/8,", "is neither an address nor a network"},
           {a + "from=10.0.0.0/40", "has no valid prefix length"},
           {a + "from=host.example", "'host.example' is neither"},
           {a + "key=required key=required", "'key=' is given twice"},
           {a + "rate=5 publish=no rate=5", "'rate=' is given twice"}}) {
    const auto found = refusal(text);
    BOOST_CHECK_MESSAGE(found.find(said) != std::string::npos, found);
    BOOST_CHECK_MESSAGE(found.starts_with("listen: "), found);
  }
  std::string many = a + "from=10.0.0.0";
  for (int i = 0; i < 64; ++i) many += ",10.0.0.0";
  BOOST_CHECK_NE(refusal(many).find("more than 64"), std::string::npos);
  BOOST_CHECK_EQUAL(refusal(a + "\x1b[2J").find('\x1b'), std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_a_key_is_required_only_the_ping_goes_without) {
  ServerFixture fixture({}, {}, at("key=required"));
  for (const auto kind : {Kind::register_, Kind::cancel, Kind::publish, Kind::sources})
    for (const bool proved : {true, false})
      BOOST_CHECK(ask(fixture, kind, proved) == Code::noaccess);
  BOOST_CHECK(ask(fixture, Kind::parameters) == Code::noerror);
  BOOST_CHECK_EQUAL(fixture.counters["sense.requests.forbidden"].load(), 8U);
  BOOST_CHECK(fixture.subscriptions.requests.empty());
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 0U);
  KeyedClient client{fixture, client_a, hp4};
  (void)client.subscribe();
  auto publish = client.request(Kind::publish);
  publish.add("Type", "{a}b").add("Source", "//x");
  BOOST_CHECK(client.ask(publish).code == Code::noerror);
  // A name alone is no key.
  KeyedClient forger{fixture, client_a, {"hp4", hp4.secret + "x"}};
  const auto refused = fixture.tell(client_a, forger.octets(client.request(Kind::register_)));
  BOOST_CHECK(parse(refused.at(0))->code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(each_listener_has_its_own_rules) {
  Extras extras = at("publish=no");
  extras.policies.push_back(policy("register=no"));
  ServerFixture fixture({}, {}, extras);
  const auto code = [&](std::size_t listener, Kind kind) {
    auto request = make_message(kind, "t" + std::to_string(listener));
    request.add("Period", 600U).add("Type", "{a}b").add("Source", "//x");
    fixture.sent.clear();
    fixture.perform(
        fixture.server->on_datagram(serialize(request), {client_a, listener}, fixture.clock.now()));
    const auto reply = parse(fixture.octets_to(client_a).at(0));
    return reply->has("Cookie") ? "cookie" : std::string(reply->text("Reason"));
  };
  BOOST_CHECK_EQUAL(code(0, Kind::publish), "no events are taken here");
  BOOST_CHECK_EQUAL(code(0, Kind::register_), "cookie");
  BOOST_CHECK_EQUAL(code(1, Kind::publish), "cookie");
  BOOST_CHECK_EQUAL(code(1, Kind::register_), "this listener takes no subscriptions");
  BOOST_CHECK_EQUAL(code(7, Kind::register_), "cookie");  // one without a policy
}

BOOST_AUTO_TEST_CASE(renewal_is_a_registration_too_but_cancelling_is_not) {
  ServerFixture fixture({}, {}, at("register=no"));
  auto renewal = make_message(Kind::register_, "r");
  renewal.add("Period", 60U).add("Subscription", "s-1").add("Cookie", fixture.cookie(client_a));
  BOOST_CHECK(fixture.ask(client_a, renewal).code == Code::noaccess);
  BOOST_CHECK(ask(fixture, Kind::cancel) == Code::notfound);
}

BOOST_AUTO_TEST_CASE(datagrams_from_elsewhere_are_dropped_without_a_word) {
  ServerFixture fixture({}, {}, at("from=192.0.2.0/29,2001:db8::/32"));
  const auto told = [&](const char* address) {
    return !fixture
                .tell(Endpoint(boost::asio::ip::make_address(address), 9000),
                      "SENSE/1 PARAMETERS q\n\n")
                .empty();
  };
  BOOST_CHECK(told("192.0.2.7"));
  BOOST_CHECK(!told("192.0.2.8"));
  BOOST_CHECK(!told("10.0.0.1"));
  BOOST_CHECK(!told("127.0.0.1"));
  BOOST_CHECK_EQUAL(fixture.counters["sense.datagrams.outside"].load(), 3U);
  // Nor do their acknowledgements count.
  const auto subscription = fixture.subscribe(client_a);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  fixture.ack(Endpoint(boost::asio::ip::make_address("192.0.2.8"), 9000), subscription->id, "1");
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  fixture.ack(client_a, subscription->id, "1");
  BOOST_CHECK(fixture.attempt(attempt_id).has_value());
}

BOOST_AUTO_TEST_CASE(words_hold_at_every_kind_of_address) {
  for (const auto* address : {"127.0.0.1:7367", "[::1]:7367", "/run/sense/sense.sock",
                              "0000002a.0000c0000207.ipx:16385", "12.34.ddp:129"}) {
    const auto entry = read_listen_entry(std::string(address) + "\tkey=required publish=no rate=5");
    BOOST_REQUIRE_MESSAGE(entry.has_value(), (entry ? "" : entry.error().message));
    BOOST_CHECK_EQUAL(entry->address, address);
    BOOST_CHECK(entry->endpoint == *endpoint_of(address));
    BOOST_CHECK(entry->policy.key_required);
    BOOST_CHECK(!entry->policy.may_publish);
    BOOST_CHECK_EQUAL(*entry->policy.rate, 5U);
  }
}

BOOST_AUTO_TEST_CASE(networks_stand_only_where_senders_have_ip_addresses) {
  BOOST_CHECK_NE(refusal("/run/sense/sense.sock from=10.0.0.0/8").find("permissions of its folder"),
                 std::string::npos);
  BOOST_CHECK_NE(refusal("12.34.ddp:129 from=10.0.0.0/8").find("AppleTalk has none"),
                 std::string::npos);
  const auto ipx = read_listen_entry("0000002a.0000c0000207.ipx:16385 from=192.0.2.0/24");
  BOOST_REQUIRE(ipx.has_value());
  BOOST_CHECK(ipx->policy.admits(Endpoint::at_ipx(42, 0xc0000207, 0x4001)));
  BOOST_CHECK(!ipx->policy.admits(Endpoint::at_ipx(42, 0xc0000307, 0x4001)));
  BOOST_CHECK(!ipx->policy.admits(Endpoint::at_ipx(42, 0x1c0000207, 0x4001)));
}

BOOST_AUTO_TEST_CASE(refusals_stay_within_three_times_the_octets) {
  ServerFixture fixture({}, {}, at("key=required"));
  for (const auto* octets : {"SENSE/1 SOURCES a\n\n", "SENSE/1 CANCEL a\nSubscription: \n\n"}) {
    const auto replies = fixture.tell(client_a, octets);
    BOOST_REQUIRE_EQUAL(replies.size(), 1U);
    BOOST_CHECK_LE(replies[0].size(), 3 * std::string(octets).size());
  }
}

BOOST_AUTO_TEST_CASE(options_and_files_must_fit_together) {
  const TemporaryFolder folder;
  const auto keys = folder / "keys";
  BOOST_REQUIRE(write_shared_key(keys, hp4).has_value());
  auto settings = Settings::defaults(sense_options());
  const auto said = [&](const std::string& listen = "127.0.0.1:0") {
    const auto secrets = read_key_options(settings, {*read_listen_entry(listen)});
    return secrets ? "accepted" : secrets.error().message;
  };
  BOOST_CHECK_EQUAL(said(), "accepted");
  BOOST_CHECK_NE(said("127.0.0.1:0 key=required").find("`keys` names no file"), std::string::npos);
  BOOST_REQUIRE(settings.set("keys", folder / "none").has_value());
  BOOST_CHECK(said().starts_with("keys: "));
  BOOST_REQUIRE(settings.set("keys", keys).has_value());
  BOOST_CHECK_EQUAL(said("127.0.0.1:0 key=required"), "accepted");
  BOOST_REQUIRE(settings.set("fetch-url", "http://events.example:8080").has_value());
  BOOST_CHECK_NE(said().find("go together"), std::string::npos);
  BOOST_REQUIRE(settings.set("fetch-key", keys).has_value());
  BOOST_CHECK_EQUAL(said(), "accepted");
  for (const auto* url : {"events.example:8080", "ftp://x", "http://x/path", "http://x?a",
                          "http://", "http://x y", "http://x#a"}) {
    BOOST_REQUIRE(settings.set("fetch-url", url).has_value());
    BOOST_CHECK_MESSAGE(said().starts_with("fetch-url: "), url);
  }
}

BOOST_AUTO_TEST_SUITE_END()
