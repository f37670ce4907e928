// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "core/sense/keyed.hpp"

using namespace sense;
using namespace sense::datagram;

namespace {

const SharedKey key{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
const WallTime sent{std::chrono::seconds{1'700'000'000}};  // 2023-11-14T22:13:20Z

Message jam() {
  auto message = make_message(Kind::publish, "p1");
  message.add("Type", "{urn:example:printer}jam");
  message.add("Source", "//hq.example/printer/floor2/hp4");
  message.data = "342 Printer jam";
  return message;
}

// The claim in these octets, as text: "KEY TIME", or why there is none.
std::string claimed(const std::string& octets) {
  const auto message = parse(octets);
  BOOST_REQUIRE_MESSAGE(message.has_value(), octets);
  const auto claim = read_claim(*message, octets);
  if (!claim) return claim.error().message;
  return claim->key + " " + to_rfc3339(claim->time);
}

bool proved(const std::string& octets) {
  const auto message = parse(octets);
  if (!message) return false;
  const auto claim = read_claim(*message, octets);
  return claim && proves(*claim, key.secret);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, what);
  return text.replace(at, what.size(), with);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keyed_message_tests)

// Both values were computed with another implementation of HMAC-SHA256 over the octets shown.
BOOST_AUTO_TEST_CASE(signed_messages_are_those_that_another_implementation_writes) {
  BOOST_CHECK_EQUAL(sign(serialize(make_message(Kind::parameters, "q1")), key, sent),
                    "SENSE/1 PARAMETERS q1\nTime: 2023-11-14T22:13:20.000Z\nKey: hp4\n"
                    "Mac: RT8D5muVAIoxxHqf5pJjIhpyA9x4C7nyqtCDEkPJlS8=\n\n");
  BOOST_CHECK_EQUAL(sign(serialize(jam()), key, sent),
                    "SENSE/1 PUBLISH p1\nType: {urn:example:printer}jam\n"
                    "Source: //hq.example/printer/floor2/hp4\nLength: 15\n"
                    "Time: 2023-11-14T22:13:20.000Z\nKey: hp4\n"
                    "Mac: Y8Ky6cDTk6yWPZFgqI5nLPz6Gw3lKl6kkQ7aywDNXug=\n\n342 Printer jam");
}

BOOST_AUTO_TEST_CASE(signing_adds_as_many_octets_as_it_says) {
  for (const auto* name :
       {"a", "hp4", "a-name-of-sixty-four-octets-................................."}) {
    const SharedKey other{name, key.secret};
    const auto plain = serialize(jam());
    for (const auto time : {WallTime{}, sent + Duration{123'456}, wall_time_max})
      BOOST_CHECK_EQUAL(sign(plain, other, time).size(), plain.size() + trailer_size(name));
  }
}

BOOST_AUTO_TEST_CASE(what_was_signed_is_believed_and_nothing_else) {
  const auto octets = sign(serialize(jam()), key, sent);
  BOOST_CHECK_EQUAL(claimed(octets), "hp4 2023-11-14T22:13:20.000Z");
  BOOST_CHECK(proved(octets));
  const auto message = parse(octets);
  BOOST_CHECK(!proves(*read_claim(*message, octets), key.secret + "x"));
  BOOST_CHECK(!proves(*read_claim(*message, octets), ""));
  // Each octet counts, but for those of the Mac's own line that leave its value alone.
  for (std::size_t at = 0; at < octets.size(); ++at) {
    auto changed = octets;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    BOOST_CHECK_MESSAGE(!proved(changed), at);
  }
  for (std::size_t at = 0; at <= octets.size(); ++at) {
    auto shorter = octets;
    if (at < octets.size()) BOOST_CHECK_MESSAGE(!proved(shorter.erase(at, 1)), at);
    auto longer = octets;
    BOOST_CHECK_MESSAGE(!proved(longer.insert(at, 1, 'x')), at);
  }
}

BOOST_AUTO_TEST_CASE(the_three_properties_must_be_there_and_in_their_place) {
  const auto octets = sign(serialize(jam()), key, sent);
  const std::string time = "Time: 2023-11-14T22:13:20.000Z\n";
  const std::string name = "Key: hp4\n";
  const auto mac = octets.substr(octets.find("Mac: "), 50);
  BOOST_CHECK_EQUAL(claimed(replaced(octets, time, "")),
                    "Time is missing, which a keyed message has");
  BOOST_CHECK(claimed(replaced(octets, time, "Time: soon\n")).starts_with("Time: "));
  BOOST_CHECK_EQUAL(claimed(replaced(octets, name, "")), "Mac without Key");
  BOOST_CHECK_EQUAL(claimed(replaced(octets, mac, "")), "Key without Mac");
  BOOST_CHECK_EQUAL(claimed(replaced(octets, name, name + "key: other\n")),
                    "Key or Mac stands there twice");
  BOOST_CHECK_EQUAL(claimed(replaced(octets, mac, mac + mac)), "Key or Mac stands there twice");
  BOOST_CHECK_EQUAL(claimed(replaced(octets, mac, mac + "Severity: 3\n")),
                    "Mac is not the last property");
  BOOST_CHECK_EQUAL(
      claimed(replaced(replaced(octets, "Length: 15\n", ""), mac, mac + "Length: 15\n")),
      "Mac is not the last property");
  // Their order before the Mac is the sender's choice.
  auto other = replaced(replaced(octets, name, ""), "Source:", "KEY: hp4\nSource:");
  BOOST_CHECK_EQUAL(claimed(other), "hp4 2023-11-14T22:13:20.000Z");
}

BOOST_AUTO_TEST_CASE(carriage_returns_are_covered_like_any_octet) {
  const auto signed_head = sign("SENSE/1 PARAMETERS q1\n\n", key, sent);
  BOOST_CHECK(proved(signed_head));
  // The same with CRLF is another message, with another Mac.
  std::string with_returns;
  for (const char c : signed_head) with_returns += c == '\n' ? "\r\n" : std::string(1, c);
  BOOST_REQUIRE(parse(with_returns).has_value());
  BOOST_CHECK_EQUAL(claimed(with_returns), "hp4 2023-11-14T22:13:20.000Z");
  BOOST_CHECK(!proved(with_returns));
}

BOOST_AUTO_TEST_CASE(last_time_is_when_it_was_sent_and_the_first_is_the_events) {
  auto message = jam();
  message.add("Time", "2020-01-01T00:00:00Z");
  const auto octets = sign(serialize(message), key, sent);
  BOOST_CHECK_EQUAL(claimed(octets), "hp4 2023-11-14T22:13:20.000Z");
  BOOST_CHECK_EQUAL(parse(octets)->text("Time"), "2020-01-01T00:00:00Z");
}

// The text that the Mac covers does not show where the properties end. Length does, except in a
// message whose data was left out.
BOOST_AUTO_TEST_CASE(data_cannot_be_passed_off_as_properties) {
  const auto moved = [&](const std::string& data) {
    auto message = jam();
    message.data = data;
    const auto octets = sign(serialize(message), key, sent);
    BOOST_CHECK(proved(octets));
    const auto mac_at = octets.find("Mac: ");
    const auto mac = octets.substr(mac_at, 50);
    // The data becomes lines above the Mac.
    const auto forged = octets.substr(0, mac_at) + data + mac + "\n";
    return proved(forged);
  };
  BOOST_CHECK(!moved("Truncated: yes\n"));
  BOOST_CHECK(!moved("Fetch: http://evil.example/\nTruncated: yes\n"));
  BOOST_CHECK(!moved("Fetch: http://evil.example/\nTruncated: yes\nKey: hp4\n"));
  BOOST_CHECK(!moved("Severity: 0\n"));
  BOOST_CHECK(!moved("Length: 10\n"));
  // And the other way: lines below Truncated become data.
  auto message = jam();
  message.truncated_length = 9;
  message.data.clear();
  const auto octets = sign(serialize(message), key, sent);
  BOOST_CHECK(proved(octets));
  const auto mac_at = octets.find("Mac: ");
  for (std::size_t at = 0; at < mac_at; ++at)
    BOOST_CHECK_MESSAGE(
        !proved(octets.substr(0, at) + octets.substr(mac_at) + octets.substr(at, mac_at - at)), at);
}

BOOST_AUTO_TEST_CASE(messages_without_a_key_are_not_keyed) {
  BOOST_CHECK(!is_keyed(jam()));
  auto message = jam();
  message.add("mac", "x");
  BOOST_CHECK(is_keyed(message));
}

BOOST_AUTO_TEST_SUITE_END()
