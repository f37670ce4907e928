// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <random>

#include "core/sense/event_message.hpp"
#include "core/sense/message.hpp"

using namespace sense;
using namespace sense::datagram;

namespace {

Code code_of(std::string_view octets, std::size_t max = message_max) {
  const auto message = parse(octets, max);
  BOOST_REQUIRE_MESSAGE(!message.has_value(), "was taken: " << octets);
  BOOST_CHECK(!message.error().error.message.empty());
  return message.error().error.code;
}

bool protocol_error(std::string_view octets) { return code_of(octets) == Code::protoerror; }

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_message_tests)

BOOST_AUTO_TEST_CASE(example_of_the_specification_is_read_and_written_octet_for_octet) {
  const std::string octets =
      "SENSE/1 EVENT e17\nSubscription: s-01JD\nNumber: 1\nId: 01JD3\n"
      "Type: {urn:example:printer}jam\nSource: //hq.example/printer/floor2/hp4\n"
      "Time: 2026-11-21T09:15:00.250Z\nSequence: 88120\nAttempt: 1\nSeverity: 3\n"
      "Content-Type: text/plain\nLength: 15\n\n342 Printer jam";
  const auto message = parse(octets);
  BOOST_REQUIRE(message.has_value());
  BOOST_CHECK(message->kind == Kind::event);
  BOOST_CHECK_EQUAL(message->tag, "e17");
  BOOST_CHECK_EQUAL(message->data, "342 Printer jam");
  BOOST_CHECK_EQUAL(*message->number("sequence"), 88120U);
  BOOST_CHECK_EQUAL(serialize(*message), octets);
  const auto event = read_event(*message, EventOrigin::producer);
  BOOST_REQUIRE(event.has_value());
  BOOST_CHECK_EQUAL(event->type.clark(), "{urn:example:printer}jam");
  BOOST_CHECK_EQUAL(int{*event->severity}, 3);
}

BOOST_AUTO_TEST_CASE(a_type_is_any_text_and_goes_through_octet_by_octet) {
  for (const std::string type :
       {"oss:ObjectCreated:PutObject", "https://a.example/b?c=d#e", "a b", " a ", "{a", "*", "100%",
        "%0A", "%250A", "a: b", "\u3042 \u3044"}) {
    Event event;
    event.type = *QName::parse(type);
    event.source = "//x";
    event.time = *parse_precise_rfc3339("1969-07-20T20:17:40.123456789Z");
    Message message;
    message.kind = Kind::publish;
    message.tag = "p1";
    add_identity(message, event);
    const auto received = parse(serialize(message));
    BOOST_REQUIRE_MESSAGE(received.has_value(), type);
    const auto back = read_event(*received, EventOrigin::producer);
    BOOST_REQUIRE_MESSAGE(back.has_value(), back.error().message);
    BOOST_CHECK_EQUAL(back->type.display(), type);
    BOOST_CHECK(back->time == event.time);
  }
}

BOOST_AUTO_TEST_CASE(every_attribute_goes_through_an_event_and_a_producers_through_a_publish) {
  Event event;
  event.id = "e-1";
  event.type = *QName::parse("{urn:example}a");
  event.source = "//x";
  event.time = *parse_precise_rfc3339("2026-11-21T10:00:00.5Z");
  event.severity = 2;
  event.subject = "part";
  event.language = "de-CH";
  event.edition = "E";
  event.datacontenttype = "text/plain";
  event.dataschema = "https://x.example/schema";
  event.notbefore = *parse_precise_rfc3339("2026-11-21T11:00:00Z");
  event.expirytime = *parse_precise_rfc3339("2026-11-22T10:00:00Z");
  event.correlationid = "order 7\n\u00e4%0A";
  event.replyto = "mailto:desk@shop.example";
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.audience = {"a,b", "c"};
  event.except = {"d%"};
  event.extensions["more"] = std::string("https://x.example/1");
  event.data = "data";
  const auto producers = event;
  event.observedtime = *parse_precise_rfc3339("2026-11-21T10:00:01Z");
  event.principal = "shop";
  event.via = "http";
  for (const bool stamped : {false, true}) {
    auto message = make_message(Kind::event, "e1");
    add_identity(message, event);
    add_details(message, event);
    add_attributes(message, event, stamped);
    if (stamped) message.add("Observed", to_rfc3339(*event.observedtime));
    message.data = event.data;
    const auto received = parse(serialize(message));
    BOOST_REQUIRE(received.has_value());
    const auto by_service = read_event(*received, EventOrigin::service);
    BOOST_REQUIRE_MESSAGE(by_service, by_service.error().message);
    BOOST_CHECK_EQUAL(to_cloudevents_json(*by_service),
                      to_cloudevents_json(stamped ? event : producers));
    BOOST_CHECK(*by_service == (stamped ? event : producers));
    // What a producer says of the broker's attributes counts for nothing.
    const auto by_producer = read_event(*received, EventOrigin::producer);
    BOOST_REQUIRE_MESSAGE(by_producer, by_producer.error().message);
    BOOST_CHECK(*by_producer == producers);
  }
}

