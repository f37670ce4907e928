// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;
using namespace std::chrono_literals;

// The sixteen requirements of SENSE (28 November 1995), one case each, in their order and with
// their words. Where a requirement is about a whole process or a real network, the case shows what
// the server without sockets does for it, and names the test that shows the rest.

namespace {

const Endpoint client = endpoint("sense://8.8.4.4:9000");
const Endpoint neighbour = endpoint("sense://8.8.4.4:9001");  // on the same host
const Endpoint remote_client = endpoint("sense://8.8.8.8:9000");

Message message_of(const std::string& octets) {
  const auto message = parse(octets);
  BOOST_REQUIRE_MESSAGE(message.has_value(), octets);
  return *message;
}

Message with_cookie(ServerFixture& fixture, const Endpoint& from, Kind kind,
                    const std::string& tag) {
  auto message = make_message(kind, tag);
  message.add("Cookie", fixture.cookie(from));
  return message;
}

std::map<std::string, std::string> parameters(ServerFixture& fixture, const Endpoint& from) {
  std::map<std::string, std::string> found;
  const auto list = fixture.ask(from, with_cookie(fixture, from, Kind::parameters, "p1")).data;
  for (std::size_t at = 0; at < list.size();) {
    const auto end = list.find('\n', at);
    const auto line = list.substr(at, end - at);
    const auto colon = line.find(": ");
    BOOST_REQUIRE_MESSAGE(colon != std::string::npos, line);
    found[line.substr(0, colon)] = line.substr(colon + 2);
    at = end + 1;
  }
  return found;
}

// All sources, page by page; at most `datagrams` are asked for.
std::vector<std::string> all_sources(ServerFixture& fixture, const Endpoint& from,
                                     unsigned datagrams) {
  const auto cookie = fixture.cookie(from);
  std::vector<std::string> found;
  for (unsigned page = 0; page < datagrams; ++page) {
    auto request = make_message(Kind::sources, "s" + std::to_string(page));
    request.add("Cookie", cookie);
    if (!found.empty()) request.add("After", found.back());
    const auto reply = fixture.ask(from, request);
    BOOST_CHECK_EQUAL(static_cast<int>(reply.code), 0);
    BOOST_CHECK_LE(serialize(reply).size(), 1200U);
    for (std::size_t at = 0; at < reply.data.size();) {
      const auto end = reply.data.find('\n', at);
      BOOST_REQUIRE(end != std::string::npos);
      found.push_back(reply.data.substr(at, end - at));
      at = end + 1;
    }
    if (reply.text("More") != "yes") return found;
  }
  BOOST_ERROR("the list does not end");
  return found;
}

bool displayable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_requirements_tests)

// "a Server should make multiple attempts to deliver the message to the Client"
// The host decides about the next attempt (engine_tests); over a network that really loses a fifth:
// tests/integration/lossy_network.py.
BOOST_AUTO_TEST_CASE(s_r1_multiple_attempts) {
  ServerFixture fixture;
  auto delivery = fixture.event_delivery(fixture.subscribe(client), 1);
  std::set<std::string> ids;
  Duration waited{0};
  for (std::uint32_t attempt = 1; attempt <= 4; ++attempt) {
    delivery = std::make_shared<Delivery>(*delivery);
    delivery->attempt = attempt;
    const auto attempt_id = fixture.deliver(delivery);
    BOOST_REQUIRE_EQUAL(fixture.octets_to(client).size(), 1U);
    const auto event = message_of(fixture.octets_to(client)[0]);
    BOOST_CHECK_EQUAL(event.text("Number"), "1");
    BOOST_CHECK_EQUAL(event.text("Attempt"), std::to_string(attempt));
    ids.insert(std::string(event.text("Id")));
    const auto start = fixture.clock.now().mono;
    while (!fixture.attempt(attempt_id)) fixture.pass(100ms);
    BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Attempt::Outcome::retry);
    BOOST_CHECK(fixture.clock.now().mono - start > waited);  // each time longer
    waited = fixture.clock.now().mono - start;
  }
  BOOST_CHECK_EQUAL(ids.size(), 1U);  // so that a client knows a repeat
  delivery = std::make_shared<Delivery>(*delivery);
  delivery->attempt = 5;
  const auto last = fixture.deliver(delivery);
  fixture.ack(client, delivery->subscription->id, "1");
  BOOST_CHECK(fixture.attempt(last)->outcome == Attempt::Outcome::delivered);
}

