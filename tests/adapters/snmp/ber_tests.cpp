// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/ber.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "tests/adapters/snmp/packets.hpp"

using namespace sense::snmp;
using namespace sense::snmp_test;

namespace {

using Text = std::string;

std::optional<std::int64_t> signed_of(const Text& content) { return read_integer(bytes(content)); }
std::optional<std::uint64_t> unsigned_of(const Text& content, std::size_t size) {
  return read_unsigned(bytes(content), size);
}
Text oid_of(const Text& content) { return read_oid(bytes(content)).value_or("none"); }

void check_last(const Text& octets, std::uint32_t tag, const Text& content, bool whole) {
  BerReader reader(bytes(octets));
  const auto element = reader.next();
  BOOST_REQUIRE(element.has_value());
  BOOST_CHECK_EQUAL(element->tag, tag);
  BOOST_CHECK_EQUAL(Text(element->content.begin(), element->content.end()), content);
  BOOST_CHECK_EQUAL(element->whole, whole);
  BOOST_CHECK(reader.rest().empty());
  BOOST_CHECK(!reader.next().has_value());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ber_tests)

BOOST_AUTO_TEST_CASE(elements_are_read_one_behind_the_other) {
  const auto octets_text = integer(5) + tlv(0x04, Text(300, 'x')) + tlv(0x9f, "");
  BerReader reader(bytes(octets_text));
  BOOST_CHECK_EQUAL(reader.next()->tag, 0x02U);
  const auto second = reader.next();
  BOOST_CHECK(second->whole);
  BOOST_CHECK_EQUAL(second->content.size(), 300U);
  BOOST_CHECK_EQUAL(reader.rest().size(), 2U);
}

BOOST_AUTO_TEST_CASE(tags_of_several_octets_are_one_number) {
  check_last(Text("\x9f\x78\x01z", 4), 0x9f78, "z", true);
  check_last(Text("\x9f\x81\x02\x01z", 5), 0x9f8102, "z", true);
  check_last("\x9f", 0x9f, "", false);
  check_last("\x9f\x81", 0x9f81, "", false);
  check_last("\x9f\x81\x81\x81\x81\x81\x01z", 0x9f818181, "\x81\x81\x01z", false);
}

BOOST_AUTO_TEST_CASE(a_length_that_is_impossible_or_too_long_takes_what_is_left) {
  check_last("\x04", 0x04, "", false);
  check_last("\x04\x05zz", 0x04, "zz", false);
  check_last("\x04\x81", 0x04, "\x81", false);
  check_last("\x04\x80zz", 0x04, "\x80zz", false);
  check_last("\x04\xffzz", 0x04, "\xffzz", false);
  check_last("\x04\x84\xff\xff\xff\xff", 0x04, "", false);
  check_last(Text("\x04\x85\0\0\0\0\1z", 8), 0x04, Text("\x85\0\0\0\0\1z", 7), false);
  check_last(Text("\x04\x84\0\0\0\1z", 7), 0x04, "z", true);
}

BOOST_AUTO_TEST_CASE(integers_have_one_to_eight_octets) {
  BOOST_CHECK_EQUAL(signed_of("\x7f").value(), 127);
  BOOST_CHECK_EQUAL(signed_of("\xff").value(), -1);
  BOOST_CHECK_EQUAL(signed_of(Text("\x80\0", 2)).value(), -32768);
  BOOST_CHECK_EQUAL(signed_of(Text("\0\xff", 2)).value(), 255);
  BOOST_CHECK_EQUAL(signed_of("\x80" + Text(7, '\0')).value(),
                    std::numeric_limits<std::int64_t>::min());
  BOOST_CHECK(!signed_of("").has_value());
  BOOST_CHECK(!signed_of(Text(9, '\0')).has_value());
}

BOOST_AUTO_TEST_CASE(unsigned_numbers_are_never_made_of_negative_ones) {
  BOOST_CHECK_EQUAL(unsigned_of(Text("\0", 1), 4).value(), 0U);
  BOOST_CHECK_EQUAL(unsigned_of(Text("\0\xff\xff\xff\xff", 5), 4).value(), 4294967295U);
  BOOST_CHECK_EQUAL(unsigned_of("\xff\xff\xff\xff", 4).value(), 4294967295U);
  BOOST_CHECK_EQUAL(unsigned_of(Text(8, '\xff'), 8).value(), 18446744073709551615U);
  BOOST_CHECK_EQUAL(unsigned_of('\0' + Text(8, '\xff'), 8).value(), 18446744073709551615U);
  for (const auto& content : {Text(), Text("\xff"), Text("\xff\xff\xff"), Text("\1\0\0\0\0", 5),
                              Text(6, '\0'), Text(10, '\1')})
    BOOST_CHECK_MESSAGE(!unsigned_of(content, 4).has_value(), content.size());
  for (const auto& content : {Text(), Text("\x80\0\0\0", 4), Text(9, '\1'), Text(10, '\0')})
    BOOST_CHECK_MESSAGE(!unsigned_of(content, 8).has_value(), content.size());
}

BOOST_AUTO_TEST_CASE(object_identifiers_are_text) {
  BOOST_CHECK_EQUAL(oid_of("\x2b"), "1.3");
  BOOST_CHECK_EQUAL(oid_of(Text("\0", 1)), "0.0");
  BOOST_CHECK_EQUAL(oid_of("\x27\x01"), "0.39.1");
  BOOST_CHECK_EQUAL(oid_of("\x4f"), "1.39");
  BOOST_CHECK_EQUAL(oid_of("\x50"), "2.0");
  BOOST_CHECK_EQUAL(oid_of("\x88\x37\x03"), "2.999.3");
  BOOST_CHECK_EQUAL(oid_of("\x2b\x8f\xff\xff\xff\x7f"), "1.3.4294967295");
  BOOST_CHECK_EQUAL(oid_of("\x90\x80\x80\x80\x4f"), "2.4294967295");
}

BOOST_AUTO_TEST_CASE(object_identifiers_out_of_bounds_are_none) {
  for (const auto& content :
       {Text(), Text("\x80"), Text("\x2b\x86"), Text("\x2b\x90\x80\x80\x80\x00", 6),
        Text("\x2b" + Text(20, '\xff') + "\x01"), Text("\x90\x80\x80\x80\x50")})
    BOOST_CHECK_EQUAL(oid_of(content), "none");
  BOOST_CHECK_EQUAL(oid_of(Text(127, '\1')).substr(0, 8), "0.1.1.1.");
  BOOST_CHECK_EQUAL(oid_of(Text(128, '\1')), "none");
}

BOOST_AUTO_TEST_SUITE_END()