BOOST_AUTO_TEST_CASE(an_attribute_that_is_none_is_refused_of_a_producer_and_ignored_of_a_server) {
  struct Case {
    std::string properties, says;
  };
  std::string many;
  for (int i = 0; i < 200; ++i) many += "Attribute: a" + std::to_string(i) + " x\n";
  for (const auto& [properties, says] :
       {Case{"Attribute: a\n", "NAME VALUE"}, Case{"Attribute: A b\n", "A"},
        Case{"Attribute: a_b c\n", "a_b"}, Case{"Attribute:  b\n", "Attribute"},
        Case{"Attribute: id 7\n", "id has a property of its own"},
        Case{"Attribute: specversion 2.0\n", "specversion has"},
        Case{"Attribute: sequence 7\n", "sequence has"},
        Case{"Attribute: expirytime tomorrow\n", "expirytime"},
        Case{"Attribute: a b\nAttribute: a c\n", "a is there twice"}, Case{many, "too many"},
        Case{"Attribute: " + std::string(65, 'a') + " b\n", "aaa"}}) {
    const auto message =
        parse("SENSE/1 PUBLISH p1\nType: {a}b\nSource: //x\nSubject: s\n" + properties + "\n");
    BOOST_REQUIRE(message.has_value());
    const auto refused = read_event(*message, EventOrigin::producer);
    BOOST_REQUIRE_MESSAGE(!refused, properties);
    BOOST_CHECK_MESSAGE(refused.error().message.find(says) != std::string::npos,
                        refused.error().message);
    const auto taken = read_event(*message, EventOrigin::service);
    BOOST_REQUIRE_MESSAGE(taken, taken.error().message);
    BOOST_CHECK_EQUAL(taken->subject, "s");
    BOOST_CHECK_LE(taken->extensions.size(), Event::extensions_max);
  }
}

BOOST_AUTO_TEST_CASE(carriage_returns_before_line_feeds_are_accepted_but_data_is_left_alone) {
  const auto message =
      parse("SENSE/1 PUBLISH p1\r\nType: {a}b\r\nSource: //x\r\nLength: 4\r\n\r\na\r\nb");
  BOOST_REQUIRE(message.has_value());
  BOOST_CHECK_EQUAL(message->text("Type"), "{a}b");
  BOOST_CHECK_EQUAL(message->data, "a\r\nb");
}

BOOST_AUTO_TEST_CASE(names_compare_in_any_case_and_repeat_in_order) {
  const auto message = parse("SENSE/1 REGISTER r\nsource: //a\nSOURCE: //b\nSource: //c\n\n");
  BOOST_REQUIRE(message.has_value());
  const auto all = message->all("Source");
  BOOST_REQUIRE_EQUAL(all.size(), 3U);
  BOOST_CHECK_EQUAL(all[0], "//a");
  BOOST_CHECK_EQUAL(all[2], "//c");
  BOOST_CHECK_EQUAL(message->text("sOURCE"), "//a");
}

BOOST_AUTO_TEST_CASE(data_with_any_octet_survives) {
  Message message = make_message(Kind::publish, "p");
  for (int octet = 0; octet < 256; ++octet) message.data += static_cast<char>(octet);
  message.data += "\n\nSENSE/1 REPLY x 0 NOERROR\n\n";
  const auto again = parse(serialize(message));
  BOOST_REQUIRE(again.has_value());
  BOOST_CHECK(*again == message);
}

BOOST_AUTO_TEST_CASE(length_that_lies_is_refused) {
  const std::string head = "SENSE/1 PUBLISH p\nType: {a}b\nSource: //x\n";
  BOOST_CHECK(protocol_error(head + "Length: 4\n\nabc"));
  BOOST_CHECK(protocol_error(head + "Length: 2\n\nabc"));
  BOOST_CHECK(protocol_error(head + "\nabc"));
  BOOST_CHECK(protocol_error(head + "Length: 3\nLength: 3\n\nabc"));
  BOOST_CHECK(protocol_error(head + "Length: -3\n\nabc"));
  BOOST_CHECK(protocol_error(head + "Length: 3x\n\nabc"));
  BOOST_CHECK(protocol_error(head + "Length: 99999999999999999999\n\nabc"));
  BOOST_CHECK(protocol_error(head + "Truncated: yes\n\n"));
  BOOST_CHECK(protocol_error(head + "Truncated: yes\nLength: 3\n\nabc"));
  BOOST_CHECK(parse(head + "Length: 3\n\nabc").has_value());
  BOOST_CHECK(parse(head + "Length: 0\n\n").has_value());
  BOOST_CHECK_EQUAL(*parse(head + "Truncated: yes\nLength: 9000\n\n")->truncated_length, 9000U);
}

