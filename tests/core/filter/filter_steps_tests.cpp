// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <random>

#include "core/filter/like.hpp"
#include "core/filter/program.hpp"

// What an evaluation takes, in steps that are the same on every machine.
using namespace sense;
using cesql::any_character;
using cesql::any_characters;
using cesql::is_like;

namespace {

std::string copies(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::uint64_t steps_of(const std::string& expression, const Event& event) {
  const auto filter = Filter::compile(expression);
  BOOST_REQUIRE(filter);
  FilterSteps steps;
  (void)filter->matches(event, steps);
  BOOST_CHECK(!steps.used_up);
  return FilterSteps::of_one_evaluation - steps.left;
}

Event with_subject(std::string subject) {
  Event event;
  event.subject = std::move(subject);
  event.source = "//hq.example/printer/hp4";
  return event;
}

// The definition, as it is read.
bool like_as_defined(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  const auto rest = pattern.substr(1);
  if (pattern[0] == any_characters) {
    for (std::size_t from = 0; from <= text.size(); ++from)
      if (like_as_defined(text.substr(from), rest)) return true;
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] != any_character)
    return pattern[0] == text[0] && like_as_defined(text.substr(1), rest);
  return like_as_defined(text.substr(text[0] == '\xc3' ? 2 : 1), rest);
}

std::string random_text(std::mt19937& random, std::initializer_list<const char*> of,
                        std::size_t length_max) {
  std::string text;
  for (auto left = random() % (length_max + 1); left > 0; --left)
    text += *(of.begin() + static_cast<std::ptrdiff_t>(random() % of.size()));
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(filter_steps_tests)

BOOST_AUTO_TEST_CASE(like_is_what_its_definition_says) {
  std::mt19937 random(7);
  int alike = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto text = random_text(random, {"a", "b", "\u00e4"}, 9);
    const auto pattern = random_text(random, {"a", "b", "\u00e4", "\xff", "\xff", "\xfe"}, 7);
    FilterSteps steps;
    const auto found = is_like(text, pattern, steps);
    BOOST_REQUIRE(found.has_value());
    BOOST_REQUIRE_MESSAGE(*found == like_as_defined(text, pattern), text + " LIKE " + pattern);
    alike += *found ? 1 : 0;
  }
  BOOST_CHECK_GT(alike, 20'000);
}

BOOST_AUTO_TEST_CASE(like_takes_no_more_than_a_few_times_the_lengths) {
  const auto event = with_subject(std::string(2048, 'a'));
  for (const auto& pattern :
       {"%" + std::string(1000, 'a') + "b%", "%" + std::string(1000, 'a') + "b",
        std::string(2047, 'a') + "b%", copies("%aab", 500) + "%", copies("%a", 1000) + "%",
        "%" + copies("a_", 500), copies("_", 1000) + "%b"})
    BOOST_CHECK_LE(steps_of("subject LIKE '" + pattern + "'", event), 2 * 2048 + 3000);
}

BOOST_AUTO_TEST_CASE(ordinary_filters_take_few_steps) {
  const auto event = with_subject("eth7");
  BOOST_CHECK_LE(steps_of("severity <= 3", event), 3U);
  BOOST_CHECK_LE(steps_of("source LIKE '//hq.%' AND NOT (source LIKE '%/hp4')", event), 30U);
  BOOST_CHECK_LE(steps_of("subject IN ('eth1', 'eth2', 'eth7')", event), 10U);
}

BOOST_AUTO_TEST_CASE(functions_and_operators_count_what_they_look_at) {
  const auto shorter = with_subject(std::string(100, 'a'));
  const auto longer = with_subject(std::string(2048, 'a'));
  for (const auto* expression : {"LENGTH(subject) = 1", "UPPER(subject) = 'A'", "subject = source",
                                 "CONCAT(subject, subject) = ''", "INT(subject) = 1"})
    BOOST_CHECK_GE(steps_of(expression, longer), steps_of(expression, shorter) + 100);
}

BOOST_AUTO_TEST_CASE(evaluation_ends_as_an_error_when_its_steps_are_used_up) {
  const auto event = with_subject(std::string(2048, 'a'));
  for (const auto* expression :
       {"true", "NOT (subject LIKE '%b')", "UPPER(subject) != ''", "subject != 'b'",
        "'a' = 'b' OR subject != 'b'", "LENGTH(subject) > 1 AND true"}) {
    const auto filter = Filter::compile(expression);
    BOOST_REQUIRE(filter);
    FilterSteps enough;
    BOOST_CHECK(filter->matches(event, enough));
    const auto needed = FilterSteps::of_one_evaluation - enough.left;
    for (std::uint64_t given = 0; given < needed; given += 1 + needed / 50) {
      FilterSteps steps{given};
      BOOST_CHECK(!filter->matches(event, steps));
      BOOST_CHECK(steps.used_up);
      BOOST_CHECK_EQUAL(steps.left, 0U);
    }
    FilterSteps exact{needed};
    BOOST_CHECK(filter->matches(event, exact));
    BOOST_CHECK(!exact.used_up);
  }
}

BOOST_AUTO_TEST_SUITE_END()