// "datagrams should be used for all SENSE protocol implementations"
// Real sockets: sense_plugin_tests.
BOOST_AUTO_TEST_CASE(s_r2_datagrams_are_the_transport) {
  ServerFixture fixture;
  auto request = fixture.registration(client);
  const auto octets = serialize(request);
  // A message is one datagram: halves of one are not put together.
  for (const auto& half : {octets.substr(0, octets.size() / 2), octets.substr(octets.size() / 2)})
    for (const auto& reply : fixture.tell(client, half))
      BOOST_CHECK_EQUAL(static_cast<int>(message_of(reply).code), 21);
  BOOST_CHECK(fixture.subscriptions.served.empty());
  // In any order, twice, or not at all: the protocol does not mind.
  const auto first = fixture.tell(client, octets);
  BOOST_REQUIRE_EQUAL(first.size(), 1U);
  BOOST_TEST(fixture.tell(client, octets) == first, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(fixture.subscriptions.served.size(), 1U);
  // And one that a datagram cannot carry is not cut in two.
  const auto subscription = fixture.subscriptions.served.begin()->second;
  fixture.deliver(fixture.event_delivery(subscription, 1, std::string(100'000, 'x')));
  BOOST_REQUIRE_EQUAL(fixture.octets_to(client).size(), 1U);
  BOOST_CHECK_LE(fixture.octets_to(client)[0].size(), 1200U);
  BOOST_CHECK_EQUAL(message_of(fixture.octets_to(client)[0]).truncated_length.value_or(0),
                    100'000U);
}

// "the Server should operate using a standard, 'well known' transport address"
BOOST_AUTO_TEST_CASE(s_r3_well_known_address) {
  BOOST_CHECK_EQUAL(default_port, 7367U);
  const auto settings = Settings::defaults(sense_options());
  BOOST_CHECK(settings.list("listen").at(0).ends_with(":" + std::to_string(default_port)));
  // An address without a port has that one.
  BOOST_CHECK_EQUAL(endpoint("sense://192.0.2.7").port(), default_port);
}

// "to operate with any defined address within the target transport environment"
// As processes: every test of tests/integration has its gateway at a free port.
BOOST_AUTO_TEST_CASE(s_r4_any_address) {
  ServerFixture fixture;  // two addresses of different kinds, served by one
  const Endpoint six(boost::asio::ip::make_address("2001:4860::8888"), 40'000);
  for (const auto& from : {client, six}) {
    const auto subscription = fixture.subscribe(from);
    fixture.deliver(fixture.event_delivery(subscription, 1));
    BOOST_REQUIRE_EQUAL(fixture.sent.size(), 1U);
    BOOST_CHECK(fixture.sent[0].to.address == from);
    // It comes from the address that the client knows.
    BOOST_CHECK_EQUAL(fixture.sent[0].to.listener, (from == six ? 1U : 0U));
  }
  ServerFixture other;  // a second server, elsewhere, knows nothing of the first
  BOOST_CHECK(other.subscriptions.served.empty());
  BOOST_CHECK_NE(other.cookie(client), fixture.cookie(client));
}

// "use displayable text strings for all data components"
BOOST_AUTO_TEST_CASE(s_r5_displayable_text) {
  ServerFixture fixture;
  std::vector<std::string> said;
  const auto note = [&] {
    for (const auto& datagram : fixture.sent) said.push_back(datagram.octets);
  };
  const auto subscription = fixture.subscribe(client);
  note();
  for (const auto kind : {Delivery::Kind::event, Delivery::Kind::gap, Delivery::Kind::ended}) {
    auto delivery = fixture.event_delivery(subscription, 1, "");
    auto event = *delivery->event;
    event.subject = "two\nlines, a bell\a and 100%0A";
    delivery->event = std::make_shared<const Event>(event);
    delivery->kind = kind;
    delivery->number_last = 1;
    delivery->reason = "tab\there";
    fixture.deliver(delivery);
    note();
  }
  fixture.tell(client,
               "SENSE/1 REGISTER x\nPeriod: never\nCookie: " + fixture.cookie(client) + "\n\n");
  note();
  fixture.tell(client,
               "SENSE/1 PUBLISH x\nType: a\x01"
               "b\n\n");
  note();
  fixture.ask(client, with_cookie(fixture, client, Kind::parameters, "p"));
  note();
  BOOST_CHECK_EQUAL(said.size(), 7U);
  for (const auto& octets : said) BOOST_CHECK_MESSAGE(displayable(octets), octets);
  // And nothing is lost by that.
  BOOST_CHECK_EQUAL(message_of(said[1]).text("Subject"), "two\nlines, a bell\a and 100%0A");
  // A number is written as people write it.
  BOOST_CHECK_EQUAL(message_of(said[1]).text("Sequence"), "88120");
}

// "No minimum or maximum number of supported Event Sources should be required."
BOOST_AUTO_TEST_CASE(s_r6_any_number_of_sources) {
  ServerFixture fixture;
  BOOST_CHECK(all_sources(fixture, client, 1).empty());
  const auto subscription = fixture.subscribe(client);  // of all sources, of which there are none
  BOOST_CHECK(subscription->sources.empty());
  for (unsigned i = 0; i < 10'000; ++i) {
    char source[32];
    std::snprintf(source, sizeof(source), "//hq.example/printer/%05u", i);
    fixture.subscriptions.known_sources.emplace_back(source);
  }
  BOOST_TEST(all_sources(fixture, remote_client, 1000) == fixture.subscriptions.known_sources,
             boost::test_tools::per_element());
  // Anything may become a source, without being announced: it publishes.
  const auto cookie = fixture.cookie(client);
  for (unsigned i = 0; i < 200; ++i) {
    auto publish = make_message(Kind::publish, "p" + std::to_string(i));
    publish.add("Type", "{a}b").add("Source", "//new.example/" + std::to_string(i));
    publish.add("Cookie", cookie);
    BOOST_CHECK_EQUAL(static_cast<int>(fixture.ask(client, publish).code), 0);
  }
  BOOST_CHECK_EQUAL(fixture.publisher.events.size(), 200U);
}

// "A Client should be able to request the list of Event Sources supported by the Server. The list
// should be formatted in displayable text."
BOOST_AUTO_TEST_CASE(s_r7_list_of_sources) {
  ServerFixture fixture;
  fixture.subscriptions.known_sources = {"//a.example/one", "//a.example/two", "//b.example"};
  const auto request = with_cookie(fixture, client, Kind::sources, "s1");
  const auto reply = fixture.ask(client, request);
  BOOST_CHECK_EQUAL(reply.data, "//a.example/one\n//a.example/two\n//b.example\n");
  BOOST_CHECK(displayable(reply.data));
  BOOST_CHECK(!reply.has("More"));
  auto page = with_cookie(fixture, client, Kind::sources, "s2");
  page.add("After", "//a.example/one").add("Limit", 1U);
  const auto second = fixture.ask(client, page);
  BOOST_CHECK_EQUAL(second.data, "//a.example/two\n");
  BOOST_CHECK_EQUAL(second.text("More"), "yes");
  BOOST_CHECK(fixture.subscriptions.served.empty());  // asking needs no subscription
}

// "A Client should be able to request a list of operational parameters and their values"
BOOST_AUTO_TEST_CASE(s_r8_operational_parameters) {
  Limits limits;
  limits.max_subscriptions = 17;
  limits.max_retries = 3;
  ServerFixture fixture(limits);
  const auto shown = parameters(fixture, client);
  for (const auto* name : {"max-subscriptions", "max-subscriptions-per-client",
                           "max-sources-per-subscription", "max-period", "max-retries",
                           "retry-interval", "retry-span", "window", "max-message", "max-pending"})
    BOOST_CHECK_MESSAGE(shown.contains(name), name);
  BOOST_CHECK_EQUAL(shown.at("max-subscriptions"), "17");  // as they are, not as they might be
  BOOST_CHECK_EQUAL(shown.at("max-retries"), "3");
  for (const auto& [name, value] : shown) BOOST_CHECK(displayable(name + value));
}

// "to 'ping' the Server to determine whether the Server is operating"
// Over a socket: sense_plugin_tests.
BOOST_AUTO_TEST_CASE(s_r9_ping) {
  ServerFixture fixture;
  const std::string ping = "SENSE/1 PARAMETERS ping\n\n";
  const auto replies =
      fixture.tell(remote_client, ping);  // has neither registered nor shown a cookie
  BOOST_REQUIRE_EQUAL(replies.size(), 1U);
  const auto reply = message_of(replies[0]);
  BOOST_CHECK_EQUAL(static_cast<int>(reply.code), 0);
  BOOST_CHECK_EQUAL(reply.tag, "ping");
  BOOST_CHECK_LE(replies[0].size(), 3 * ping.size());  // no amplification
  BOOST_CHECK(fixture.subscriptions.requests.empty());
}

// "any number of Event Sources may be specified [...] includes a requested period of time [...]
// once this time period is exceeded, the Server automatically terminates the Subscription" The
// lease itself is kept by the broker: registry_subscriptions_tests.
BOOST_AUTO_TEST_CASE(s_r10_registers_for_many_sources_and_a_period) {
  Limits limits;
  limits.max_period = 3600s;
  ServerFixture fixture(limits);
  auto request = fixture.registration(client);
  for (unsigned i = 0; i < limits.max_sources_per_subscription; ++i)
    request.add("Source", "//p/" + std::to_string(i));
  const auto reply = fixture.ask(client, request);
  BOOST_CHECK_EQUAL(reply.text("Period"), "600");
  const auto subscription =
      fixture.subscriptions.served.at(std::string(reply.text("Subscription")));
  BOOST_CHECK_EQUAL(subscription->sources.size(), limits.max_sources_per_subscription);
  BOOST_CHECK(subscription->expires == fixture.clock.now().wall + 600s);
  // The server may grant less than is asked for, and says so.
  auto longer = make_message(Kind::register_, "r3");
  longer.add("Period", 1'000'000U).add("Cookie", fixture.cookie(client));
  BOOST_CHECK_EQUAL(fixture.ask(client, longer).text("Period"), "3600");
  // The period is over: one message says so, and nothing follows, though the client did nothing.
  auto ended = fixture.event_delivery(subscription, 1);
  ended->kind = Delivery::Kind::ended;
  ended->reason = "expired";
  fixture.deliver(ended);
  BOOST_REQUIRE_EQUAL(fixture.octets_to(client).size(), 1U);
  BOOST_CHECK(message_of(fixture.octets_to(client)[0]).kind == Kind::ended);
  fixture.subscriptions.served.erase(subscription->id);
  const auto late = fixture.deliver(fixture.event_delivery(subscription, 2));
  BOOST_CHECK(fixture.sent.empty());
  BOOST_CHECK(fixture.attempt(late)->outcome == Attempt::Outcome::gone);
}

// "the destination transport address (network address and transport port number) to which all Event
// Messages are delivered"
BOOST_AUTO_TEST_CASE(s_r11_client_names_the_endpoint) {
  ServerFixture fixture;
  // Two on one host, each with its own port: no fixed one that they would have to share.
  for (const auto& from : {client, neighbour}) {
    fixture.deliver(fixture.event_delivery(fixture.subscribe(from), 1));
    BOOST_REQUIRE_EQUAL(fixture.sent.size(), 1U);
    BOOST_CHECK(fixture.sent[0].to.address == from);
  }
  // Somewhere else, if that agrees.
  auto request = fixture.registration(client, "r9");
  request.add("Deliver-To", "8.8.8.8:9000");
  const auto reply = fixture.ask(client, request);
  BOOST_CHECK_EQUAL(reply.text("State"), "pending");
  auto pending = *fixture.subscriptions.served.at(std::string(reply.text("Subscription")));
  pending.challenge_hash = sha256_hex("secret");
  const auto subscription = fixture.subscriptions.put(pending);
  Actions actions;
  (void)fixture.server->verify(*subscription, "secret", fixture.clock.now(), actions);
  fixture.sent.clear();
  fixture.perform(std::move(actions));
  BOOST_REQUIRE_EQUAL(fixture.octets_to(remote_client).size(), 1U);
  const auto verify = message_of(fixture.octets_to(remote_client)[0]);
  auto consent = make_message(Kind::ack, "a1");
  consent.add("Subscription", verify.text("Subscription"));
  consent.add("Challenge", verify.text("Challenge"));
  fixture.tell(remote_client, serialize(consent));
  BOOST_CHECK_EQUAL(fixture.subscriptions.confirmed, 1U);
  fixture.deliver(fixture.event_delivery(fixture.subscriptions.served.at(pending.id), 1));
  BOOST_REQUIRE_EQUAL(fixture.sent.size(), 1U);
  BOOST_CHECK(fixture.sent[0].to.address == remote_client);
}

// "A Client is free to prematurely cancel a Subscription"
BOOST_AUTO_TEST_CASE(s_r12_cancel_at_any_time) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));  // under way
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  auto foreign = with_cookie(fixture, remote_client, Kind::cancel, "c1");
  foreign.add("Subscription", subscription->id);
  BOOST_CHECK_EQUAL(static_cast<int>(fixture.ask(remote_client, foreign).code), 15);
  auto cancel = with_cookie(fixture, client, Kind::cancel, "c1");
  cancel.add("Subscription", subscription->id);
  BOOST_CHECK_EQUAL(static_cast<int>(fixture.ask(client, cancel).code), 0);
  // What was under way is not tried again, and nothing begins any more.
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Attempt::Outcome::gone);
  fixture.pass(1h);
  BOOST_CHECK(fixture.sent.empty());
  const auto late = fixture.deliver(fixture.event_delivery(subscription, 2));
  BOOST_CHECK(fixture.sent.empty());
  BOOST_CHECK(fixture.attempt(late)->outcome == Attempt::Outcome::gone);
}

// "asynchronously transmitted by the Server to all registered clients when an event occurs"
// "until either the Server-defined retransmit time/count runs out, or until the Client
// acknowledges" From an event to all subscriptions: engine_tests; the whole way:
// tests/integration/whole_way.py.
BOOST_AUTO_TEST_CASE(s_r13_events_are_sent_as_they_occur) {
  ServerFixture fixture;
  const std::vector<Endpoint> all = {client, neighbour, remote_client};
  std::map<std::string, AttemptId> attempt_ids;
  const auto start = fixture.clock.now().mono;
  for (const auto& from : all) {
    const auto subscription = fixture.subscribe(from);
    attempt_ids[subscription->id] = fixture.deliver(fixture.event_delivery(subscription, 1));
    BOOST_CHECK_EQUAL(fixture.octets_to(from).size(), 1U);
  }
  BOOST_CHECK(fixture.clock.now().mono == start);  // at once, without polling
  // One acknowledges; its wait is over, that of the others goes on until the time runs out.
  fixture.ack(client, attempt_ids.begin()->first, "1");
  BOOST_CHECK(fixture.attempt(attempt_ids.begin()->second)->outcome == Attempt::Outcome::delivered);
  BOOST_CHECK_EQUAL(fixture.attempts.size(), 1U);
  fixture.pass(2s);
  BOOST_CHECK_EQUAL(fixture.attempts.size(), 3U);
  for (const auto& [id, attempt_id] : attempt_ids)
    if (attempt_id != attempt_ids.begin()->second)
      BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Attempt::Outcome::retry);
  // How often and for how long is the server's to say, and is said.
  Limits limits;
  limits.max_retries = 3;
  ServerFixture other(limits);
  BOOST_CHECK_EQUAL(other.ask(client, other.registration(client)).text("Retries"), "3");
}

// "A Client must acknowledge receipt of an Event Message from a Server."
BOOST_AUTO_TEST_CASE(s_r14_clients_acknowledge) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client);
  std::vector<AttemptId> attempt_ids;
  for (std::uint64_t number = 1; number <= 5; ++number)
    attempt_ids.push_back(fixture.deliver(fixture.event_delivery(subscription, number)));
  // About nothing that is known, or from elsewhere: ignored and not answered.
  BOOST_CHECK(fixture.ack(client, "s-unknown", "1").empty());
  BOOST_CHECK(fixture.ack(client, subscription->id, "99").empty());
  BOOST_CHECK(fixture.ack(neighbour, subscription->id, "1").empty());
  BOOST_CHECK(fixture.attempts.empty());
  // In any order, several with one, and twice.
  BOOST_CHECK(fixture.ack(client, subscription->id, "4").empty());
  BOOST_CHECK_EQUAL(fixture.attempts.size(), 1U);
  BOOST_CHECK(fixture.attempt(attempt_ids[3]).has_value());
  fixture.ack(client, subscription->id, "1-2,5");
  fixture.ack(client, subscription->id, "1-2,4");
  BOOST_CHECK_EQUAL(fixture.attempts.size(), 4U);
  BOOST_CHECK(!fixture.attempt(attempt_ids[2]).has_value());  // that one was not named
  for (const auto& [attempt_id, attempt] : fixture.attempts)
    BOOST_CHECK(attempt.outcome == Attempt::Outcome::delivered);
}

