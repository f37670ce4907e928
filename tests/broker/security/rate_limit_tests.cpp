// SPDX-License-Identifier: Apache-2.0
#include "broker/security/rate_limit.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(rate_limit_tests)

BOOST_AUTO_TEST_CASE(so_many_in_a_second_pass_and_no_more) {
  RateLimit limit(100);
  MonoTime now{1h};
  int passed = 0;
  for (int i = 0; i < 1000; ++i) passed += limit.take("a", 1, now) ? 1 : 0;
  BOOST_CHECK_EQUAL(passed, 100);
  for (int ms = 0; ms < 10'000; ++ms) passed += limit.take("a", 1, now += 1ms) ? 1 : 0;
  BOOST_CHECK_EQUAL(passed, 1100);
}

BOOST_AUTO_TEST_CASE(one_principal_takes_nothing_from_another) {
  RateLimit limit(10);
  BOOST_CHECK(limit.take("a", 10, MonoTime{1h}));
  BOOST_CHECK(!limit.take("a", 1, MonoTime{1h}));
  BOOST_CHECK(limit.take("b", 10, MonoTime{1h}));
}

BOOST_AUTO_TEST_CASE(a_pause_saves_up_one_second_and_no_more) {
  RateLimit limit(10);
  BOOST_CHECK(limit.take("a", 10, MonoTime{1h}));
  BOOST_CHECK(limit.take("a", 10, MonoTime{100h}));
  BOOST_CHECK(!limit.take("a", 1, MonoTime{100h}));
}

BOOST_AUTO_TEST_CASE(a_batch_larger_than_a_second_passes_and_is_paid_off) {
  RateLimit limit(10);
  MonoTime now{1h};
  BOOST_CHECK(limit.take("a", 50, now));
  BOOST_CHECK(!limit.take("a", 1, now + 4s));
  BOOST_CHECK(limit.take("a", 1, now + 4s + 100ms));
}

BOOST_AUTO_TEST_CASE(any_number_of_hosts_takes_bounded_memory_and_nothing_from_principals) {
  static_assert(RateLimit::buckets_max == 10'000);
  RateLimit limit(10);
  const MonoTime now{1h};
  const auto host = [](std::size_t number) { return "@host-" + std::to_string(number); };
  for (std::size_t i = 0; i < RateLimit::buckets_max; ++i) BOOST_CHECK(limit.take(host(i), 1, now));
  int passed = 0;
  for (std::size_t i = 0; i < 100; ++i)
    passed += limit.take(host(RateLimit::buckets_max + i), 1, now) ? 1 : 0;
  BOOST_CHECK_EQUAL(passed, 10);  // the bucket that they share
  BOOST_CHECK_EQUAL(limit.buckets(), RateLimit::buckets_max + 1);
  BOOST_CHECK(limit.take("shop", 10, now));
  // What was idle for a second makes room.
  BOOST_CHECK(limit.take(host(0), 10, now + 1s));
  BOOST_CHECK(limit.take("@new", 10, now + 2s));
  BOOST_CHECK_LT(limit.buckets(), 5U);
}

BOOST_AUTO_TEST_CASE(debt_of_a_host_is_not_forgotten) {
  RateLimit limit(1);
  const MonoTime now{1h};
  BOOST_CHECK(limit.take("@debtor", 100, now));
  for (std::size_t i = 0; i < RateLimit::buckets_max; ++i)
    (void)limit.take("@host-" + std::to_string(i), 1, now);
  BOOST_CHECK(limit.take("@new", 1, now + 5s));
  BOOST_CHECK(!limit.take("@debtor", 1, now + 5s));
}

BOOST_AUTO_TEST_CASE(zero_is_no_limit) {
  RateLimit limit(0);
  for (int i = 0; i < 1000; ++i) BOOST_CHECK(limit.take("a", 1'000'000, MonoTime{}));
}

BOOST_AUTO_TEST_SUITE_END()
