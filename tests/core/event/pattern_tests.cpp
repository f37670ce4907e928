// SPDX-License-Identifier: Apache-2.0
#include "core/event/pattern.hpp"

#include <boost/test/unit_test.hpp>

#include "core/event/event.hpp"

BOOST_AUTO_TEST_SUITE(pattern_tests)

using namespace sense;

namespace {

bool type_matches(std::string_view pattern, std::string_view type) {
  const auto parsed = TypePattern::parse(pattern);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), pattern << " is refused");
  return parsed->matches(*QName::parse(type));
}

bool source_matches(std::string_view pattern, std::string_view source) {
  const auto parsed = SourcePattern::parse(pattern);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), pattern << " is refused");
  return parsed->matches(source);
}

std::string topic(std::string_view type) {
  Event event;
  event.type = *QName::parse(type);
  event.source = "//hq.example/a";
  return topic_of(event);
}

}  // namespace

BOOST_AUTO_TEST_CASE(exact_type_matches_itself_only) {
  BOOST_CHECK(type_matches("{urn:p}jam", "{urn:p}jam"));
  BOOST_CHECK(!type_matches("{urn:p}jam", "{urn:p}jammed"));
  BOOST_CHECK(!type_matches("{urn:p}jam", "{urn:p}ja"));
  BOOST_CHECK(!type_matches("{urn:p}jam", "{urn:p}Jam"));
  BOOST_CHECK(!type_matches("{urn:p}jam", "{urn:q}jam"));
  BOOST_CHECK(!type_matches("{urn:p}jam", "jam"));
  BOOST_CHECK(type_matches("com.example.created", "{}com.example.created"));
}

BOOST_AUTO_TEST_CASE(namespace_pattern_matches_no_longer_namespace) {
  BOOST_CHECK(type_matches("{urn:p}*", "{urn:p}jam"));
  BOOST_CHECK(!type_matches("{urn:p}*", "{urn:printer}jam"));
  BOOST_CHECK(!type_matches("{urn:p}*", "{urn:p:sub}jam"));
  BOOST_CHECK(!type_matches("{urn:p}*", "{urn:}jam"));
  BOOST_CHECK(type_matches("{}*", "created"));
  BOOST_CHECK(!type_matches("{}*", "{urn:p}created"));
  BOOST_CHECK(type_matches("{urn:\u7d19}*", "{urn:\u7d19}\u8a70"));
}

BOOST_AUTO_TEST_CASE(text_is_matched_octet_by_octet_and_has_no_namespace) {
  for (const char* type : {"oss:ObjectCreated:PutObject", "https://example.com/a?b#c", "a b", " a",
                           "100%", "a%20b", "9", "#", "a/b+c@d", "\u3042 \u3044"}) {
    const auto pattern = TypePattern::parse(type);
    BOOST_REQUIRE_MESSAGE(pattern.has_value(), type);
    BOOST_CHECK_EQUAL(pattern->text(), type);
    BOOST_CHECK(TypePattern::parse(pattern->text()) == *pattern);
    BOOST_CHECK(type_matches(type, type));
    BOOST_CHECK(!type_matches(type, std::string(type) + " "));
    BOOST_CHECK(!type_matches(type, std::string(type) + "x"));
    BOOST_CHECK(type_matches("{}*", type));
    BOOST_CHECK(type_matches("*", type));
    BOOST_CHECK(topic(type).starts_with(pattern->topic_prefix()));
    BOOST_CHECK(!topic(std::string(type) + " b").starts_with(pattern->topic_prefix()));
  }
  BOOST_CHECK(!type_matches("a b", "a%20b"));
  BOOST_CHECK(!type_matches("{urn:a}*", "{urn:a}b c"));
}

// A subscription is stored with the text of its patterns.
BOOST_AUTO_TEST_CASE(a_pattern_is_read_back_from_its_text) {
  for (const char* text : {"com.example.made", "{}com.example.made", "{urn:a}b", "{urn:a}*", "{}*",
                           "*", "a b", "9:%"}) {
    const auto pattern = TypePattern::parse(text);
    BOOST_REQUIRE_MESSAGE(pattern.has_value(), text);
    const auto back = TypePattern::parse(pattern->text());
    BOOST_REQUIRE_MESSAGE(back.has_value(), pattern->text());
    BOOST_CHECK(*back == *pattern);
  }
}

