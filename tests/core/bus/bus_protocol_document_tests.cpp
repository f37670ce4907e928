// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>

#include "core/bus/protocol.hpp"
#include "core/event/record.hpp"
#include "tests/paths.hpp"

using namespace sense;
using bus::Operation;

namespace {

std::string document() {
  std::ifstream file(testing::in_source("docs/bus-protocol.md"));
  BOOST_REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

// The octets of the block that is called so.
std::string block(const std::string& name) {
  const auto text = document();
  const auto start = text.find("```" + name + "\n");
  BOOST_REQUIRE_MESSAGE(start != std::string::npos, name);
  std::string octets;
  std::string digits;
  bool comment = false;
  for (auto at = text.find('\n', start); text.compare(at, 4, "\n```") != 0; ++at) {
    const char c = text[at];
    comment = (comment || c == ';') && c != '\n';
    if (comment || std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
    digits += c;
    if (digits.size() < 2) continue;
    octets += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  BOOST_CHECK(digits.empty());
  return octets;
}

Event hello() {
  Event event;
  event.id = "1";
  event.type = *QName::parse("{urn:example}hello");
  event.source = "//me";
  event.data = "hi";
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bus_protocol_document_tests)

BOOST_AUTO_TEST_CASE(publish_and_its_answer_are_as_the_document_shows) {
  const auto event = encode(hello());
  bus::Request request;
  request.id = 7;
  request.operation = Operation::publish;
  request.events = {event};
  BOOST_CHECK_EQUAL(bus::encode(request), block("publish"));
  BOOST_CHECK(decode_event(bus::decode_request(block("publish"))->events.front().octets).value() ==
              hello());
  bus::Reply reply;
  reply.id = 7;
  reply.published = {{Code::noerror, 88120, ""}};
  BOOST_CHECK_EQUAL(bus::encode(reply, Operation::publish), block("published"));
}

BOOST_AUTO_TEST_CASE(topic_and_watermark_are_as_the_document_shows) {
  BOOST_CHECK_EQUAL(topic_of(hello()), block("topic"));
  BOOST_CHECK_EQUAL(bus::encode(bus::Watermark{88119, 88120, {{"{urn:example}hello", 1}}}),
                    block("mark"));
}

BOOST_AUTO_TEST_CASE(fetch_and_its_answer_are_as_the_document_shows) {
  bus::Request request;
  request.id = 8;
  request.operation = Operation::fetch;
  request.from = 88120;
  request.prefixes = {"{urn:example}"};
  request.bytes_max = 1 << 20;
  BOOST_CHECK_EQUAL(bus::encode(request), block("fetch"));
  bus::Reply reply;
  reply.id = 8;
  reply.next = 88121;
  reply.first = 1;
  reply.head = 88120;
  append_record(reply.records,
                {88120, from_micros(1'795'252'500'300'000), "local", encode(hello())});
  BOOST_CHECK_EQUAL(bus::encode(reply, Operation::fetch), block("fetched"));
}

BOOST_AUTO_TEST_CASE(limits_in_the_document_are_those_of_the_code) {
  const auto text = document();
  BOOST_CHECK_EQUAL(bus::publish_events_max, 10'000u);
  BOOST_CHECK_EQUAL(bus::prefixes_max, 10'000u);
  BOOST_CHECK_EQUAL(bus::message_length_max, 16'777'216u);
  BOOST_CHECK_EQUAL(bus::subscribed_prefix_max, 240u);
  BOOST_CHECK_EQUAL(bus::list_limit_max, 1'000u);
  BOOST_CHECK_EQUAL(bus::reason_length_max, 1'024u);
  BOOST_CHECK_EQUAL(Event::data_length_max, 1'048'576u);
  for (const auto* figure :
       {"10,000", "16,777,216", "240 octets", "1 to 1,000", "1,024 octets", "1,048,576", "65,536"})
    BOOST_CHECK_NE(text.find(figure), std::string::npos);
  for (const auto operation : {Operation::publish, Operation::fetch, Operation::head,
                               Operation::get, Operation::put, Operation::remove, Operation::list,
                               Operation::ping, Operation::parameters, Operation::proofs})
    BOOST_CHECK_NE(text.find(bus::to_text(operation)), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
