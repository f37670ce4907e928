// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/gap_list.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/gateways/host/engine/queue_fixture.hpp"

using sense::AttemptQueue;
using sense::Delivery;
using sense::GapList;
using sense::PendingDelivery;

namespace {

struct Fixture : sense::testing::QueueFixture {
  AttemptQueue attempts;
  GapList gaps;

  // A gap that was attempted, and failed.
  void defer(std::uint64_t first, std::uint64_t last, const char* reason = "undeliverable") {
    PendingDelivery gap;
    gap.kind = Delivery::Kind::gap;
    gap.number = first;
    gap.number_last = last;
    gap.attempts = 4;
    gap.details.edit().reason = reason;
    gaps.defer(deliveries.add(std::move(gap), in()), deliveries, in());
  }
  // "1-3 undeliverable; 5-5 expired", in the order in which they are attempted.
  std::string resumed() {
    gaps.resume(deliveries, attempts);
    std::string text;
    while (const auto key = attempts.next({}, clock.now().mono)) {
      const auto& gap = deliveries.at(*key);
      BOOST_CHECK(gap.stage == PendingDelivery::Stage::fresh);
      text += (text.empty() ? "" : "; ") + std::to_string(gap.number) + "-" +
              std::to_string(gap.number_last) + " " + gap.details->reason;
    }
    return text;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gap_list_tests, Fixture)

BOOST_AUTO_TEST_CASE(adjacent_gaps_of_one_reason_are_one_on_either_side_and_between) {
  defer(4, 5);
  defer(6, 6);  // behind
  defer(3, 3);  // before
  BOOST_CHECK_EQUAL(gaps.size(), 1U);
  defer(8, 9);
  BOOST_CHECK_EQUAL(gaps.size(), 2U);
  defer(7, 7);  // closes the hole
  BOOST_CHECK_EQUAL(gaps.size(), 1U);
  BOOST_CHECK_EQUAL(deliveries.size(), 1U);
  BOOST_CHECK_EQUAL(resumed(), "3-9 undeliverable");
}

BOOST_AUTO_TEST_CASE(one_that_reaches_further_back_is_found_by_its_new_beginning) {
  defer(5, 5);
  defer(4, 4);
  defer(3, 3);
  BOOST_CHECK_EQUAL(gaps.size(), 1U);
  BOOST_CHECK_EQUAL(resumed(), "3-5 undeliverable");
}

BOOST_AUTO_TEST_CASE(gaps_that_are_not_adjacent_or_differ_in_reason_stay_apart) {
  defer(5, 5);
  defer(3, 3);
  defer(6, 6, "expired");
  BOOST_CHECK_EQUAL(resumed(), "3-3 undeliverable; 5-5 undeliverable; 6-6 expired");
}

BOOST_AUTO_TEST_CASE(too_many_are_merged_though_their_reasons_differ) {
  state.defaults.gaps_max = 2;
  defer(1, 1);
  defer(2, 2, "expired");
  defer(3, 3);
  defer(4, 4, "expired");
  defer(6, 6);  // with a delivery between
  BOOST_CHECK_EQUAL(gaps.size(), 3U);
  defer(5, 5, "expired");
  BOOST_CHECK_EQUAL(gaps.size(), 2U);
  BOOST_CHECK_EQUAL(resumed(), "1-1 undeliverable; 2-6 expired, undeliverable");
}

BOOST_AUTO_TEST_CASE(a_deferred_gap_starts_again_with_its_attempts_and_is_to_be_saved) {
  defer(1, 1);
  const auto key = deliveries.keys().front();
  BOOST_CHECK_EQUAL(deliveries.at(key).attempts, 0U);
  BOOST_CHECK(deliveries.at(key).stage == PendingDelivery::Stage::deferred);
  (void)state.tracker.take_deliveries();
  state.tracker.end_epoch();
  defer(2, 2);  // changes the first
  BOOST_CHECK(!state.tracker.clean(deliveries.at(key).marks));
}

BOOST_AUTO_TEST_CASE(resumed_ones_are_deferred_no_longer) {
  defer(1, 1);
  gaps.resume(deliveries, attempts);
  BOOST_CHECK_EQUAL(gaps.size(), 0U);
  BOOST_CHECK_EQUAL(attempts.active(), 1U);
  gaps.resume(deliveries, attempts);
  BOOST_CHECK_EQUAL(attempts.active(), 1U);
}

BOOST_AUTO_TEST_CASE(a_new_gap_joins_the_last_fresh_one_or_a_deferred_one_else_is_attempted) {
  gaps.add(5, "overflow", deliveries, attempts, in());
  gaps.add(6, "overflow", deliveries, attempts, in());
  gaps.add(7, "expired", deliveries, attempts, in());  // another reason
  gaps.add(9, "expired", deliveries, attempts, in());  // not adjacent
  BOOST_CHECK_EQUAL(deliveries.size(), 3U);
  BOOST_CHECK(!state.tracker.allow_lagged());
  BOOST_CHECK_EQUAL(resumed(), "5-6 overflow; 7-7 expired; 9-9 expired");
  defer(20, 20, "expired");
  gaps.add(21, "expired", deliveries, attempts, in());
  BOOST_CHECK_EQUAL(attempts.active(), 0U);
  BOOST_CHECK_EQUAL(resumed(), "20-21 expired");
}

BOOST_AUTO_TEST_CASE(a_new_gap_does_not_join_an_event) {
  attempts.push(add_event(4));
  gaps.add(5, "expired", deliveries, attempts, in());
  BOOST_CHECK_EQUAL(deliveries.size(), 2U);
  BOOST_CHECK_EQUAL(attempts.active(), 2U);
}

// Whatever the order, each number is in one gap, and they are no more than agreed.
BOOST_AUTO_TEST_CASE(no_number_is_lost_or_reported_twice) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      deliveries = {};
      gaps = {};
      std::mt19937 random(seed);
      state.defaults.gaps_max = 1 + random() % 8;
      std::vector<std::uint64_t> numbers(200);
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i + 1;
      std::shuffle(numbers.begin(), numbers.end(), random);
      for (const auto number : numbers)
        defer(number, number, random() % 2 == 0 ? "expired" : "undeliverable");
      BOOST_CHECK_LE(gaps.size(), state.defaults.gaps_max + 1);
      std::vector<bool> reported(numbers.size() + 1);
      for (const auto key : deliveries.keys()) {
        const auto& gap = deliveries.at(key);
        for (auto number = gap.number; number <= gap.number_last; ++number) {
          BOOST_REQUIRE(!reported[number]);
          reported[number] = true;
        }
      }
      BOOST_CHECK_EQUAL(std::count(reported.begin(), reported.end(), true), 200);
      BOOST_CHECK_EQUAL(deliveries.size(), gaps.size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
