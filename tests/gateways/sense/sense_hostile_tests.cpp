// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/keyed_client.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

// Single datagrams, each wrong in its own way, from a client with a cookie. Floods are in
// sense_flood_tests, random changes in sense_malformed_tests.

namespace {

const Endpoint client_a(boost::asio::ip::make_address("192.0.2.7"), 9000);
const Endpoint client_b(boost::asio::ip::make_address("192.0.2.8"), 9000);

Limits roomy() {
  Limits limits;
  limits.max_message = message_max;
  return limits;
}

struct Hostile {
  ServerFixture fixture{roomy()};
  std::string cookie = fixture.cookie(client_a);
  int tags = 0;

  // The code of the answer to `kind` with these lines, or -1 without an answer.
  int code(const std::string& kind, const std::string& lines, const std::string& data = "") {
    const auto replies =
        fixture.tell(client_a, "SENSE/1 " + kind + " t" + std::to_string(++tags) +
                                   "\nCookie: " + cookie + "\n" + lines + "\n" + data);
    BOOST_REQUIRE(replies.size() <= 1U);
    if (replies.empty()) return -1;
    const auto reply = parse(replies[0]);
    BOOST_REQUIRE_MESSAGE(reply.has_value(), replies[0]);
    return static_cast<int>(reply->code);
  }
  // Nothing was executed, and the next valid request is.
  void unharmed() {
    BOOST_CHECK(fixture.subscriptions.requests.empty());
    BOOST_CHECK_EQUAL(fixture.publisher.calls, 0U);
    BOOST_CHECK_EQUAL(fixture.server->state().pending, 0U);
    BOOST_CHECK_EQUAL(code("PARAMETERS", ""), 0);
  }
};

std::string repeated(const std::string& line, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += line;
  return text;
}

const std::string event_lines = "Type: {a}b\nSource: //x\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_hostile_tests)

BOOST_AUTO_TEST_CASE(names_and_values_are_bounded_exactly) {
  Hostile h;
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", std::string(64, 'n') + ": v\n"), 0);
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", std::string(65, 'n') + ": v\n"), 18);
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", std::string(60'000, 'n') + ": v\n"), 18);
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", std::string(60'000, 'n') + "\n"), 18);
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", "n: " + std::string(8192, 'v') + "\n"), 0);
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", "n: " + std::string(8193, 'v') + "\n"), 20);
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", "n: \n"), 0);
  h.unharmed();
}

BOOST_AUTO_TEST_CASE(as_many_properties_as_allowed_are_read_and_one_more_is_not) {
  Hostile h;
  // Cookie is one of them.
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", repeated("a: b\n", properties_max - 1)), 0);
  BOOST_CHECK_EQUAL(h.code("PARAMETERS", repeated("a: b\n", properties_max)), 12);
  BOOST_CHECK_EQUAL(h.code("REGISTER", "Period: 9\n" + repeated("Source: //x\n", 65)), 12);
  BOOST_CHECK_EQUAL(h.code("REGISTER", "Period: 9\n" + repeated("Type: {a}b\n", 257)), 12);
  h.unharmed();
  BOOST_CHECK_EQUAL(h.code("REGISTER", "Period: 9\n" + repeated("Source: //x\n", 64)), 0);
  BOOST_CHECK_EQUAL(h.code("REGISTER", "Period: 9\n" + repeated("Type: {a}b\n", 256)), 0);
}

BOOST_AUTO_TEST_CASE(longest_datagram_is_read_and_one_octet_more_is_not) {
  Hostile h;
  h.fixture.restart();
  h.cookie = h.fixture.cookie(client_a);
  const auto with_size = [&](std::size_t size) {
    const std::string head = "SENSE/1 PUBLISH p" + std::to_string(size) + "\nCookie: " + h.cookie +
                             "\n" + event_lines + "Length: ";
    const auto room = size - head.size() - 2;
    const auto data = room - std::to_string(room - 5).size();
    const auto octets = head + std::to_string(data) + "\n\n" + std::string(data, 'x');
    BOOST_REQUIRE_EQUAL(octets.size(), size);
    return static_cast<int>(parse(h.fixture.tell(client_a, octets).at(0))->code);
  };
  BOOST_CHECK_EQUAL(with_size(message_max), 0);
  BOOST_CHECK_EQUAL(with_size(message_max + 1), 6);
  BOOST_CHECK_EQUAL(h.fixture.publisher.calls, 1U);
}

BOOST_AUTO_TEST_CASE(octets_that_no_value_may_have_are_refused_in_every_place) {
  Hostile h;
  for (const std::string& octet :
       {std::string(1, '\0'), std::string("\r"), std::string("\t"), std::string("\x1b"),
        std::string("\x7f"), std::string("\xff"), std::string("\xc0\xaf"),
        std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"), std::string("\xe2\x82")}) {
    for (const std::string& line : {"X: a" + octet + "b\n", "Type: a" + octet + "b\n",
                                    "X" + octet + ": a\n", "X:" + octet + " a\n", octet + ": a\n"})
      BOOST_CHECK_MESSAGE(h.code("PARAMETERS", line) == 21, line);
    BOOST_CHECK(h.fixture.tell(client_a, "SENSE/1 PARAMETERS t" + octet + "u\n\n").empty());
    BOOST_CHECK(h.fixture.tell(client_a, "SENSE/1 PARA" + octet + "METERS t\n\n").empty());
  }
  // Percent-encoded they are values, and are never names or ids of anything.
  for (const auto* value : {"%00", "%0A%0D", "%1B[2J", "..%2F..", "%2500"}) {
    BOOST_CHECK_EQUAL(h.code("CANCEL", std::string("Subscription: ") + value + "\n"), 15);
    BOOST_CHECK_EQUAL(h.code("SOURCES", std::string("After: ") + value + "\n"), 0);
  }
  BOOST_CHECK_EQUAL(h.code("PUBLISH", event_lines + "Id: %00\n"), 3);
  BOOST_CHECK_EQUAL(h.code("PUBLISH", event_lines + "Subject: %00\n"), 3);
  h.unharmed();
}

BOOST_AUTO_TEST_CASE(lines_that_are_no_properties_are_refused) {
  Hostile h;
  for (const auto* line : {": v\n", "Name\n", "Name:v\n", "Na me: v\n", "-n: v\n", "1n: v\n",
                           " n: v\n", "n\t: v\n", "\xc3\xa9: v\n", "n;: v\n"})
    BOOST_CHECK_MESSAGE(h.code("PARAMETERS", line) == 21, line);
  // Without the empty line at the end.
  BOOST_CHECK(parse(h.fixture.tell(client_a, "SENSE/1 PARAMETERS t\nA: b\n").at(0))->code ==
              Code::protoerror);
  BOOST_CHECK(parse(h.fixture.tell(client_a, "SENSE/1 PARAMETERS t\nA: b").at(0))->code ==
              Code::protoerror);
  h.unharmed();
}

BOOST_AUTO_TEST_CASE(length_that_lies_either_way_is_refused) {
  Hostile h;
  for (const auto* length :
       {"Length: 2\n", "Length: 4\n", "Length: 0\n", "", "Length: +3\n", "Length: 03x\n",
        "Length: 18446744073709551619\n", "Length: -1\n", "Length: 3\nLength: 3\n",
        "Length: 3\nlength: 4\n", "Truncated: yes\nLength: 3\n"})
    BOOST_CHECK_MESSAGE(h.code("PUBLISH", event_lines + length, "abc") == 21, length);
  BOOST_CHECK_EQUAL(h.code("PUBLISH", event_lines + "Truncated: yes\nLength: 3\n"), 3);
  h.unharmed();
  BOOST_CHECK_EQUAL(h.code("PUBLISH", event_lines + "Length: 3\n", "abc"), 0);
  BOOST_CHECK_EQUAL(h.code("PUBLISH", event_lines + "Truncated: no\nLength: 3\n", "abc"), 0);
}

BOOST_AUTO_TEST_CASE(numbers_at_their_ends_are_read_and_beyond_are_refused) {
  Hostile h;
  for (const auto* period : {"0", "-1", "+1", "1.5", " 1", "1 ", "0x10", "18446744073709551616",
                             "99999999999999999999999999", ""})
    BOOST_CHECK_MESSAGE(h.code("REGISTER", std::string("Period: ") + period + "\n") == 3, period);
  for (const auto* limit : {"0", "-1", "18446744073709551616", "all"})
    BOOST_CHECK_MESSAGE(h.code("SOURCES", std::string("Limit: ") + limit + "\n") == 3, limit);
  h.unharmed();
  BOOST_CHECK_EQUAL(h.code("SOURCES", "Limit: 18446744073709551615\n"), 0);
  BOOST_CHECK_EQUAL(h.code("REGISTER", "Period: 18446744073709551615\n"), 0);
  BOOST_CHECK(h.fixture.subscriptions.requests.at(0).period == Duration{std::chrono::hours{24}});
}

BOOST_AUTO_TEST_CASE(what_only_servers_send_is_never_obeyed) {
  Hostile h;
  const auto subscription = h.fixture.subscribe(client_b);
  for (const auto* kind : {"EVENT", "GAP", "ENDED", "VERIFY"})
    BOOST_CHECK_EQUAL(h.code(kind, "Subscription: " + subscription->id + "\nReason: expired\n"),
                      21);
  for (const auto* reply : {"SENSE/1 REPLY r2 0 NOERROR\n\n", "SENSE/1 REPLY r2 15 NOTFOUND\n\n",
                            "SENSE/1 REPLY r2\n\n", "SENSE/1 REPLY r2 0 NOERROR\nX\n\n"})
    for (const auto& from : {client_a, client_b})
      BOOST_CHECK_MESSAGE(h.fixture.tell(from, reply).empty(), reply);
  BOOST_CHECK_EQUAL(h.fixture.subscriptions.served.size(), 1U);
}

BOOST_AUTO_TEST_CASE(acknowledgements_of_others_subscriptions_count_for_nothing) {
  Hostile h;
  const auto theirs = h.fixture.subscribe(client_b);
  const auto mine = h.fixture.subscribe(client_a, "mine");
  const auto attempt_id = h.fixture.deliver(h.fixture.event_delivery(theirs, 1));
  for (const auto* number : {"1", "1-18446744073709551615", "0-1", "1,1,1"})
    for (const auto& id : {theirs->id, mine->id})
      BOOST_CHECK_EQUAL(h.code("ACK", "Subscription: " + id + "\nNumber: " + number + "\n"), -1);
  BOOST_CHECK_EQUAL(h.code("ACK", "Subscription: " + theirs->id + "\n"), -1);
  BOOST_CHECK_EQUAL(h.code("ACK", "Subscription: " + theirs->id + "\nChallenge: x\n"), -1);
  BOOST_CHECK(!h.fixture.attempt(attempt_id).has_value());
  for (const auto* number : {"", "x", "1-", "-1", "2-1", "1,,2", "1 ", "18446744073709551616"})
    BOOST_CHECK_MESSAGE(
        h.code("ACK", "Subscription: " + theirs->id + "\nNumber: " + number + "\n") == 21, number);
  BOOST_CHECK_EQUAL(h.code("ACK", "Subscription: " + theirs->id +
                                      "\nNumber: " + repeated("1,", number_ranges_max - 1) + "1\n"),
                    -1);
  BOOST_CHECK_EQUAL(h.code("ACK", "Subscription: " + theirs->id +
                                      "\nNumber: " + repeated("1,", number_ranges_max) + "1\n"),
                    21);
}

BOOST_AUTO_TEST_CASE(cookie_is_good_for_its_address_port_and_hour_alone) {
  Hostile h;
  const auto answer = [&](const Endpoint& from, const std::string& cookie) {
    const auto replies = h.fixture.tell(
        from, "SENSE/1 SOURCES t" + std::to_string(++h.tags) + "\nCookie: " + cookie + "\n\n");
    return replies.empty() ? "nothing" : parse(replies[0])->has("Cookie") ? "cookie" : "served";
  };
  h.fixture.subscriptions.known_sources = {"//x"};
  BOOST_CHECK_EQUAL(answer(client_a, h.cookie), "served");
  BOOST_CHECK_EQUAL(answer(client_b, h.cookie), "cookie");
  BOOST_CHECK_EQUAL(answer(Endpoint(client_a.address(), 9001), h.cookie), "cookie");
  // The same four octets, as the beginning of an IPv6 address.
  BOOST_CHECK_EQUAL(answer(Endpoint(boost::asio::ip::make_address("c000:207::"), 9000), h.cookie),
                    "cookie");
  for (std::size_t at = 0; at < h.cookie.size(); ++at) {
    auto changed = h.cookie;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    BOOST_CHECK_MESSAGE(std::string_view(answer(client_a, changed)) == "cookie", at);
  }
  for (const auto& other : {h.cookie + "A", h.cookie.substr(1), std::string("A"), std::string(),
                            std::string(8'000, 'A')})
    BOOST_CHECK_EQUAL(answer(client_a, other), "cookie");
  h.fixture.pass(std::chrono::minutes{10});
  BOOST_CHECK_EQUAL(answer(client_a, h.cookie), "cookie");
  h.fixture.pass(std::chrono::minutes{50});
  BOOST_CHECK_EQUAL(answer(client_a, h.cookie), "cookie");
  // The digit of the window repeats after five hours and a quarter; the MAC does not.
  h.fixture.pass(std::chrono::minutes{5 * 64 - 60});
  BOOST_CHECK_EQUAL(answer(client_a, h.cookie), "cookie");
}

BOOST_AUTO_TEST_SUITE_END()
