// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/bench/report/statistics.hpp"

using namespace sense::bench;

BOOST_AUTO_TEST_SUITE(bench_statistics_tests)

BOOST_AUTO_TEST_CASE(median_is_the_middle_whatever_the_order) {
  BOOST_CHECK_EQUAL(median({3}), 3);
  BOOST_CHECK_EQUAL(median({5, 1, 3}), 3);
  BOOST_CHECK_EQUAL(median({4, 1, 3, 2}), 2.5);
  BOOST_CHECK_EQUAL(median({1, 1, 1, 1'000'000, 1}), 1);
}

BOOST_AUTO_TEST_CASE(percentile_is_the_nearest_rank) {
  std::vector<int> hundred;
  for (int i = 1; i <= 100; ++i) hundred.push_back(i);
  BOOST_CHECK_EQUAL(percentile(hundred, 0.50), 50);
  BOOST_CHECK_EQUAL(percentile(hundred, 0.99), 99);
  BOOST_CHECK_EQUAL(percentile(hundred, 1.0), 100);
  BOOST_CHECK_EQUAL(percentile(hundred, 0.001), 1);
  BOOST_CHECK_EQUAL(percentile(std::vector<int>{7}, 0.99), 7);
  BOOST_CHECK_EQUAL(percentile(std::vector<int>{1, 2, 3}, 0.5), 2);
}

BOOST_AUTO_TEST_SUITE_END()
