// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription_filter.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(subscription_filter_tests)

using sense::SubscriptionFilter;

namespace {

sense::Event event_of_severity(std::uint8_t severity) {
  sense::Event event;
  event.severity = severity;
  return event;
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_filter_lets_every_event_pass) {
  const SubscriptionFilter filter;
  BOOST_CHECK(filter.empty());
  BOOST_CHECK(filter.check().has_value());
  BOOST_CHECK(filter.passes(event_of_severity(7)));
  BOOST_CHECK(filter == SubscriptionFilter(""));
}

// Equality is that of the compiled forms: it holds only if a text is not compiled twice.
BOOST_AUTO_TEST_CASE(a_text_in_use_is_compiled_once) {
  const SubscriptionFilter first("severity < 3");
  const SubscriptionFilter second(std::string("severity < ") + "3");
  BOOST_CHECK(first == second);
  BOOST_CHECK(first != SubscriptionFilter("severity < 4"));
  BOOST_CHECK(first != SubscriptionFilter());
  BOOST_CHECK(second.passes(event_of_severity(2)));
  BOOST_CHECK(!second.passes(event_of_severity(3)));
}

BOOST_AUTO_TEST_CASE(a_text_that_is_no_filter_keeps_its_text_and_lets_nothing_pass) {
  const SubscriptionFilter filter("x =");
  BOOST_CHECK_EQUAL(filter.text(), "x =");
  BOOST_CHECK(!filter.check().has_value());
  BOOST_CHECK(!filter.passes(event_of_severity(1)));
  BOOST_CHECK(filter == SubscriptionFilter("x ="));
}

BOOST_AUTO_TEST_CASE(filter_and_filters_must_both_hold) {
  const SubscriptionFilter both("severity < 4", R"([{"not":{"exact":{"severity":"2"}}}])");
  BOOST_CHECK(both.check().has_value());
  BOOST_CHECK(both.passes(event_of_severity(3)));
  BOOST_CHECK(!both.passes(event_of_severity(2)));
  BOOST_CHECK(!both.passes(event_of_severity(4)));
  BOOST_CHECK(!both.passes(sense::Event()));
  const SubscriptionFilter one("", both.filters());
  BOOST_CHECK_EQUAL(one.text(), "");
  BOOST_CHECK(one.passes(event_of_severity(4)));
  BOOST_CHECK(one.passes(sense::Event()));
  BOOST_CHECK(!one.passes(event_of_severity(2)));
}

BOOST_AUTO_TEST_CASE(both_take_from_the_same_steps) {
  const SubscriptionFilter both("severity < 4", R"([{"exact":{"severity":"3"}}])");
  sense::FilterSteps steps;
  BOOST_CHECK(both.passes(event_of_severity(3), steps));
  const auto taken = sense::FilterSteps::of_one_evaluation - steps.left;
  sense::FilterSteps enough{taken};
  BOOST_CHECK(both.passes(event_of_severity(3), enough));
  sense::FilterSteps few{taken - 1};
  BOOST_CHECK(!both.passes(event_of_severity(3), few));
  BOOST_CHECK(few.used_up);
}

BOOST_AUTO_TEST_CASE(equal_filters_are_compiled_once_however_they_are_written) {
  const SubscriptionFilter filters("", R"([{"exact":{"id":"1","type":"a"}}])");
  BOOST_CHECK(filters == SubscriptionFilter("", R"([ {"exact":{"type":"a", "id":"\u0031"}} ])"));
  BOOST_CHECK(filters == SubscriptionFilter("", filters.filters()));
  BOOST_CHECK(filters != SubscriptionFilter("", R"([{"exact":{"id":"1","type":"b"}}])"));
  BOOST_CHECK(filters != SubscriptionFilter("true", filters.filters()));
  BOOST_CHECK(filters != SubscriptionFilter());
  BOOST_CHECK(SubscriptionFilter("", "") == SubscriptionFilter());
}

BOOST_AUTO_TEST_CASE(filters_that_are_refused_keep_their_text_and_let_nothing_pass) {
  const SubscriptionFilter filter("true", R"([{"exact":{}}])");
  BOOST_CHECK_EQUAL(filter.filters(), R"([{"exact":{}}])");
  BOOST_REQUIRE(!filter.check().has_value());
  BOOST_CHECK_EQUAL(filter.check().error().field, "filters");
  BOOST_CHECK(!filter.passes(event_of_severity(1)));
  const SubscriptionFilter first("x =", R"([{"exact":{}}])");
  BOOST_CHECK_EQUAL(first.check().error().field, "filter");
}

// With one holder or none at a time, releases and compilations of a text meet.
BOOST_AUTO_TEST_CASE(threads_that_make_and_release_the_same_texts_agree) {
  std::vector<std::string> wrong(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mistake : wrong)
      threads.emplace_back([&mistake] {
        for (int i = 0; i < 20'000 && mistake.empty(); ++i) {
          const std::string text = "severity < " + std::to_string(i % 3);
          const auto* filters = i % 2 == 0 ? "" : R"([{"exact":{"id":"1"}}])";
          const SubscriptionFilter one(text, filters);
          const SubscriptionFilter other(text, filters);
          if (one.text() != text || one.filters() != filters || one != other) mistake = text;
        }
      });
  }
  for (const auto& mistake : wrong) BOOST_CHECK_EQUAL(mistake, "");
}

BOOST_AUTO_TEST_SUITE_END()
