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

// With one holder or none at a time, releases and compilations of a text meet.
BOOST_AUTO_TEST_CASE(threads_that_make_and_release_the_same_texts_agree) {
  std::vector<std::string> wrong(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mistake : wrong)
      threads.emplace_back([&mistake] {
        for (int i = 0; i < 20'000 && mistake.empty(); ++i) {
          const std::string text = "severity < " + std::to_string(i % 3);
          const SubscriptionFilter one(text);
          const SubscriptionFilter other(text);
          if (one.text() != text || one != other) mistake = text;
        }
      });
  }
  for (const auto& mistake : wrong) BOOST_CHECK_EQUAL(mistake, "");
}

BOOST_AUTO_TEST_SUITE_END()
