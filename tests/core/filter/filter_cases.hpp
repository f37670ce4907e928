// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/filter/filter.hpp"

// An event to filter, and expressions with what they give.
namespace sense::test {

using Wrong = FilterError;

inline Event trap() {
  Event event;
  event.id = "A-17";
  event.type = *QName::parse("{urn:example:printer}jam");
  event.source = "//hq.example/printer/4";
  event.subject = "Größe 100 %";
  event.severity = 3;
  event.time = *parse_rfc3339("2026-11-21T09:15:00.250Z");
  event.audience = {"desk", "a,b"};
  event.sequence = 4711;
  event.extensions = {{"count", std::int32_t{42}},
                      {"minimal", std::int32_t{-2147483647 - 1}},
                      {"urgent", true},
                      {"digits", std::string("0042")},
                      {"word", std::string("abcdef")},
                      {"truth", std::string("TRUE")},
                      {"octets", Bytes{0, 255}},
                      {"empty1", std::string()},
                      {"when", WallTime{std::chrono::seconds{1}}}};
  return event;
}

struct Case {
  const char* expression;
  FilterValue value;
  std::optional<Wrong> error = {};

  Case(const char* text, bool flag, std::optional<Wrong> wrong = {})
      : expression(text), value(flag), error(wrong) {}
  Case(const char* text, int number, std::optional<Wrong> wrong = {})
      : expression(text), value(std::int32_t{number}), error(wrong) {}
  Case(const char* text, const char* words, std::optional<Wrong> wrong = {})
      : expression(text), value(std::string(words)), error(wrong) {}
};

inline std::string shown(const FilterValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int32_t>(&value)) return std::to_string(*number);
  return "'" + std::get<std::string>(value) + "'";
}

inline std::string shown(const FilterResult& result) {
  return shown(result.value) + (result.error ? " " + std::string(to_text(*result.error)) : "");
}

inline void check(const std::vector<Case>& cases, const Event& event = trap()) {
  for (const auto& one : cases) {
    const auto filter = Filter::compile(one.expression);
    BOOST_TEST_CONTEXT(one.expression) {
      BOOST_CHECK_MESSAGE(filter.has_value(), (filter ? "" : to_string(filter.error())));
      if (!filter) continue;
      const auto result = filter->evaluate(event);
      BOOST_CHECK_EQUAL(shown(result), shown(FilterResult{one.value, one.error, 0}));
      const bool passes = !result.error && result.value == FilterValue(true);
      BOOST_CHECK_EQUAL(filter->matches(event), passes);
    }
  }
}

}  // namespace sense::test
