// SPDX-License-Identifier: Apache-2.0
// Deferred gaps.
#include "tests/gateways/stored_fixture.hpp"

using sense::Attempt;
using sense::Delivery;
using sense::Engine;
using sense::testing::event_of;
using sense::testing::subscription_of;
using namespace std::chrono_literals;

namespace {

struct Gap {
  std::uint64_t first, last;
  std::string reason;
  friend bool operator==(const Gap&, const Gap&) = default;
};

struct Fixture : sense::testing::StoredFixture {
  void start(std::size_t gaps_max) {
    defaults.gaps_max = gaps_max;
    engine = Engine(defaults, 1);
    auto subscription = subscription_of("s-1", {type});
    subscription.delivery.retry_count = 1;
    subscription.delivery.window = 8;
    put(subscription);
  }
  void refuse_all() {
    while (!out.empty()) answer_next(Attempt::retry("no"));
  }
  // One that is given up, or one that has expired already.
  void lose(bool expired) {
    auto made = event_of(type, ++sequence);
    made.time = clock.now().wall;
    if (expired) made.expirytime = clock.now().wall;
    publish(std::make_shared<const sense::Event>(made));
    refuse_all();
  }
  // Something gets through; answers what is told then.
  std::vector<Gap> recover() {
    std::vector<Gap> gaps;
    publish();
    while (!out.empty()) {
      const auto deliver = answer_next(Attempt::delivered());
      const auto& delivery = *deliver.delivery;
      if (delivery.kind == Delivery::Kind::gap)
        gaps.push_back({delivery.number, delivery.number_last, delivery.reason});
    }
    BOOST_CHECK_EQUAL(engine.waiting(), 0U);
    return gaps;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(engine_gaps_tests, Fixture)

BOOST_AUTO_TEST_CASE(gaps_of_different_reasons_are_told_apart_while_they_are_few) {
  start(8);
  for (const bool expired : {false, true, false}) lose(expired);
  const std::vector<Gap> expected = {
      {1, 1, "undeliverable"}, {2, 2, "expired"}, {3, 3, "undeliverable"}};
  BOOST_CHECK(recover() == expected);
}

BOOST_AUTO_TEST_CASE(gaps_of_alternating_reasons_do_not_grow_without_end) {
  start(8);
  for (int i = 0; i < 200; ++i) {
    lose(i % 2 == 0);
    BOOST_REQUIRE(engine.waiting() <= 8);
  }
  store();
  BOOST_CHECK(deliveries.size() <= 8);
  const auto gaps = recover();
  BOOST_REQUIRE_EQUAL(gaps.size(), 8U);
  for (std::uint64_t i = 0; i < 7; ++i) {
    const Gap expected{i + 1, i + 1, i % 2 == 0 ? "expired" : "undeliverable"};
    BOOST_CHECK(gaps[i] == expected);
  }
  const Gap rest{8, 200, "undeliverable, expired"};
  BOOST_CHECK(gaps.back() == rest);
}

BOOST_AUTO_TEST_CASE(a_gap_that_closes_the_hole_between_two_makes_them_one) {
  start(8);
  publish(3);
  const auto first = next(), second = next(), third = next();
  answer(first, Attempt::retry("no"));
  answer(third, Attempt::retry("no"));
  refuse_all();
  BOOST_CHECK_EQUAL(engine.waiting(), 3U);  // two gaps, and what is between them
  answer(second, Attempt::retry("no"));
  refuse_all();
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
  const std::vector<Gap> expected = {{1, 3, "undeliverable"}};
  BOOST_CHECK(recover() == expected);
}

BOOST_AUTO_TEST_CASE(a_gap_before_another_joins_it_too) {
  start(8);
  publish(2);
  const auto first = next(), second = next();
  answer(second, Attempt::retry("no"));
  refuse_all();
  answer(first, Attempt::retry("no"));
  refuse_all();
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
  publish();
  refuse_all();  // its neighbour behind
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
  store();
  crash();
  refuse_all();
  const std::vector<Gap> expected = {{1, 3, "undeliverable"}};
  BOOST_CHECK(recover() == expected);
}

BOOST_AUTO_TEST_SUITE_END()
