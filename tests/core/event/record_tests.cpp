// SPDX-License-Identifier: Apache-2.0
#include "core/event/record.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

BOOST_AUTO_TEST_SUITE(record_tests)

using namespace sense;

namespace {

std::string event_octets() {
  Event event;
  event.id = "1";
  event.type = *QName::parse("a");
  event.source = "s";
  return encode(event);
}

std::string records(std::uint64_t first, std::uint64_t last) {
  std::string octets;
  for (auto sequence = first; sequence <= last; ++sequence)
    append_record(octets, {sequence, from_micros(1), "snmp", event_octets()});
  return octets;
}

}  // namespace

BOOST_AUTO_TEST_CASE(reader_returns_each_record_with_its_octets) {
  const auto octets = records(7, 9);
  RecordReader in(octets);
  for (std::uint64_t sequence = 7; sequence <= 9; ++sequence) {
    BOOST_REQUIRE(!in.at_end());
    const auto record = in.next();
    BOOST_REQUIRE(record.has_value());
    BOOST_CHECK_EQUAL(record->sequence, sequence);
    BOOST_CHECK_EQUAL(in.octets(), records(sequence, sequence));
  }
  BOOST_CHECK(in.at_end());
  BOOST_CHECK(!in.next().has_value());
}

BOOST_AUTO_TEST_CASE(reader_stays_where_no_valid_record_comes_next) {
  const auto octets = records(1, 1) + "x" + records(2, 2);
  RecordReader in(octets);
  BOOST_REQUIRE(in.next().has_value());
  for (int i = 0; i < 2; ++i) {
    BOOST_CHECK(in.next().error().code == Code::protoerror);
    BOOST_CHECK(!in.at_end());
  }
}

BOOST_AUTO_TEST_CASE(only_records_with_all_sequences_of_a_range_hold_it) {
  BOOST_CHECK(holds_records(records(7, 9), 7, 9));
  BOOST_CHECK(!holds_records(records(7, 9), 7, 10));
  BOOST_CHECK(!holds_records(records(7, 9), 6, 9));
  BOOST_CHECK(!holds_records(records(7, 9), 7, 8));
  BOOST_CHECK(!holds_records(records(7, 8) + records(10, 10), 7, 9));
  BOOST_CHECK(!holds_records(records(7, 9) + "x", 7, 9));
  const auto cut = records(7, 9);
  BOOST_CHECK(!holds_records(std::string_view(cut).substr(0, cut.size() - 1), 7, 9));
}

BOOST_AUTO_TEST_CASE(record_over_a_limit_is_too_big) {
  std::string octets;
  append_record(octets, {1, from_micros(1), std::string(257, 'p'), ""});
  BOOST_CHECK(RecordReader(octets).next().error().code == Code::datatoobig);
  octets.clear();
  append_record(octets, {1, from_micros(1), "", std::string(encoded_event_length_max + 1, 'x')});
  BOOST_CHECK(RecordReader(octets).next().error().code == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(single_record_is_decoded_and_nothing_else) {
  const auto event = decode_single_record(records(5, 5));
  BOOST_REQUIRE(event.has_value());
  BOOST_CHECK_EQUAL(event->sequence, 5U);
  BOOST_CHECK_EQUAL(event->principal, "snmp");
  BOOST_CHECK(!decode_single_record("").has_value());
  BOOST_CHECK(!decode_single_record(records(5, 6)).has_value());
}

// What a filtered FETCH reads of an event that was accepted before.
BOOST_AUTO_TEST_CASE(head_of_an_event_is_read_without_the_rest) {
  const auto octets = event_octets();
  const auto head = head_of(octets);
  BOOST_REQUIRE(head.has_value());
  BOOST_CHECK_EQUAL(head->id, "1");
  BOOST_CHECK_EQUAL(head->type, "{}a");
  BOOST_CHECK_EQUAL(head->source, "s");
  BOOST_CHECK(!head_of("").has_value());
  BOOST_CHECK(!head_of(std::string_view(octets).substr(0, 6)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
