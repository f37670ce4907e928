// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace sense;

BOOST_AUTO_TEST_SUITE(json_tests)

BOOST_AUTO_TEST_CASE(strings_are_escaped_and_octets_that_are_not_utf8_are_replaced) {
  BOOST_CHECK_EQUAL(json_string("plain"), "\"plain\"");
  BOOST_CHECK_EQUAL(json_string("a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
  BOOST_CHECK_EQUAL(json_string("\xc3\xa4"), "\"\xc3\xa4\"");
  BOOST_CHECK_EQUAL(json_string("a\xff"), "\"a\xef\xbf\xbd\"");
  BOOST_CHECK_EQUAL(json_string_ascii("\xc3\xa4\x7f"), R"("\u00e4\u007f")");
}

BOOST_AUTO_TEST_CASE(object_has_its_members_in_the_order_of_the_calls) {
  JsonObject object;
  object.put("text", "a\"b").put("number", std::uint64_t{18446744073709551615U}).put("less", -7);
  object.put("yes", true).put("half", 0.5).put_raw("list", "[1,2]").put("b\"", std::string("c"));
  BOOST_CHECK_EQUAL(object.take(),
                    R"({"text":"a\"b","number":18446744073709551615,"less":-7,"yes":true,)"
                    R"("half":0.5,"list":[1,2],"b\"":"c"})");
  BOOST_CHECK_EQUAL(object.take(), "{}");
}

BOOST_AUTO_TEST_CASE(document_is_read_by_member_and_type) {
  const auto document =
      JsonDocument::parse(R"({"text":"x","natural":18446744073709551615,"integer":-3,)"
                          R"("real":1.5,"yes":true,"in":{"a":1}})");
  BOOST_REQUIRE(document.has_value());
  const auto root = document->root();
  BOOST_CHECK(root.is_object());
  BOOST_CHECK_EQUAL(root.size(), 6U);
  BOOST_CHECK_EQUAL(root.find("text").text().value(), "x");
  BOOST_CHECK_EQUAL(root.find("natural").natural().value(), 18446744073709551615U);
  BOOST_CHECK(!root.find("natural").integer());
  BOOST_CHECK_EQUAL(root.find("integer").integer().value(), -3);
  BOOST_CHECK(!root.find("integer").natural());
  BOOST_CHECK(!root.find("real").integer());
  BOOST_CHECK(root.find("yes").boolean().value());
  BOOST_CHECK(!root.find("text").boolean());
  BOOST_CHECK_EQUAL(root.find("in").dump(), R"({"a":1})");
  BOOST_CHECK(!root.find("none").exists());
  BOOST_CHECK(!root.find("none").find("none").text());
  BOOST_CHECK(!root.find("text").find("none").exists());
  BOOST_CHECK(!JsonDocument::parse("{"));
}

BOOST_AUTO_TEST_CASE(members_come_in_the_order_of_the_text_until_enough) {
  const auto document = JsonDocument::parse(R"({"z":1,"a":2,"m":3})");
  BOOST_REQUIRE(document.has_value());
  std::string names;
  document->root().each_member([&](const std::string& name, JsonView) {
    names += name;
    return name != "a";
  });
  BOOST_CHECK_EQUAL(names, "za");
}

BOOST_AUTO_TEST_CASE(outline_has_the_names_sorted_and_a_bound_for_the_depth) {
  const auto outline = outline_json(R"({"z":1,"a":{"b":[]}})", 4);
  BOOST_CHECK(outline.is_object);
  BOOST_CHECK(!outline.too_deep);
  BOOST_CHECK(outline.names == (std::vector<std::string>{"a", "z"}));
  BOOST_CHECK(!outline_json("[1]", 4).is_object);
  BOOST_CHECK(!outline_json("{", 4).is_object);
  BOOST_CHECK(outline_json(R"({"a":{"b":{"c":{"d":{"e":1}}}}})", 4).too_deep);
}

BOOST_AUTO_TEST_CASE(merge_patch_replaces_adds_and_removes) {
  BOOST_CHECK_EQUAL(merge_json_patch(R"({"a":1,"b":{"c":2,"d":3}})", R"({"a":null,"b":{"c":4}})"),
                    R"({"b":{"c":4,"d":3}})");
}

BOOST_AUTO_TEST_SUITE_END()