// "The precise content and format of an Event Message is opaque"
BOOST_AUTO_TEST_CASE(s_r15_content_is_opaque) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client);
  std::string every_octet;
  for (int i = 0; i < 256; ++i) every_octet += static_cast<char>(i);
  const std::vector<std::string> contents = {
      "",
      every_octet,
      std::string(900, '\0'),
      "\n\n",
      "\r\n\r\nLength: 7\r\n",
      "SENSE/1 ENDED e1\nSubscription: " + subscription->id + "\nReason: expired\n\n",
      "342 Printer jam\nCover open\n",
      "%0A%250A",
      "\xff\xfe\xc3"};
  const auto cookie = fixture.cookie(client);
  std::uint64_t number = 0;
  for (const auto& content : contents) {
    fixture.deliver(fixture.event_delivery(subscription, ++number, content));
    BOOST_REQUIRE_EQUAL(fixture.octets_to(client).size(), 1U);
    const auto event = message_of(fixture.octets_to(client)[0]);
    BOOST_CHECK(event.kind == Kind::event);
    BOOST_CHECK_EQUAL(event.data, content);
    auto publish = make_message(Kind::publish, "p" + std::to_string(number));
    publish.add("Type", "{a}b").add("Source", "//x").add("Cookie", cookie);
    publish.data = content;
    BOOST_CHECK_EQUAL(static_cast<int>(fixture.ask(client, publish).code), 0);
    BOOST_CHECK_EQUAL(fixture.publisher.events.back().data, content);
  }
}

