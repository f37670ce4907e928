// SPDX-License-Identifier: Apache-2.0
#include "core/http/form.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using http::Form;
using http::parse_form;

BOOST_AUTO_TEST_SUITE(form_tests)

BOOST_AUTO_TEST_CASE(names_and_values_are_decoded_in_order) {
  BOOST_CHECK((*parse_form("a=1&b%20c=%26+d&a=&=x&e") ==
               Form{{"a", "1"}, {"b c", "& d"}, {"a", ""}, {"", "x"}, {"e", ""}}));
  BOOST_CHECK(
      (*parse_form("a=b=c&a=%2B%00%FF") == Form{{"a", "b=c"}, {"a", std::string("+\0\xff", 3)}}));
}

BOOST_AUTO_TEST_CASE(empty_fields_are_none) {
  for (const auto* form : {"", "&", "&&&&"}) BOOST_CHECK(parse_form(form)->empty());
  BOOST_CHECK_EQUAL(parse_form("&a=1&&")->size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_per_cent_sign_needs_two_digits) {
  for (const auto* form : {"%", "a=%", "a=%4", "a=%4g", "a=%%41", "%zz=1"}) {
    const auto form_read = parse_form(form);
    BOOST_REQUIRE(!form_read);
    BOOST_CHECK(form_read.error().code == Code::badparam);
  }
}

BOOST_AUTO_TEST_CASE(fields_and_octets_are_bounded) {
  std::string fields;
  for (std::size_t i = 0; i < http::form_fields_max; ++i) fields += "&a";
  BOOST_CHECK_EQUAL(parse_form(fields)->size(), http::form_fields_max);
  BOOST_CHECK(parse_form(fields + "&a").error().code == Code::datatoobig);
  BOOST_CHECK(parse_form(std::string(http::form_length_max, 'a')).has_value());
  BOOST_CHECK(parse_form(std::string(http::form_length_max + 1, 'a')).error().code ==
              Code::datatoobig);
}

BOOST_AUTO_TEST_SUITE_END()
