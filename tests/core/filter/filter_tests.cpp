// SPDX-License-Identifier: Apache-2.0
#include "core/filter/filter.hpp"

#include <boost/test/unit_test.hpp>

#include "core/event/cloudevents_json.hpp"
#include "tests/core/filter/filter_cases.hpp"

// CloudEvents SQL 1.0: attributes, errors, and the filter itself.
using namespace sense;
using namespace sense::test;

BOOST_AUTO_TEST_SUITE(filter_tests)

BOOST_AUTO_TEST_CASE(an_error_leaves_the_zero_value_of_the_whole) {
  check({{"absent", false, Wrong::missing_attribute},
         {"(absent)", false, Wrong::missing_attribute},
         {"absent = 0", false, Wrong::missing_attribute},
         {"absent * 5", 0, Wrong::missing_attribute},
         {"1 / absent", 0, Wrong::missing_attribute},
         {"absent / 0", 0, Wrong::missing_attribute},
         {"1 / 0 + absent", 0, Wrong::math},
         {"-absent", 0, Wrong::missing_attribute},
         {"CONCAT('a', absent)", "", Wrong::missing_attribute},
         {"LENGTH(absent)", 0, Wrong::missing_attribute},
         {"BOOL(absent)", false, Wrong::missing_attribute},
         {"IS_INT(absent)", false, Wrong::missing_attribute},
         {"absent LIKE '%'", false, Wrong::missing_attribute},
         {"absent NOT LIKE '%'", false, Wrong::missing_attribute},
         {"absent IN (1)", false, Wrong::missing_attribute},
         {"absent NOT IN (1)", false, Wrong::missing_attribute},
         {"1 IN (absent, 1)", false, Wrong::missing_attribute},
         {"1 IN (1, absent)", true},
         {"LEFT('abc', -1)", "abc", Wrong::function_evaluation},
         {"(LEFT('abc', -1))", "abc", Wrong::function_evaluation},
         {"LEFT('abc', -1) = 'abc'", false, Wrong::function_evaluation},
         {"NOT (LEFT('abc', -1) = 'abc')", false, Wrong::function_evaluation},
         {"ABS(-2147483648) + 1", 0, Wrong::math},
         {"data", false, Wrong::missing_attribute},
         {"EXISTS data", false}});
}

BOOST_AUTO_TEST_CASE(attributes_are_those_of_the_cloudevent) {
  check({{"specversion", "1.0"},
         {"id", "A-17"},
         {"type", "{urn:example:printer}jam"},
         {"source", "//hq.example/printer/4"},
         {"SOURCE", "//hq.example/printer/4"},
         {"subject", "Größe 100 %"},
         {"severity", 3},
         {"time", "2026-11-21T09:15:00.250Z"},
         {"audience", "desk,a%2Cb"},
         {"sequence", "4711"},
         {"sequence > 4710", true},
         {"count", 42},
         {"Count + 1", 43},
         {"urgent", true},
         {"truth", "TRUE"},
         {"truth AND urgent", true},
         {"octets", "AP8="},
         {"when", "1970-01-01T00:00:01.000Z"},
         {"principal", false, Wrong::missing_attribute},
         {"except", false, Wrong::missing_attribute},
         {"notbefore", false, Wrong::missing_attribute},
         {"a1b2", false, Wrong::missing_attribute},
         {"12ab", false, Wrong::missing_attribute}});
}

BOOST_AUTO_TEST_CASE(exists_tells_and_never_fails) {
  check({{"EXISTS specversion AND EXISTS id AND EXISTS type AND EXISTS SOURCE", true},
         {"EXISTS time", true},
         {"EXISTS expirytime", false},
         {"EXISTS audience", true},
         {"EXISTS except", false},
         {"EXISTS sequence", true},
         {"EXISTS severity", true},
         {"EXISTS count", true},
         {"exists absent", false},
         {"NOT EXISTS absent", true},
         {"EXISTS absent AND absent = 1", false}});
}

BOOST_AUTO_TEST_CASE(a_type_without_a_namespace_has_no_braces) {
  auto event = trap();
  event.type = *QName::parse("com.example.created");
  check({{"type = 'com.example.created'", true}, {"type LIKE 'com.example.%'", true}}, event);
  event.type = *QName::parse("a b:*%");
  check({{"type", "a b:*%"}, {"type = 'a b:*%'", true}, {"type LIKE 'a %'", true}}, event);
}

BOOST_AUTO_TEST_CASE(an_event_reads_the_same_from_json) {
  const auto event = event_from_cloudevents_json(
      R"({"specversion":"1.0","id":"1","type":"t","source":"s","mybool":false,"myint":-1,)"
      R"("mytext":"x","severity":0,"time":"2018-04-26T14:48:09+02:00","data":{"a":1}})",
      EventOrigin::service);
  BOOST_REQUIRE(event.has_value());
  check({{"mybool", false},
         {"myint", -1},
         {"mytext", "x"},
         {"severity", 0},
         {"time", "2018-04-26T12:48:09.000Z"},
         {"EXISTS mybool", true},
         {"EXISTS data", false},
         {"datacontenttype", "application/json"}},
        *event);
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_with_its_column) {
  const auto column = [](const char* expression) {
    return Filter::compile(expression)->evaluate(trap()).column;
  };
  BOOST_CHECK_EQUAL(column("'ü' = 'ü' AND absent = 1"), 15u);
  BOOST_CHECK_EQUAL(column("1 = 1 / 0"), 7u);
  BOOST_CHECK_EQUAL(column("id = LEFT(id, -1)"), 6u);
  BOOST_CHECK_EQUAL(column("id = 'A-17'"), 0u);
}

BOOST_AUTO_TEST_CASE(a_filter_keeps_its_text_when_copied_and_moved) {
  const std::string text = "word LIKE 'a\\'%' OR Count = 42";
  auto filter = Filter::compile(std::string(text));
  auto copy = *filter;
  const auto moved = std::move(*filter);
  BOOST_CHECK_EQUAL(copy.text(), text);
  BOOST_CHECK(moved.matches(trap()));
}

BOOST_AUTO_TEST_SUITE_END()
