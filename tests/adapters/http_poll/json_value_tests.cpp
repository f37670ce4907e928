// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/json_value.hpp"

#include <boost/test/unit_test.hpp>

#include "adapters/http_poll/resource.hpp"
#include "core/base/clock.hpp"

using namespace sense;
using namespace sense::http_poll;
using namespace std::chrono_literals;

namespace {

std::string value(std::string_view json, std::string_view pointer) {
  BOOST_REQUIRE(valid_pointer(pointer));
  const auto found = json_value(json, pointer);
  if (found) return *found;
  return found.error().code == Code::notfound ? "nothing" : "no JSON";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_value_tests)

// RFC 6901 section 5.
BOOST_AUTO_TEST_CASE(the_pointers_of_the_specification_name_what_it_says) {
  const std::string json = R"({"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3,
                              "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8})";
  const std::pair<const char*, const char*> cases[] = {{"/foo", R"(["bar","baz"])"},
                                                       {"/foo/0", R"("bar")"},
                                                       {"/", "0"},
                                                       {"/a~1b", "1"},
                                                       {"/c%d", "2"},
                                                       {"/e^f", "3"},
                                                       {"/g|h", "4"},
                                                       {"/i\\j", "5"},
                                                       {"/k\"l", "6"},
                                                       {"/ ", "7"},
                                                       {"/m~0n", "8"}};
  for (const auto& [pointer, expected] : cases) BOOST_CHECK_EQUAL(value(json, pointer), expected);
  BOOST_CHECK_EQUAL(value("[ 1, 2 ]", ""), "[1,2]");
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_named_as_missing) {
  const std::string json = R"({"a": [1, 2], "b": "text", "c": null})";
  for (const char* pointer : {"/x", "/a/2", "/a/-", "/a/00", "/a/01", "/a/+1", "/a/x", "/b/0",
                              "/c/x", "/a/", "/a/99999999999999999999999", "//a"})
    BOOST_CHECK_EQUAL(value(json, pointer), "nothing");
  BOOST_CHECK_EQUAL(value(json, "/c"), "null");
}

BOOST_AUTO_TEST_CASE(names_are_compared_without_their_escapes) {
  BOOST_CHECK_EQUAL(value(R"({"\u00e9\u0074": 1})", "/\xc3\xa9t"), "1");
}

BOOST_AUTO_TEST_CASE(a_value_keeps_its_octets_and_no_spaces) {
  BOOST_CHECK_EQUAL(value(R"({"a": 12345678901234567890123456789.10 })", "/a"),
                    "12345678901234567890123456789.10");
  BOOST_CHECK_EQUAL(value("{\"a\" :\t{ \"x y\" : \"p  q\\u0041\" ,\n\"z\":[ ] } }", "/a"),
                    R"({"x y":"p  q\u0041","z":[]})");
  BOOST_CHECK_EQUAL(value(R"([ "text" , true ])", "/0"), R"("text")");
  BOOST_CHECK_EQUAL(value(R"([ "text" , true ])", "/1"), "true");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_none_wherever_it_is_wrong) {
  for (const char* json : {"", " ", "{", R"({"a":1)", R"({"a":1}})", R"({"a":1,"b":nonsense})",
                           R"({"a":1,})", "{\"a\":1,\"b\":\"\xff\"}", R"({"a":01})", "a",
                           "{\"a\":1}x", R"({"a":1,"b":[1 2]})", "{\"a\":\"\x01\"}"})
    BOOST_CHECK_EQUAL(value(json, "/a"), "no JSON");
}

// Each of these takes a reader that is not made for it seconds, or its stack.
BOOST_AUTO_TEST_CASE(what_is_made_to_be_dear_is_not) {
  std::string names = "{";
  for (int i = 0; i < 100'000; ++i) names += '"' + std::to_string(i) + "\":1,";
  names += "\"last\":2}";
  std::string deep(500'000, '[');
  const auto before = mono_now();
  BOOST_CHECK_EQUAL(value(names, "/last"), "2");
  BOOST_CHECK_EQUAL(value(deep, "/0"), "no JSON");
  deep.append(500'000, ']');
  BOOST_CHECK_EQUAL(value(deep, "/x"), "nothing");
  BOOST_CHECK_EQUAL(value(deep, "/0").size(), deep.size() - 2);
  BOOST_CHECK_LT((mono_now() - before).count(), Duration(10s).count());
}

BOOST_AUTO_TEST_SUITE_END()
