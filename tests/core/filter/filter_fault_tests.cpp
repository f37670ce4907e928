// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "core/filter/filter.hpp"
#include "tests/core/filter/filter_cases.hpp"

// Expressions that are refused, and what keeps an evaluation small.
using namespace sense;
using namespace sense::test;

namespace {

struct Refusal {
  std::string expression;
  std::size_t column;  // 0: wherever it is
  std::string_view says;
};

void check_refused(const std::vector<Refusal>& refusals) {
  for (const auto& one : refusals) {
    const auto filter = Filter::compile(one.expression);
    BOOST_TEST_CONTEXT(one.expression.substr(0, 100)) {
      BOOST_CHECK(!filter.has_value());
      if (filter) continue;
      BOOST_CHECK(filter.error().kind == Wrong::parse);
      BOOST_CHECK_MESSAGE((one.column == 0 || filter.error().column == one.column),
                          filter.error().column);
      BOOST_CHECK_MESSAGE(filter.error().message.find(one.says) != std::string::npos,
                          filter.error().message);
    }
  }
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (; times > 0; --times) text += piece;
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(filter_fault_tests)

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_is_told_before_any_event) {
  const std::vector<Refusal> defects = {{"type = 'x' AND lenght(id) > 3", 16, "LENGTH meant?"},
                                        {"LEFT(id) = 'x'", 1, "LEFT does not take 1 argument"},
                                        {"zzz(id)", 1, "there is no function 'zzz'"},
                                        {"id = 'x' AND data = 'y'", 14, "'data' cannot be reached"},
                                        {"severity + 1", 1, "gives a number"},
                                        {"CONCAT(id, type)", 1, "gives a text"}};
  for (const auto& [expression, column, says] : defects) {
    const auto filter = Filter::compile(expression);
    BOOST_TEST_CONTEXT(expression) {
      BOOST_REQUIRE(filter.has_value());
      BOOST_REQUIRE(filter->defect().has_value());
      BOOST_CHECK_EQUAL(filter->defect()->column, column);
      BOOST_CHECK_MESSAGE(filter->defect()->message.find(says) != std::string::npos,
                          filter->defect()->message);
    }
  }
  for (const auto* good : {"urgent", "true", "id = 'data'", "EXISTS x", "NOT x", "x IN (1)"})
    BOOST_CHECK_MESSAGE(!Filter::compile(good)->defect().has_value(), good);
}

BOOST_AUTO_TEST_CASE(a_fault_is_told_with_its_column) {
  check_refused({{"", 1, "is missing at the end"},
                 {"   ", 4, "is missing at the end"},
                 {"severity >", 11, "is missing at the end"},
                 {"severity > AND x", 12, "is missing before 'AND'"},
                 {"ABC(", 5, "is missing at the end"},
                 {"ABC('a'", 8, "a ) is missing"},
                 {"ABC('a',)", 9, "is missing before ')'"},
                 {"(1 = 1", 7, "column 1 is not closed"},
                 {"1 = 1)", 6, "closes nothing"},
                 {"a b", 3, "an operator such as AND or = is missing before 'b'"},
                 {"a == b", 4, "is missing before '='"},
                 {"a && b", 3, "write AND, OR"},
                 {"! a", 1, "write NOT"},
                 {"a.b = 1", 2, "means nothing"},
                 {"'ü' = ü", 7, "means nothing"},
                 {"a_b = 1", 1, "letters and digits only"},
                 {"a_1 = 1", 1, "letters and digits only"},
                 {"_a = 1", 1, "letters and digits only"},
                 {"x1('a')", 3, "an operator"},
                 {"id = 'abc", 6, "has no second quote"},
                 {"id = \"abc'", 6, "has no second quote"},
                 {R"('abc\')", 1, "has no second quote"},
                 {"id LIKE type", 9, "LIKE takes a pattern in quotes"},
                 {"id LIKE 5", 9, "LIKE takes a pattern in quotes"},
                 {"id LIKE ('a')", 9, "LIKE takes a pattern in quotes"},
                 {"id LIKE", 8, "LIKE takes a pattern in quotes"},
                 {"id NOT = 1", 8, "LIKE or IN"},
                 {"id IN 'a'", 7, "IN is followed by a list"},
                 {"id IN ()", 8, "is missing before ')'"},
                 {"id IN ('a'", 11, "a ) is missing"},
                 {"EXISTS (id)", 8, "the name of an attribute"},
                 {"EXISTS 'id'", 8, "the name of an attribute"},
                 {"EXISTS and", 8, "the name of an attribute"},
                 {"+ 5", 1, "directly before the digits"},
                 {"+'5'", 1, "directly before the digits"},
                 {"2147483648", 1, "not within"},
                 {"-2147483649", 1, "not within"},
                 {"- 2147483648", 3, "not within"},
                 {"99999999999999999999", 1, "not within"},
                 {"'Größe' = 'x' x", 15, "an operator"},
                 {"like", 1, "is missing before 'like'"},
                 {"NOT", 4, "is missing at the end"},
                 {"'a\xff'", 3, "UTF-8"},
                 {std::string("'a\0b'", 5), 3, "UTF-8"}});
}

BOOST_AUTO_TEST_CASE(a_pattern_that_is_no_text_leaves_a_result) {
  BOOST_CHECK(Filter::compile("id LIKE 5").error().result == false);
  BOOST_CHECK(!Filter::compile("ABC(").error().result.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_too_big_is_refused_before_it_costs_anything) {
  const auto deep = [](const char* open, const char* inner, const char* end, std::size_t levels) {
    return repeated(open, levels) + inner + repeated(end, levels);
  };
  for (const auto& [open, end] : {std::pair{"(", ")"},
                                  {"NOT ", ""},
                                  {"- ", ""},
                                  {"ABS(", ")"},
                                  {"1 IN (", ")"},
                                  {"1 + (", ")"}}) {
    BOOST_TEST_CONTEXT(open) {
      BOOST_CHECK(Filter::compile(deep(open, "1", end, 64)).has_value());
      check_refused({{deep(open, "1", end, 65), 0, "64 levels"}});
      check_refused({{deep(open, "1", end, 580), 0, "64 levels"}});
    }
  }
  BOOST_CHECK(Filter::compile("'" + std::string(4094, 'a') + "'").has_value());
  check_refused({{"'" + std::string(4095, 'a') + "'", 1, "4096 octets"}});
  BOOST_CHECK(Filter::compile("1" + repeated("+1", 500)).has_value());
  check_refused({{"1" + repeated("+1", 580), 1024, "1024 operands"}});
  BOOST_CHECK(Filter::compile("CONCAT(1" + repeated(",1", 63) + ")").has_value());
  check_refused({{"CONCAT(1" + repeated(",1", 64) + ")", 1, "64 arguments"}});
  const auto wide = "CONCAT(1" + repeated(",1", 50) + ",";
  check_refused({{wide + wide + wide + "1)))", 0, "128 values"}});
}

BOOST_AUTO_TEST_CASE(functions_cannot_make_texts_without_end) {
  auto event = trap();
  event.extensions["big"] = std::string(2048, 'a');
  const auto sixteen = "CONCAT(big" + repeated(",big", 15) + ")";  // 32 KiB
  const auto evaluate = [&](const std::string& expression) {
    return Filter::compile(expression)->evaluate(event);
  };
  BOOST_CHECK_EQUAL(shown(evaluate("LENGTH(" + sixteen + ")")), "32768");
  BOOST_CHECK_EQUAL(shown(evaluate(sixteen + " = " + sixteen)), "true");
  BOOST_CHECK_EQUAL(shown(evaluate(sixteen + " = CONCAT(" + sixteen + ", 'b')")),
                    "false functionEvaluation");
  BOOST_CHECK_EQUAL(shown(evaluate("UPPER(CONCAT(" + sixteen + ", 'b'))")),
                    "'' functionEvaluation");
}

BOOST_AUTO_TEST_CASE(like_of_many_parts_ends_soon_and_a_costly_one_at_the_bound_of_steps) {
  auto event = trap();
  event.subject = std::string(2048, 'a');
  const auto pattern = repeated("%a", 900) + "b";
  const auto begin = std::chrono::steady_clock::now();
  const auto many = Filter::compile("subject LIKE '" + pattern + "'")->evaluate(event);
  BOOST_CHECK_EQUAL(shown(many), "false");
  const auto half = "'%" + std::string(1000, 'a') + "_b%'";
  const auto costly = Filter::compile("subject LIKE " + half)->evaluate(event);
  BOOST_CHECK_EQUAL(shown(costly), "false generic");
  BOOST_CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

BOOST_AUTO_TEST_SUITE_END()
