// SPDX-License-Identifier: Apache-2.0
#include "core/base/counters.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(counters_tests)

using namespace sense;

BOOST_AUTO_TEST_CASE(counter_starts_at_zero_and_keeps_its_place) {
  Counters counters;
  auto& first = counters["a"];
  BOOST_CHECK_EQUAL(first, 0U);
  for (int i = 0; i < 1000; ++i) (void)counters["n" + std::to_string(i)];
  ++first;
  BOOST_CHECK_EQUAL(&counters["a"], &first);
  BOOST_CHECK_EQUAL(counters.snapshot().at("a"), 1U);
  BOOST_CHECK_EQUAL(counters.snapshot().size(), 1001U);
}

BOOST_AUTO_TEST_CASE(threads_lose_no_count) {
  Counters counters;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) ++counters["shared"];
    });
  for (auto& thread : threads) thread.join();
  BOOST_CHECK_EQUAL(counters.snapshot().at("shared"), 40'000U);
}

BOOST_AUTO_TEST_SUITE_END()