BOOST_AUTO_TEST_CASE(star_matches_every_type) {
  BOOST_CHECK(type_matches("*", "{urn:p}jam"));
  BOOST_CHECK(type_matches("*", "created"));
}

BOOST_AUTO_TEST_CASE(topic_prefix_is_a_prefix_of_what_matches_and_of_no_accidental_neighbour) {
  const auto starts = [](std::string_view pattern, std::string_view type) {
    return topic(type).starts_with(TypePattern::parse(pattern)->topic_prefix());
  };
  BOOST_CHECK(starts("{urn:p}jam", "{urn:p}jam"));
  BOOST_CHECK(!starts("{urn:p}jam", "{urn:p}jammed"));
  BOOST_CHECK(starts("{urn:p}*", "{urn:p}jam"));
  BOOST_CHECK(!starts("{urn:p}*", "{urn:printer}jam"));
  BOOST_CHECK(starts("*", "created"));
  BOOST_CHECK_EQUAL(topic("{urn:p}jam"), std::string("{urn:p}jam //hq.example/a\0", 26));
}

BOOST_AUTO_TEST_CASE(malformed_type_pattern_is_refused) {
  for (const auto* text : {"", "**", "{urn:p}", "{urn:p", "{urn:p}ja*", "{urn:p}*x", "{u r}*",
                           "{a}b}*", "jam*", "{urn:*}jam2 ", "{a{b}*", "com.example.*", "*.made",
                           "{}", "{urn:p}ja m", "{}a%20b", "a\n", "a*b"})
    BOOST_CHECK_MESSAGE(!TypePattern::parse(text).has_value(), text << " is accepted");
}

BOOST_AUTO_TEST_CASE(exact_source_matches_itself_only) {
  BOOST_CHECK(source_matches("//hq.example/printer/hp4", "//hq.example/printer/hp4"));
  BOOST_CHECK(!source_matches("//hq.example/printer/hp4", "//hq.example/printer/hp41"));
  BOOST_CHECK(!source_matches("//hq.example/printer/hp4", "//hq.example/printer/hp"));
  BOOST_CHECK(!source_matches("//hq.example/printer/hp4", "//hq.example/printer/hp4/tray"));
  BOOST_CHECK(!source_matches("//hq.example/printer/hp4/tray", "//hq.example/printer/hp4"));
  BOOST_CHECK(!source_matches("//hq.example/printer", "//hq.example/printer/"));
  BOOST_CHECK(source_matches("urn:a:b", "urn:a:b"));
}

BOOST_AUTO_TEST_CASE(everything_below_is_below_a_whole_segment) {
  BOOST_CHECK(source_matches("//hq.example/printer/**", "//hq.example/printer/hp4"));
  BOOST_CHECK(source_matches("//hq.example/printer/**", "//hq.example/printer/floor2/hp4"));
  BOOST_CHECK(!source_matches("//hq.example/printer/**", "//hq.example/printers/hp4"));
  BOOST_CHECK(!source_matches("//hq.example/printer/**", "//hq.example/printer"));
  BOOST_CHECK(!source_matches("//hq.example/**", "//hq.example.evil/printer"));
  BOOST_CHECK(source_matches("/**", "//hq.example/printer"));
}

BOOST_AUTO_TEST_CASE(star_is_one_segment_that_is_not_empty) {
  BOOST_CHECK(source_matches("//hq.example/*/hp4", "//hq.example/floor2/hp4"));
  BOOST_CHECK(!source_matches("//hq.example/*/hp4", "//hq.example//hp4"));
  BOOST_CHECK(!source_matches("//hq.example/*/hp4", "//hq.example/a/b/hp4"));
  BOOST_CHECK(!source_matches("//hq.example/*/hp4", "//hq.example/hp4"));
  BOOST_CHECK(!source_matches("//hq.example/*", "//hq.example/"));
  BOOST_CHECK(source_matches("//*/printer/**", "//hq.example/printer/a/b"));
  BOOST_CHECK(source_matches("//hq.example/*/*", "//hq.example/b\u00fcro/\u6771\u4eac"));
}

BOOST_AUTO_TEST_CASE(malformed_source_pattern_is_refused) {
  for (const auto* text :
       {"", "a b", "//hq/pr*", "//hq/**/x", "//hq/***", "//hq/a**", "\xff", "//h\n"})
    BOOST_CHECK_MESSAGE(!SourcePattern::parse(text).has_value(), text << " is accepted");
  BOOST_CHECK(!SourcePattern::parse(std::string(1025, 'a')).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