BOOST_AUTO_TEST_CASE(unreadable_start_lines_give_no_tag_to_answer) {
  for (const auto* octets :
       {"", "\n", "SENSE/1", "SENSE/1 PARAMETERS", "SENSE/1 PARAMETERS p",
        "SENSE/2 PARAMETERS p\n\n", "SENSE/1  PARAMETERS p\n\n", "SENSE/1 PARAMETERS \n\n",
        "SENSE/1 PARAMETERS p/1\n\n", "SENSE/1 PARA-METERS p\n\n", "sense/1 PARAMETERS p\n\n",
        " SENSE/1 PARAMETERS p\n\n", "GET / HTTP/1.1\r\n\r\n"}) {
    const auto message = parse(octets);
    BOOST_REQUIRE_MESSAGE(!message.has_value(), octets);
    BOOST_CHECK_MESSAGE(!message.error().tag.has_value(), octets);
  }
  const std::string long_tag(65, 'x');
  BOOST_CHECK(!parse("SENSE/1 PARAMETERS " + long_tag + "\n\n").error().tag.has_value());
  BOOST_CHECK(parse("SENSE/1 PARAMETERS " + long_tag.substr(1) + "\n\n").has_value());
}

BOOST_AUTO_TEST_CASE(readable_start_line_of_a_bad_message_gives_the_tag) {
  for (const auto* octets :
       {"SENSE/1 NONSENSE t7\n\n", "SENSE/1 ACK t7\nno colon\n\n", "SENSE/1 ACK t7\n",
        "SENSE/1 ACK t7 0 NOERROR\n\n", "SENSE/1 REPLY t7\n\n", "SENSE/1 REPLY t7 24 NEW\n\n",
        "SENSE/1 REPLY t7 x NEW\n\n", "SENSE/1 REPLY t7 0 \n\n", "SENSE/1 ACK t7\nA:b\n\n",
        "SENSE/1 ACK t7\n1A: b\n\n", "SENSE/1 ACK t7\n: b\n\n", "SENSE/1 ACK t7\nA: b\tc\n\n",
        "SENSE/1 ACK t7\nA: b\rc\n\n", "SENSE/1 ACK t7\nA: \xff\n\n",
        "SENSE/1 ACK t7\nA: \xed\xa0\x80\n\n"}) {
    const auto message = parse(octets);
    BOOST_REQUIRE_MESSAGE(!message.has_value(), octets);
    BOOST_REQUIRE_MESSAGE(message.error().tag.has_value(), octets);
    BOOST_CHECK_EQUAL(*message.error().tag, "t7");
    BOOST_CHECK_MESSAGE((message.error().error.code == Code::protoerror), octets);
  }
  BOOST_CHECK(protocol_error(std::string("SENSE/1 ACK t\nA: b\0c\n\n", 22)));
}

BOOST_AUTO_TEST_CASE(every_bound_has_its_code) {
  const std::string head = "SENSE/1 ACK t\n";
  BOOST_CHECK(code_of(head + std::string(65, 'n') + ": v\n\n") == Code::varnametoobig);
  BOOST_CHECK(parse(head + std::string(64, 'n') + ": v\n\n").has_value());
  BOOST_CHECK(code_of(head + "n: " + std::string(8193, 'v') + "\n\n") == Code::varvaltoobig);
  BOOST_CHECK(parse(head + "n: " + std::string(8192, 'v') + "\n\n").has_value());
  std::string many = head;
  for (std::size_t i = 0; i < properties_max; ++i) many += "a: b\n";
  BOOST_CHECK(parse(many + "\n").has_value());
  BOOST_CHECK(code_of(many + "a: b\n\n") == Code::nomoreroom);
  BOOST_CHECK(code_of(head + "a: b\n\n", 19) == Code::datatoobig);
  BOOST_CHECK(parse(head + "a: b\n\n", 20).has_value());
}

