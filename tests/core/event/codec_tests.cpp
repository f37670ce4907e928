// SPDX-License-Identifier: Apache-2.0
#include "core/event/codec.hpp"
#include "core/event/record.hpp"
#include "tests/paths.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <random>

BOOST_AUTO_TEST_SUITE(codec_tests)

using namespace sense;

namespace {

Event full_event() {
  Event event;
  event.id = "01JD3K8Z5M";
  event.type = *QName::parse("{urn:example:\u7d19}\u8a70");
  event.source = "//hq.example/b\u00fcro/hp4";
  event.subject = "Tray \U0001f5a8";
  event.time = from_micros(1'795'252'500'250'000);
  event.datacontenttype = "text/plain";
  event.dataschema = "urn:schema";
  event.notbefore = from_micros(0);
  event.expirytime = wall_time_max;
  event.severity = 3;
  event.language = "ja";
  event.correlationid = "c";
  event.replyto = "mailto:a@b.example";
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.edition = "STEP.SingleLine.CC";
  event.audience = {"a", "", "b"};
  event.except = {"c"};
  event.extensions["aaa"] = true;  // before, between and after the known names
  event.extensions["mmm"] = std::int32_t{INT32_MIN};
  event.extensions["zzz"] = std::string();
  event.extensions["binary"] = Bytes{0, 255};
  event.extensions["max"] = std::int32_t{INT32_MAX};
  event.extensions["at"] = from_micros(1'795'252'500'250'001);
  event.extensions["late"] = wall_time_max;
  event.extensions["early"] = from_micros(0);
  event.data = std::string("\0\xff\x80", 3);
  return event;
}

Event small_event() {
  Event event;
  event.id = "1";
  event.type = *QName::parse("a");
  event.source = "s";
  return event;
}

std::string octets_of(std::string_view hex) {
  std::string octets;
  std::string digits;
  for (const char c : hex) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
    if (digits.size() < 2) continue;
    octets += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return octets;
}

// The octets in the fenced block with that name in format.md, without the explanations.
std::string documented(const std::string& block) {
  std::ifstream file(testing::in_source("core/event/format.md"));
  std::string hex;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```" + block)
      inside = true;
    else if (line == "```")
      inside = false;
    else if (inside)
      hex += line.substr(0, line.find(';'));
  }
  return octets_of(hex);
}

// The small event with these attributes, or from scratch.
std::string with_attributes(std::string_view hex) {
  return octets_of("96 01 a1 31 a3 7b 7d 61 a1 73") + octets_of(hex) + octets_of("c4 00");
}

Code refusal(std::string_view octets) {
  const auto event = decode_event(octets);
  const auto head = peek_event(octets);
  BOOST_CHECK_EQUAL(event.has_value(), head.has_value());
  if (event) return Code::noerror;
  BOOST_CHECK(head || head.error().code == event.error().code);
  return event.error().code;
}

void check_malformed(std::string_view octets, std::string_view what) {
  BOOST_CHECK_MESSAGE((refusal(octets) == Code::protoerror),
                      what << ": " << symbol(refusal(octets)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(documented_example_decodes_and_encodes_octet_by_octet) {
  const auto octets = documented("hex");
  BOOST_REQUIRE(octets.size() == 193U);
  const auto event = decode_event(octets);
  BOOST_REQUIRE_MESSAGE(event.has_value(), event.error().message);
  BOOST_CHECK_EQUAL(event->id, "01JD3K8Z5M");
  BOOST_CHECK_EQUAL(event->type.clark(), "{urn:example:printer}jam");
  BOOST_CHECK_EQUAL(event->source, "//hq.example/printer/floor2/hp4");
  BOOST_CHECK_EQUAL(event->audience.at(0), "service-desk");
  BOOST_CHECK_EQUAL(to_rfc3339(*event->time), "2026-11-21T09:15:00.250Z");
  BOOST_CHECK_EQUAL(int{*event->severity}, 3);
  BOOST_CHECK(event->extensions.at("counted") == Value{true});
  BOOST_CHECK(event->extensions.at("pages") == Value{std::int32_t{-1}});
  BOOST_CHECK(event->extensions.at("serviced") == Value{*parse_rfc3339("2026-11-01T00:00:00Z")});
  BOOST_CHECK_EQUAL(event->data, "342 Printer jam");
  BOOST_CHECK_EQUAL(encode(*event), octets);
}

BOOST_AUTO_TEST_CASE(documented_record_decodes_and_encodes_octet_by_octet) {
  const auto event = documented("hex");
  const auto octets = documented("record") + event;
  const auto records = split_records(octets);
  BOOST_REQUIRE_MESSAGE(records.has_value(), records.error().message);
  BOOST_REQUIRE(records->size() == 1U);
  BOOST_CHECK_EQUAL(records->front().sequence, 88120U);
  BOOST_CHECK_EQUAL(to_rfc3339(records->front().observedtime), "2026-11-21T09:15:00.300Z");
  BOOST_CHECK_EQUAL(records->front().principal, "snmp");
  BOOST_CHECK_EQUAL(records->front().event, event);
  std::string again;
  append_record(again, records->front());
  BOOST_CHECK_EQUAL(again, octets);
}

BOOST_AUTO_TEST_CASE(every_attribute_survives) {
  for (const auto& event : {full_event(), small_event()}) {
    BOOST_REQUIRE(validate(event).has_value());
    const auto octets = encode(event);
    const auto decoded = decode_event(octets);
    BOOST_REQUIRE_MESSAGE(decoded.has_value(), decoded.error().message);
    BOOST_CHECK(*decoded == event);
    BOOST_CHECK_EQUAL(encode(*decoded), octets);
    BOOST_CHECK(validate(*decoded).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_type_that_is_text_survives_and_only_its_form_for_the_bus_is_read) {
  auto event = full_event();
  for (const char* type : {"oss:ObjectCreated:PutObject", "a b", "{a", "*", "100%"}) {
    event.type = *QName::parse(type);
    const auto octets = encode(event);
    const auto decoded = decode_event(octets);
    BOOST_REQUIRE_MESSAGE(decoded.has_value(), decoded.error().message);
    BOOST_CHECK_EQUAL(decoded->type.display(), type);
    const auto head = peek_event(octets);
    BOOST_REQUIRE(head.has_value());
    BOOST_CHECK_EQUAL(head->type, event.type.clark());
  }
  event.type = *QName::parse("{urn:x}abcde");
  auto octets = encode(event);
  for (const char* same_length : {"{urn:x}ab de", "{}a:b:c d:ef", "oss:abc:defg", "{}%41bcdefgh"}) {
    octets.replace(octets.find("{urn:x}abcde"), 12, same_length);
    BOOST_CHECK_MESSAGE(!decode_event(octets).has_value(), same_length);
    octets.replace(octets.find(same_length), 12, "{urn:x}abcde");
  }
}

BOOST_AUTO_TEST_CASE(times_survive_to_the_nanosecond_from_the_first_year_to_the_last) {
  for (const PreciseTime time :
       {PreciseTime(wall_time_min), PreciseTime(wall_time_min, 1),
        PreciseTime(from_micros(-1), 999), PreciseTime(from_micros(-1)),
        PreciseTime(from_micros(0)), PreciseTime(from_micros(0), 7),
        PreciseTime(from_micros(1'795'252'500'123'456), 789), PreciseTime(wall_time_max, 999)}) {
    Event event = full_event();
    event.time = event.notbefore = event.expirytime = time;
    event.extensions["when"] = time;
    const auto decoded = decode_event(encode(event));
    BOOST_REQUIRE_MESSAGE(decoded.has_value(), decoded.error().message);
    BOOST_CHECK(*decoded == event);
  }
  BOOST_CHECK(!validate([] {
    auto event = full_event();
    event.time = wall_time_min - Duration{1};
    return event;
  }()));
}

BOOST_AUTO_TEST_CASE(biggest_event_fits_the_limit_of_length) {
  auto event = full_event();
  event.id.assign(Event::id_length_max, 'i');
  event.source.assign(Event::source_length_max, 's');
  event.type = *QName::make(std::string(512, 'n'), std::string(256, 'l'));
  for (auto* text : {&event.subject, &event.datacontenttype, &event.dataschema, &event.language,
                     &event.correlationid, &event.replyto, &event.traceparent, &event.edition})
    text->assign(Event::text_length_max, 't');
  event.audience.assign(Event::principals_max, std::string(Event::id_length_max, 'a'));
  event.except = event.audience;
  event.extensions.clear();
  for (char a = 'a'; a < 'i'; ++a)
    for (char b = 'a'; b < 'i'; ++b)
      event.extensions[std::string(62, 'x') + a + b] = Bytes(Event::text_length_max);
  event.data.assign(Event::data_length_max, 'd');
  BOOST_REQUIRE(validate(event).has_value());
  const auto octets = encode(event);
  BOOST_CHECK_LE(octets.size(), encoded_event_length_max);
  const auto decoded = decode_event(octets);
  BOOST_REQUIRE_MESSAGE(decoded.has_value(), decoded.error().message);
  BOOST_CHECK(*decoded == event);
}

BOOST_AUTO_TEST_CASE(peek_sees_what_decode_sees) {
  const auto octets = encode(full_event());
  const auto head = peek_event(octets);
  BOOST_REQUIRE(head.has_value());
  BOOST_CHECK_EQUAL(head->id, full_event().id);
  BOOST_CHECK_EQUAL(head->type, full_event().type.clark());
  BOOST_CHECK_EQUAL(head->source, full_event().source);
}

BOOST_AUTO_TEST_CASE(event_cut_short_anywhere_is_malformed) {
  const auto octets = encode(full_event());
  for (std::size_t length = 0; length < octets.size(); ++length)
    BOOST_REQUIRE((refusal(std::string_view(octets).substr(0, length)) == Code::protoerror));
}

BOOST_AUTO_TEST_CASE(octets_after_the_event_are_malformed) {
  const auto octets = encode(full_event());
  check_malformed(octets + '\0', "a NUL");
  check_malformed(octets + octets, "a second event");
}

BOOST_AUTO_TEST_CASE(other_shape_or_version_is_malformed) {
  check_malformed("", "nothing");
  check_malformed(octets_of("95 01 a1 31 a3 7b 7d 61 a1 73 80"), "five items");
  check_malformed(octets_of("97 01 a1 31 a3 7b 7d 61 a1 73 80 c4 00 c0"), "seven items");
  check_malformed(octets_of("96 02 a1 31 a3 7b 7d 61 a1 73 80 c4 00"), "version 2");
  check_malformed(octets_of("96 c3 a1 31 a3 7b 7d 61 a1 73 80 c4 00"), "version true");
  check_malformed(octets_of("96 01 01 a3 7b 7d 61 a1 73 80 c4 00"), "id a number");
  check_malformed(octets_of("96 01 a0 a3 7b 7d 61 a1 73 80 c4 00"), "id empty");
  check_malformed(octets_of("96 01 a1 31 a1 61 a1 73 80 c4 00"), "type without braces");
  check_malformed(octets_of("96 01 a1 31 a3 7b 7d 20 a1 73 80 c4 00"), "type with a space");
  check_malformed(octets_of("96 01 a1 31 a3 7b 7d 61 a0 80 c4 00"), "source empty");
  check_malformed(octets_of("96 01 a1 31 a3 7b 7d 61 a1 20 80 c4 00"), "source a space");
  check_malformed(octets_of("96 01 a1 31 a3 7b 7d 61 a1 73 90 c4 00"), "attributes an array");
  check_malformed(octets_of("96 01 a1 31 a3 7b 7d 61 a1 73 80 a0"), "data a text");
  check_malformed(octets_of("96 01 a1 31 a3 7b 7d 61 a1 73 80 c0"), "data nil");
  check_malformed(octets_of("86 01 a1 31 a3 7b 7d 61 a1 73 80 c4 00"), "a map");
  check_malformed(octets_of("c1"), "the octet that is never used");
  BOOST_CHECK(refusal(with_attributes("80")) == Code::noerror);
}

BOOST_AUTO_TEST_CASE(wide_headers_are_read_as_narrow_ones) {
  const auto event = decode_event(octets_of(
      "dd 00 00 00 06 cf 00 00 00 00 00 00 00 01 d9 01 31 da 00 03 7b 7d 61 db 00 00 00 01 "
      "73 df 00 00 00 01 d9 08 73 65 76 65 72 69 74 79 cd 00 03 c6 00 00 00 00"));
  BOOST_REQUIRE_MESSAGE(event.has_value(), event.error().message);
  BOOST_CHECK_EQUAL(int{*event->severity}, 3);
  BOOST_CHECK(
      decode_event(with_attributes("81 a1 78 d3 ff ff ff ff ff ff ff ff"))->extensions.at("x") ==
      Value{std::int32_t{-1}});
  BOOST_CHECK(decode_event(with_attributes("81 a1 78 d0 05"))->extensions.at("x") ==
              Value{std::int32_t{5}});
}

BOOST_AUTO_TEST_CASE(repeated_or_unordered_attribute_is_malformed) {
  BOOST_CHECK(refusal(with_attributes("82 a1 61 c3 a1 62 c3")) == Code::noerror);
  check_malformed(with_attributes("82 a1 61 c3 a1 61 c2"), "extension repeated");
  check_malformed(with_attributes("82 a1 62 c3 a1 61 c3"), "extensions not in order");
  check_malformed(with_attributes("82 a4 74 69 6d 65 01 a4 74 69 6d 65 01"), "time repeated");
  check_malformed(with_attributes("82 a4 74 69 6d 65 01 a1 61 c3"), "a after time");
}

BOOST_AUTO_TEST_CASE(attribute_of_the_wrong_type_is_malformed) {
  check_malformed(with_attributes("81 01 c3"), "name a number");
  check_malformed(with_attributes("81 a0 c3"), "name empty");
  check_malformed(with_attributes("81 a1 41 c3"), "name in upper case");
  check_malformed(with_attributes("81 a2 69 64 a1 31"), "id among the attributes");
  check_malformed(with_attributes("81 a8 73 65 71 75 65 6e 63 65 01"), "sequence");
  check_malformed(with_attributes("81 a7 73 75 62 6a 65 63 74 a0"), "subject empty");
  check_malformed(with_attributes("81 a7 73 75 62 6a 65 63 74 c4 01 61"), "subject binary");
  check_malformed(with_attributes("81 a7 73 75 62 6a 65 63 74 a1 ff"), "subject not UTF-8");
  check_malformed(with_attributes("81 a7 73 75 62 6a 65 63 74 a1 00"), "subject NUL");
  check_malformed(with_attributes("81 a4 74 69 6d 65 a1 31"), "time a text");
  check_malformed(with_attributes("81 a4 74 69 6d 65 d3 80 00 00 00 00 00 00 00"), "too early");
  check_malformed(with_attributes("81 a4 74 69 6d 65 c7 0c ff 3b 9a ca 00 00 00 00 00 00 00 00 00"),
                  "time with a billion nanoseconds");
  check_malformed(with_attributes("81 a4 74 69 6d 65 cf ff ff ff ff ff ff ff ff"), "time too late");
  check_malformed(with_attributes("81 a4 74 69 6d 65 ca 3f 80 00 00"), "time a float");
  check_malformed(with_attributes("81 a8 73 65 76 65 72 69 74 79 08"), "severity 8");
  check_malformed(with_attributes("81 a8 73 65 76 65 72 69 74 79 ff"), "severity -1");
  check_malformed(with_attributes("81 a6 65 78 63 65 70 74 90"), "except empty");
  check_malformed(with_attributes("81 a6 65 78 63 65 70 74 a1 61"), "except a text");
  check_malformed(with_attributes("81 a6 65 78 63 65 70 74 91 91 a1 61"), "except nested");
}

BOOST_AUTO_TEST_CASE(extension_has_one_of_the_types_of_cloudevents) {
  BOOST_CHECK(refusal(with_attributes("81 a1 78 d6 ff 00 00 00 00")) == Code::noerror);
  check_malformed(with_attributes("81 a1 78 c0"), "nil");
  check_malformed(with_attributes("81 a1 78 ca 3f 80 00 00"), "float");
  check_malformed(with_attributes("81 a1 78 90"), "array");
  check_malformed(with_attributes("81 a1 78 80"), "map");
  check_malformed(with_attributes("81 a1 78 ce 80 00 00 00"), "2^31");
  check_malformed(with_attributes("81 a1 78 d3 ff ff ff ff 7f ff ff ff"), "-2^31 - 1");
  check_malformed(with_attributes("81 a1 78 cf ff ff ff ff ff ff ff ff"), "2^64 - 1");
  check_malformed(with_attributes("81 a1 78 d6 01 00 00 00 00"), "extension type 1");
  check_malformed(with_attributes("81 a1 78 d5 ff 00 00"), "timestamp of two octets");
  check_malformed(with_attributes("81 a1 78 d7 ff ff ff ff ff 00 00 00 00"), "2^30 - 1 ns");
  check_malformed(with_attributes("81 a1 78 c7 0c ff 00 00 00 00 80 00 00 00 00 00 00 00"),
                  "-2^63 s");
}

BOOST_AUTO_TEST_CASE(what_is_over_its_limit_is_too_big) {
  const auto text = [](std::size_t length) {
    return octets_of("da") + static_cast<char>(length >> 8U) + static_cast<char>(length & 255U) +
           std::string(length, 'a');
  };
  const auto after_map = [](const std::string& octets) { return octets + octets_of("c4 00"); };
  const auto start = octets_of("96 01 a1 31 a3 7b 7d 61 a1 73");
  BOOST_CHECK(refusal(octets_of("96 01") + text(257)) == Code::datatoobig);
  BOOST_CHECK(refusal(octets_of("96 01 a1 31 a3 7b 7d 61") + text(1025)) == Code::datatoobig);
  BOOST_CHECK(refusal(after_map(start + octets_of("81 a1 78") + text(2049))) == Code::datatoobig);
  BOOST_CHECK(refusal(start + octets_of("df ff ff ff ff")) == Code::datatoobig);
  BOOST_CHECK(refusal(start + octets_of("81 a6 65 78 63 65 70 74 dc 01 01")) == Code::datatoobig);
  BOOST_CHECK(refusal(start + octets_of("80 c6 00 10 00 01") + std::string(1024 * 1024 + 1, 'a')) ==
              Code::datatoobig);
  BOOST_CHECK(refusal(std::string(encoded_event_length_max + 1, '\x96')) == Code::datatoobig);
  std::string many = start + octets_of("de 00 41");
  for (char a = 'a'; a < 'n'; ++a)
    for (char b = 'a'; b < 'f'; ++b) many += octets_of("a3") + 'x' + a + b + octets_of("c3");
  BOOST_CHECK(refusal(after_map(many)) == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(length_that_the_octets_do_not_hold_takes_no_memory) {
  const auto start = octets_of("96 01 a1 31 a3 7b 7d 61 a1 73");
  for (const auto* hex : {"80 c6 7f ff ff ff", "81 a1 78 db ff ff ff ff",
                          "81 a1 78 c9 ff ff ff ff ff", "81 a8 61 75 64 69 65 6e 63 65 dc 01 00"})
    check_malformed(start + octets_of(hex), hex);
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_at_its_first_level) {
  check_malformed(std::string(1'000'000, '\x91'), "arrays");
  check_malformed(
      octets_of("96 01 a1 31 a3 7b 7d 61 a1 73 81 a1 78") + std::string(100'000, '\x91'),
      "arrays in an attribute");
}

BOOST_AUTO_TEST_CASE(records_follow_one_another) {
  std::string octets;
  const auto event = encode(full_event());
  for (std::uint64_t i = 1; i <= 100; ++i)
    append_record(octets, {i, from_micros(static_cast<std::int64_t>(i)), "snmp", event});
  const auto records = split_records(octets);
  BOOST_REQUIRE(records.has_value());
  BOOST_REQUIRE(records->size() == 100U);
  const auto last = decode_record(records->back());
  BOOST_REQUIRE(last.has_value());
  BOOST_CHECK_EQUAL(last->sequence, 100U);
  BOOST_CHECK(last->observedtime == from_micros(100));
  BOOST_CHECK_EQUAL(last->principal, "snmp");
  BOOST_CHECK_EQUAL(last->data, full_event().data);
  BOOST_CHECK(split_records(octets, 99).error().code == Code::datatoobig);
  BOOST_CHECK(split_records(octets, 100).has_value());
  BOOST_CHECK(split_records("")->empty());
}

BOOST_AUTO_TEST_CASE(malformed_record_is_refused) {
  std::string octets;
  append_record(octets, {1, from_micros(1), "snmp", encode(small_event())});
  for (std::size_t length = 1; length < octets.size(); ++length)
    BOOST_REQUIRE(!split_records(std::string_view(octets).substr(0, length)).has_value());
  BOOST_CHECK(!split_records(octets + octets_of("c0")).has_value());
  BOOST_CHECK(!split_records(octets_of("94 00 01 a0 c4 00")).has_value());  // sequence 0
  BOOST_CHECK(!split_records(octets_of("94 01 d3 80 00 00 00 00 00 00 00 a0 c4 00")).has_value());
  BOOST_CHECK(!split_records(octets_of("94 01 01 a1 ff c4 00")).has_value());  // not UTF-8
  BOOST_CHECK(!split_records(octets_of("94 01 01 a0 a0")).has_value());        // event a text
  BOOST_CHECK(split_records(octets_of("94 01 01 a0 c4 00")).has_value());      // event unread
  BOOST_CHECK(!decode_record(split_records(octets_of("94 01 01 a0 c4 00"))->front()).has_value());
}

BOOST_AUTO_TEST_CASE(changed_octets_give_an_error_or_a_valid_event) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto octets = encode(full_event());
  for (int i = 0; i < 20'000; ++i) {
    auto changed = octets;
    for (auto n = 1 + random() % 3; n > 0; --n)
      changed[random() % changed.size()] = static_cast<char>(random() % 256);
    const auto event = decode_event(changed);
    BOOST_REQUIRE(peek_event(changed).has_value() == event.has_value());
    if (event) BOOST_REQUIRE(validate(*event).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
