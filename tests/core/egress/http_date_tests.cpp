// SPDX-License-Identifier: Apache-2.0
#include "core/egress/http_date.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;

BOOST_AUTO_TEST_SUITE(http_date_tests)

BOOST_AUTO_TEST_CASE(each_of_the_three_forms_is_read) {
  // RFC 9110 section 5.6.7.
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"})
    BOOST_CHECK_MESSAGE(parse_http_date(text) == parse_rfc3339("1994-11-06T08:49:37Z").value(),
                        text);
  BOOST_CHECK(parse_http_date("Sunday, 29-Nov-26 20:00:00 GMT") ==
              parse_rfc3339("2026-11-29T20:00:00Z").value());
}

BOOST_AUTO_TEST_CASE(what_is_no_date_is_none) {
  for (const char* text : {"", "soon", "Sun", "Sun, 06 Foo 1994 08:49:37 GMT", "06 Nov", "-5",
                           "Sun, 06 Nov 1994 24:61:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT"})
    BOOST_CHECK_MESSAGE(!parse_http_date(text), text);
}

BOOST_AUTO_TEST_CASE(a_year_has_four_digits) {
  BOOST_CHECK(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT") ==
              parse_rfc3339("9999-12-31T23:59:59Z").value());
  for (const auto* text : {"Sat, 01 Jan 10000 00:00:00 GMT", "Sun, 06 Nov 19941994 08:49:37 GMT",
                           "Sun, 06 Nov 2147483647 08:49:37 GMT"})
    BOOST_CHECK_MESSAGE(!parse_http_date(text), text);
}

BOOST_AUTO_TEST_SUITE_END()
