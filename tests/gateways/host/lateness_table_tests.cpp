// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/records/lateness_table.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "tests/gateways/make.hpp"

using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;

namespace {

struct LatenessFixture {
  Counters counters;
  LatenessTable table{counters["dropped"]};
  Subscription one = subscription_of("s-1", {"{urn:a}x"});
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lateness_table_tests, LatenessFixture)

BOOST_AUTO_TEST_CASE(nothing_is_known_of_what_was_never_delivered) {
  BOOST_CHECK_EQUAL(table.of("s-1").count, 0U);
  BOOST_CHECK(table.of("s-1").p99 == 0s);
}

BOOST_AUTO_TEST_CASE(mean_and_extremes_are_those_of_all_events) {
  for (int i = 0; i < 99; ++i) table.add(one, 10ms);
  table.add(one, 1s);
  const auto late = table.of("s-1");
  BOOST_CHECK_EQUAL(late.count, 100U);
  BOOST_CHECK(late.mean == 19'900us);
  BOOST_CHECK(late.max == 1s);
  BOOST_CHECK(late.p99 == 16ms);
  table.add(one, 1s);
  BOOST_CHECK(table.of("s-1").p99 == 1s);
}

BOOST_AUTO_TEST_CASE(a_span_is_never_shown_shorter_than_it_was_nor_longer_than_the_longest) {
  for (const Duration span : {Duration{0us}, Duration{1us}, Duration{999us}, Duration{1ms},
                              Duration{1001us}, Duration{2ms}, Duration{1h}, Duration{24h * 400}}) {
    table.forget("s-1");
    table.add(one, span);
    BOOST_CHECK_MESSAGE(table.of("s-1").p99 == span, to_text(span));
  }
  table.forget("s-1");
  table.add(one, -5s);
  BOOST_CHECK(table.of("s-1").max == 0s);
  BOOST_CHECK(table.of("s-1").mean == 0s);
}

BOOST_AUTO_TEST_CASE(what_was_later_than_max_latency_is_counted) {
  one.delivery.sparse.edit().max_latency = 10ms;
  table.add(one, 10ms);
  table.add(one, 10'001us);
  BOOST_CHECK_EQUAL(table.of("s-1").over, 1U);
}

BOOST_AUTO_TEST_CASE(its_memory_is_bounded) {
  auto other = one;
  for (std::size_t i = 0; i < LatenessTable::subscriptions_max; ++i) {
    other.id = "t-" + std::to_string(i);
    table.add(other, 1ms);
  }
  table.add(one, 1ms);
  BOOST_CHECK_EQUAL(table.of("s-1").count, 0U);
  BOOST_CHECK_EQUAL(counters.snapshot().at("dropped"), 1U);
  table.forget(other.id);
  table.add(one, 1ms);
  BOOST_CHECK_EQUAL(table.of("s-1").count, 1U);
}

BOOST_AUTO_TEST_SUITE_END()
