// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(text_tests)

using namespace sense;

BOOST_AUTO_TEST_CASE(well_formed_utf8_is_accepted_wherever_it_stands) {
  for (const std::string& sign :
       std::vector<std::string>{"a", "\u00e9", "\u20ac", "\U0001f5a8", "\uffff", "\U0010ffff"})
    for (std::size_t before = 0; before < 20; ++before)
      BOOST_CHECK(valid_utf8(std::string(before, 'x') + sign + "yyyyyyyyy"));
  BOOST_CHECK(valid_utf8(""));
  BOOST_CHECK(valid_utf8(std::string_view("\0", 1)));
  BOOST_CHECK(valid_text(""));
  for (std::size_t length = 1; length < 20; ++length)
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, '\x01');
      BOOST_CHECK(valid_text(text));
      text[at] = '\0';
      BOOST_CHECK(valid_utf8(text));
      BOOST_CHECK(!valid_text(text));
      text[at] = '\x80';
      BOOST_CHECK(!valid_text(text));
    }
}

BOOST_AUTO_TEST_CASE(ill_formed_utf8_is_refused_wherever_it_stands) {
  for (const std::string& bad : std::vector<std::string>{
           "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x80\x80", "\xe0\x9f\xbf",
           "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3\x28"})
    for (std::size_t before = 0; before < 20; ++before) {
      BOOST_CHECK(!valid_utf8(std::string(before, 'x') + bad));
      BOOST_CHECK(!valid_utf8(std::string(before, 'x') + bad + "yyyyyyyyy"));
    }
}

BOOST_AUTO_TEST_CASE(what_could_deceive_a_reader_is_escaped) {
  BOOST_CHECK_EQUAL(printable("plain \u00fc\u20ac"), "plain \u00fc\u20ac");
  BOOST_CHECK_EQUAL(printable("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
  BOOST_CHECK_EQUAL(printable("\x7f"), "\\x7f");
  BOOST_CHECK_EQUAL(printable("\u0085"), "\\x85");  // C1: a line end to some terminals
  BOOST_CHECK_EQUAL(printable("\u202egpj.exe"), "\\u202egpj.exe");
  BOOST_CHECK_EQUAL(printable("\u2066\u2069\u200f\u061c"), "\\u2066\\u2069\\u200f\\u061c");
  BOOST_CHECK_EQUAL(printable("\u2028"), "\\u2028");
  BOOST_CHECK_EQUAL(printable("\xff\xc3"), "\\xff\\xc3");
  BOOST_CHECK_EQUAL(printable(std::string_view("\0", 1)), "\\x00");
}

BOOST_AUTO_TEST_CASE(printable_text_is_valid_and_stays_as_it_is) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const auto once = printable(all);
  BOOST_CHECK(valid_utf8(once));
  BOOST_CHECK_EQUAL(printable(once), once);
}

BOOST_AUTO_TEST_CASE(only_ascii_letters_become_lower_case) {
  BOOST_CHECK_EQUAL(lower("AZaz09-\u00c4"), "azaz09-\u00c4");
}

BOOST_AUTO_TEST_CASE(split_gives_every_piece_also_the_empty_ones) {
  BOOST_CHECK_EQUAL(split("", ',').size(), 1U);
  const auto pieces = split(",a,,b,", ',');
  BOOST_REQUIRE(pieces.size() == 5U);
  BOOST_CHECK(pieces[0].empty());
  BOOST_CHECK_EQUAL(pieces[1], "a");
  BOOST_CHECK(pieces[2].empty());
  BOOST_CHECK_EQUAL(pieces[3], "b");
  BOOST_CHECK(pieces[4].empty());
}

BOOST_AUTO_TEST_CASE(trim_takes_spaces_and_tabs_at_the_ends_only) {
  BOOST_CHECK_EQUAL(trim(" \ta b\t "), "a b");
  BOOST_CHECK(trim(" \t").empty());
  BOOST_CHECK_EQUAL(trim("\na"), "\na");
}

BOOST_AUTO_TEST_CASE(nearest_finds_a_slip_and_invents_nothing) {
  const std::vector<std::string> keys = {"max-period", "max-retries", "window"};
  BOOST_CHECK_EQUAL(nearest("max-perod", keys), "max-period");
  BOOST_CHECK_EQUAL(nearest("windwo", keys), "window");
  BOOST_CHECK(nearest("colour", keys).empty());
  BOOST_CHECK(nearest("", keys).empty());
  BOOST_CHECK(nearest("x", {}).empty());
}

BOOST_AUTO_TEST_CASE(a_whole_number_is_all_of_the_text_and_within_its_bounds) {
  BOOST_CHECK(parse_integer<std::uint8_t>("255") == 255);
  BOOST_CHECK(parse_integer<std::int64_t>("-9223372036854775808") == INT64_MIN);
  BOOST_CHECK(parse_integer<std::uint64_t>("18446744073709551615") == UINT64_MAX);
  BOOST_CHECK(parse_integer<unsigned>("0007") == 7U);
  BOOST_CHECK(parse_integer<unsigned>("fF", 0, 255, 16) == 255U);
  for (const char* text :
       {"", " 1", "1 ", "+1", "-1", "256", "1.0", "1e1", "0x1", "99999999999999999999"})
    BOOST_CHECK_MESSAGE(!parse_integer<std::uint8_t>(text), text);
  BOOST_CHECK(!parse_integer<int>("0", 1, 10));
  BOOST_CHECK(!parse_integer<int>("11", 1, 10));
  BOOST_CHECK(!parse_integer<int>("-2147483649"));
}

BOOST_AUTO_TEST_CASE(a_table_decides_on_ascii_and_nothing_that_deceives_is_let_through) {
  std::array<bool, 128> table{};
  table['a'] = true;
  BOOST_CHECK(consists_of("", table));
  BOOST_CHECK(consists_of("aa\u00fca\U0001f5a8", table));
  for (const auto* text : {"b", "ab", "\u00fcb", "a\u202ea", "a\x80", "a\xc3", "\xed\xa0\x80"})
    BOOST_CHECK_MESSAGE(!consists_of(text, table), printable(text));
}

BOOST_AUTO_TEST_CASE(classes_of_characters_know_ascii_only) {
  int digits = 0, alphas = 0, controls = 0;
  for (int c = 0; c < 256; ++c) {
    digits += is_digit(static_cast<char>(c));
    alphas += is_alpha(static_cast<char>(c));
    controls += is_control(static_cast<char>(c));
  }
  BOOST_CHECK_EQUAL(digits, 10);
  BOOST_CHECK_EQUAL(alphas, 52);
  BOOST_CHECK_EQUAL(controls, 33);
}

BOOST_AUTO_TEST_SUITE_END()