BOOST_AUTO_TEST_CASE(control_characters_travel_percent_encoded) {
  BOOST_CHECK_EQUAL(encode_value("a\nb\x7f"), "a%0Ab%7F");
  BOOST_CHECK_EQUAL(decode_value("a%0Ab%7f"), "a\nb\x7f");
  BOOST_CHECK_EQUAL(decode_value("100%25 %41 %C3%A4 %"), "100%25 %41 %C3%A4 %");
  BOOST_CHECK_EQUAL(encode_value("50% off %41"), "50% off %41");
  Message message = make_reply("t", Code::badparam, "line\r\nInjected: yes\n\n");
  const auto octets = serialize(message);
  BOOST_CHECK_EQUAL(octets,
                    "SENSE/1 REPLY t 3 BADPARAM\nReason: line%0D%0AInjected: yes%0A%0A\n\n");
  BOOST_CHECK(*parse(octets) == message);
}

BOOST_AUTO_TEST_CASE(every_value_survives_its_encoding) {
  std::mt19937 random(20261121);
  const std::string alphabet = "%%%250a0A7fF1\n\r\x01x";
  for (int i = 0; i < 20'000; ++i) {
    std::string value;
    for (auto length = random() % 12; length > 0; --length)
      value += alphabet[random() % alphabet.size()];
    BOOST_REQUIRE_EQUAL(decode_value(encode_value(value)), value);
  }
}

BOOST_AUTO_TEST_CASE(uris_are_never_changed_by_the_encoding) {
  const auto message = parse("SENSE/1 PUBLISH p\nType: {a}b\nSource: //x/a%0Ab%2520\n\n");
  BOOST_REQUIRE(message.has_value());
  BOOST_CHECK_EQUAL(message->text("Source"), "//x/a%0Ab%2520");
  BOOST_CHECK_EQUAL(serialize(*message),
                    "SENSE/1 PUBLISH p\nType: {a}b\nSource: //x/a%0Ab%2520\n\n");
  Message forged = make_message(Kind::publish, "p");
  forged.add("Source", "//x\nType: {c}d");
  BOOST_CHECK_EQUAL(serialize(forged), "SENSE/1 PUBLISH p\nSource: //x%0AType: {c}d\n\n");
}

BOOST_AUTO_TEST_CASE(ranges_are_read_in_full_or_refused) {
  const auto ranges = parse_ranges("40-57,60");
  BOOST_REQUIRE(ranges.has_value());
  BOOST_CHECK_EQUAL(format_ranges(*ranges), "40-57,60");
  BOOST_CHECK(contains(*ranges, 57));
  BOOST_CHECK(!contains(*ranges, 58));
  BOOST_CHECK(parse_ranges("1-18446744073709551615").has_value());
  for (const auto* text : {"", ",", "1,", "-", "5-", "-5", "6-5", "1-2-3", "a", "1 ", "0x1",
                           "18446744073709551616", "1,,2", "+1"})
    BOOST_CHECK_MESSAGE(!parse_ranges(text).has_value(), text);
  std::string many = "1";
  for (std::size_t i = 1; i < number_ranges_max; ++i) many += ",1";
  BOOST_CHECK(parse_ranges(many).has_value());
  BOOST_CHECK(!parse_ranges(many + ",1").has_value());
}

BOOST_AUTO_TEST_CASE(number_set_agrees_with_a_plain_set) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    NumberSet set;
    std::vector<bool> plain(64, false);
    for (int step = 0; step < 30; ++step) {
      const auto first = 1 + random() % 60;
      const auto last = std::min<std::uint64_t>(first + random() % 5, 62);
      bool fresh = false;
      for (auto n = first; n <= last; ++n) {
        fresh = fresh || !plain[n];
        plain[n] = true;
      }
      BOOST_REQUIRE_EQUAL(set.add(first, last), fresh);
    }
    std::uint64_t highest = 0;
    for (std::uint64_t n = 1; n < plain.size(); ++n) {
      BOOST_REQUIRE_EQUAL(set.contains(n), plain[n]);
      if (plain[n]) highest = n;
    }
    for (std::uint64_t n = 1; n < highest; ++n)
      BOOST_REQUIRE_EQUAL(contains(set.holes(), n), !plain[n]);
  }
}

BOOST_AUTO_TEST_CASE(number_set_holds_the_largest_numbers) {
  NumberSet set;
  BOOST_CHECK(set.add(UINT64_MAX, UINT64_MAX));
  BOOST_CHECK(set.add(1, 1));
  BOOST_CHECK_EQUAL(set.holes().size(), 1U);
  BOOST_CHECK(set.add(2, UINT64_MAX - 1));
  BOOST_CHECK_EQUAL(set.ranges().size(), 1U);
  BOOST_CHECK(!set.add(1, UINT64_MAX));
}

BOOST_AUTO_TEST_SUITE_END()