// "the Server should be allowed to arbitrarily implement the values for such parameters as: Maximum
// number of Subscriptions, Maximum Subscription period, Maximum number of retries"
BOOST_AUTO_TEST_CASE(s_r16_server_controls_its_resources) {
  Limits limits;
  limits.max_subscriptions = 2;
  limits.max_period = 60s;
  limits.max_retries = 2;
  ServerFixture fixture(limits);
  const auto shown = parameters(fixture, client);
  BOOST_CHECK_EQUAL(shown.at("max-subscriptions"), "2");
  BOOST_CHECK_EQUAL(shown.at("max-period"), "60");
  BOOST_CHECK_EQUAL(shown.at("max-retries"), "2");
  const auto reply = fixture.ask(client, fixture.registration(client));
  BOOST_CHECK_EQUAL(reply.text("Period"), "60");
  BOOST_CHECK_EQUAL(reply.text("Retries"), "2");
  const auto first = fixture.subscriptions.served.at(std::string(reply.text("Subscription")));
  fixture.subscribe(neighbour);
  const auto under_way = fixture.deliver(fixture.event_delivery(first, 1));
  // One more is refused with a code, and the others are not affected.
  const auto refusal = fixture.ask(remote_client, fixture.registration(remote_client));
  BOOST_CHECK_EQUAL(static_cast<int>(refusal.code), 12);
  BOOST_CHECK(!refusal.text("Reason").empty());
  BOOST_CHECK_EQUAL(fixture.subscriptions.served.size(), 2U);
  fixture.ack(client, first->id, "1");
  BOOST_CHECK(fixture.attempt(under_way)->outcome == Attempt::Outcome::delivered);
  auto renewal = with_cookie(fixture, client, Kind::register_, "r3");
  renewal.add("Period", 60U).add("Subscription", first->id);
  BOOST_CHECK_EQUAL(static_cast<int>(fixture.ask(client, renewal).code), 0);
  // Other bounds: sources of one subscription, and the octets of one datagram.
  auto many = fixture.registration(client, "r4");
  for (unsigned i = 0; i <= limits.max_sources_per_subscription; ++i) many.add("Source", "//x");
  BOOST_CHECK_EQUAL(static_cast<int>(fixture.ask(client, many).code), 12);
  const auto big =
      fixture.tell(client, "SENSE/1 PUBLISH p\nType: {a}b\nSource: //x\nLength: 2000\n\n" +
                               std::string(2000, 'x'));
  BOOST_REQUIRE_EQUAL(big.size(), 1U);
  BOOST_CHECK_EQUAL(static_cast<int>(message_of(big[0]).code), 6);
}

BOOST_AUTO_TEST_SUITE_END()
