// SPDX-License-Identifier: Apache-2.0
#include "core/registry/ended_subscriptions.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;

BOOST_AUTO_TEST_SUITE(ended_subscriptions_tests)

BOOST_AUTO_TEST_CASE(what_has_ended_is_known_for_an_hour) {
  VirtualClock clock;
  EndedSubscriptions ended;
  BOOST_CHECK(!ended.find("a", clock.now().mono));
  const auto at = clock.now().wall;
  ended.add("a", "owner", "expired", clock.now());
  clock.advance(EndedSubscriptions::kept);
  const auto found = ended.find("a", clock.now().mono);
  BOOST_REQUIRE(found);
  BOOST_CHECK_EQUAL(found->owner, "owner");
  BOOST_CHECK_EQUAL(found->reason, "expired");
  BOOST_CHECK(found->at == at);
  clock.advance(Duration{1});
  BOOST_CHECK(!ended.find("a", clock.now().mono));
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_changes_nothing) {
  VirtualClock clock;
  EndedSubscriptions ended;
  ended.add("a", "owner", "expired", clock.now());
  clock.jump_wall(std::chrono::hours{24});
  BOOST_CHECK(ended.find("a", clock.now().mono).has_value());
}

BOOST_AUTO_TEST_CASE(the_last_end_of_an_id_counts) {
  VirtualClock clock;
  EndedSubscriptions ended;
  ended.add("a", "owner", "cancelled", clock.now());
  clock.advance(std::chrono::minutes{59});
  ended.add("a", "other", "expired", clock.now());
  clock.advance(std::chrono::minutes{59});
  BOOST_CHECK_EQUAL(ended.find("a", clock.now().mono).value().owner, "other");
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_and_the_oldest_goes_first) {
  VirtualClock clock;
  EndedSubscriptions ended;
  for (std::size_t i = 0; i <= EndedSubscriptions::count_max; ++i) {
    ended.add(std::to_string(i), "owner", std::string(100'000, 'x'), clock.now());
    clock.advance(Duration{1});
  }
  BOOST_CHECK(!ended.find("0", clock.now().mono));
  BOOST_CHECK_EQUAL(ended.find("1", clock.now().mono).value().reason.size(),
                    EndedSubscriptions::reason_length_max);
}

BOOST_AUTO_TEST_SUITE_END()
