// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/retry_schedule.hpp"
#include "tests/gateways/stored_fixture.hpp"

using sense::Attempt;
using sense::Delivery;
using sense::Engine;
using sense::SubscriptionState;
using namespace std::chrono_literals;

namespace {

struct Fixture : sense::testing::StoredFixture {
  static constexpr auto before = Engine::AsOf::lagged;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(engine_checkpoint_tests, Fixture)

BOOST_AUTO_TEST_CASE(nothing_new_is_an_empty_checkpoint) {
  put(plain());
  publish();
  save();
  const auto again = save();
  BOOST_CHECK(again.queues.empty() && again.queues_removed.empty() && again.deliveries.empty() &&
              again.deliveries_removed.empty());
}

// The wish to end the subscription dies with the host; what was to be explained must not.
BOOST_AUTO_TEST_CASE(gap_that_is_answered_with_gone_is_told_again_after_a_crash) {
  auto once = plain();
  once.delivery.retry_count = 1;
  put(once);
  publish();
  answer_next(Attempt::retry("no"));  // given up: a gap comes
  answer_next(Attempt::gone("410"));
  BOOST_CHECK_EQUAL(gone.size(), 1U);
  save();
  crash();
  const auto again = next();
  BOOST_CHECK((again.delivery->kind == Delivery::Kind::gap));
  BOOST_CHECK_EQUAL(again.delivery->number, 1U);
  answer(again, Attempt::gone("410"));
  BOOST_CHECK_EQUAL(gone.size(), 2U);
  end("s-1", true, "unreachable");
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
}

BOOST_AUTO_TEST_CASE(what_came_and_went_between_two_checkpoints_is_in_none) {
  put(plain());
  save();
  publish();
  answer_next(Attempt::delivered());
  put(plain("s-2"));
  end("s-2", false);
  const auto checkpoint = save();
  BOOST_CHECK(checkpoint.deliveries.empty() && checkpoint.deliveries_removed.empty());
  BOOST_CHECK(checkpoint.queues_removed.empty());
  BOOST_REQUIRE_EQUAL(checkpoint.queues.size(), 1U);  // its next number
  BOOST_CHECK_EQUAL(checkpoint.queues[0].next_number, 2U);
}

BOOST_AUTO_TEST_CASE(an_event_is_saved_once) {
  put(plain());
  publish();
  BOOST_REQUIRE_EQUAL(save().deliveries.size(), 1U);
  BOOST_REQUIRE_EQUAL(events.size(), 1U);
  answer_next(Attempt::retry("no"));
  const auto checkpoint = save();
  BOOST_REQUIRE_EQUAL(checkpoint.deliveries.size(), 1U);
  BOOST_CHECK(!checkpoint.deliveries[0].second.event);
  BOOST_CHECK(checkpoint.queues.empty());  // nothing of it has changed
}

BOOST_AUTO_TEST_CASE(what_was_under_way_is_repeated_with_the_same_number) {
  put(plain());
  publish(3);
  save();
  crash();
  BOOST_REQUIRE_EQUAL(out.size(), 2U);
  for (std::uint64_t number = 1; number <= 2; ++number) {
    const auto deliver = next();
    BOOST_CHECK_EQUAL(deliver.delivery->number, number);
    BOOST_CHECK_EQUAL(deliver.sequence, number);
    BOOST_CHECK_EQUAL(deliver.delivery->attempt, 2U);
    BOOST_CHECK(!deliver.delivery->event);  // to be loaded
  }
  publish();
  save();
  BOOST_CHECK_EQUAL(queues.at("s-1").next_number, 5U);
  BOOST_CHECK_EQUAL(engine.waiting(), 4U);
}

BOOST_AUTO_TEST_CASE(what_was_never_attempted_comes_in_order) {
  put(plain());
  publish(13);
  save();
  crash();
  std::vector<std::uint64_t> numbers;
  while (!out.empty()) numbers.push_back(answer_next(Attempt::delivered()).delivery->number);
  BOOST_REQUIRE_EQUAL(numbers.size(), 13U);
  BOOST_CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  save();
  BOOST_CHECK(deliveries.empty());
}

BOOST_AUTO_TEST_CASE(a_retry_keeps_its_time_and_count_over_a_restart) {
  put(plain());
  publish();
  answer_next(Attempt::retry("busy", 10min));
  pass(1min);
  save();
  clock.advance(4min);
  crash();
  BOOST_CHECK(out.empty());
  BOOST_CHECK(engine.next_timer() == clock.now().mono + 5min);
  pass(5min);
  BOOST_CHECK_EQUAL(next().delivery->attempt, 2U);
}

BOOST_AUTO_TEST_CASE(an_attempt_that_a_crash_cut_off_was_one) {
  auto subscription = plain();
  subscription.delivery.window = 1;
  put(subscription);
  publish(2);
  save();
  answer_next(Attempt::delivered());
  BOOST_CHECK_EQUAL(next().delivery->attempt, 1U);  // of number 2, which was saved before
  save();
  crash();
  BOOST_CHECK_EQUAL(next().delivery->attempt, 2U);
}

BOOST_AUTO_TEST_CASE(a_wall_clock_that_jumped_delays_a_retry_by_a_day_at_most) {
  put(plain());
  publish();
  answer_next(Attempt::retry("busy", 10min));
  save();
  clock.jump_wall(-24h * 365);
  crash();
  BOOST_REQUIRE(engine.next_timer().has_value());
  BOOST_CHECK(*engine.next_timer() <= clock.now().mono + sense::RetrySchedule::pause_max);
}

BOOST_AUTO_TEST_CASE(an_end_that_was_not_told_is_told_after_a_restart) {
  put(plain());
  publish(3);
  save();
  end("s-1", true, "revoked");
  const auto checkpoint = save();
  BOOST_CHECK_EQUAL(checkpoint.deliveries_removed.size(), 3U);
  crash();
  BOOST_CHECK(!engine.find("s-1"));
  BOOST_CHECK(engine.topic_prefixes(9).empty());
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK(out[0].delivery->kind == Delivery::Kind::ended);
  BOOST_CHECK_EQUAL(out[0].delivery->reason, "revoked");
  answer_next(Attempt::delivered());
  BOOST_CHECK((save().queues_removed == std::vector<std::string>{"s-1"}));
  BOOST_CHECK(queues.empty() && deliveries.empty());
}

BOOST_AUTO_TEST_CASE(one_made_again_under_the_same_id_is_saved_as_new) {
  put(plain());
  publish(2);
  save();
  end("s-1", false);
  put(plain());
  publish();
  save();
  BOOST_CHECK_EQUAL(deliveries.size(), 1U);
  crash();
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->number, 1U);
  BOOST_CHECK_EQUAL(out[0].sequence, 3U);
}

BOOST_AUTO_TEST_CASE(a_dead_letter_of_a_restored_event_has_no_event_and_its_gap_is_saved) {
  put(plain());
  publish();
  save();
  crash();
  answer_next(Attempt::rejected("no"));
  BOOST_REQUIRE_EQUAL(dead.size(), 1U);
  BOOST_CHECK(!dead[0].event);
  BOOST_CHECK_EQUAL(dead[0].sequence, 1U);
  save();
  BOOST_REQUIRE_EQUAL(deliveries.size(), 1U);
  BOOST_CHECK(deliveries.begin()->second.kind == Delivery::Kind::gap);
  crash();
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK(out[0].delivery->kind == Delivery::Kind::gap);
  BOOST_CHECK_EQUAL(out[0].delivery->number_last, 1U);
}

BOOST_AUTO_TEST_CASE(a_gap_that_waits_for_a_callback_that_works_survives) {
  auto subscription = plain();
  subscription.delivery.retry_count = 1;
  put(subscription);
  publish();
  answer_next(Attempt::retry("no"));
  answer_next(Attempt::retry("no"));
  save();
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
  crash();
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK(out[0].delivery->kind == Delivery::Kind::gap);
}

BOOST_AUTO_TEST_CASE(released_events_are_loaded_and_unreleased_ones_are_not) {
  auto subscription = plain();
  subscription.delivery.window = 1;
  put(subscription);
  publish(2);
  save();
  publish();
  engine.stored(clock.now());
  answer_next(Attempt::delivered());
  const auto second = answer_next(Attempt::retry("no", 1h));
  BOOST_CHECK_EQUAL(second.sequence, 2U);
  BOOST_CHECK(!second.delivery->event);
  BOOST_CHECK(next().delivery->event != nullptr);  // the third is in no checkpoint
  pass(1h);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_is_not_stored_releases_nothing) {
  auto subscription = plain();
  subscription.delivery.window = 1;
  put(subscription);
  publish(2);
  save();
  answer_next(Attempt::delivered());
  BOOST_CHECK(next().delivery->event != nullptr);
}

BOOST_AUTO_TEST_CASE(release_after_the_end_does_no_harm) {
  put(plain("s-1"));
  put(plain("s-2"));
  publish(2);
  save();
  end("s-1", false);
  end("s-2", true);
  engine.stored(clock.now());
  save();
  BOOST_CHECK_EQUAL(deliveries.size(), 1U);
}

BOOST_AUTO_TEST_CASE(deliveries_of_an_unknown_queue_are_ignored) {
  Engine::SavedDelivery saved;
  saved.subscription = "s-unknown";
  engine.restore(1, saved, clock.now());
  engine.restored(clock.now());
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
}

BOOST_AUTO_TEST_CASE(states_survive) {
  auto paused = plain("s-paused");
  paused.state = SubscriptionState::paused;
  put(paused);
  publish();
  save();
  crash();
  BOOST_CHECK(out.empty());
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
  BOOST_CHECK(engine.find("s-paused")->state == SubscriptionState::paused);
  paused.state = SubscriptionState::active;
  put(paused);
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

// ---- as of the checkpoint before

BOOST_AUTO_TEST_CASE(a_lagged_checkpoint_leaves_out_later_events_and_they_come_again) {
  put(plain());
  publish();
  save();
  publish(2);
  BOOST_CHECK(engine.allow_lagged());
  const auto checkpoint = save(before);
  BOOST_CHECK(checkpoint.deliveries.empty() && checkpoint.queues.empty());
  BOOST_CHECK_EQUAL(engine.unsaved(), 2U);
  crash();
  sequence = 1;  // the journal is read from there
  publish(2);
  BOOST_REQUIRE_EQUAL(deliveries.size(), 1U);
  std::vector<std::uint64_t> numbers;
  while (!out.empty()) numbers.push_back(answer_next(Attempt::delivered()).delivery->number);
  BOOST_CHECK((numbers == std::vector<std::uint64_t>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(what_is_delivered_between_two_lagged_checkpoints_is_never_stored) {
  put(plain());
  save();
  std::size_t stored = 0;
  for (int round = 0; round < 5; ++round) {
    publish(2);
    const auto checkpoint = save(before);
    stored += checkpoint.deliveries.size() + checkpoint.deliveries_removed.size();
    answer_next(Attempt::delivered());
    answer_next(Attempt::delivered());
  }
  BOOST_CHECK_EQUAL(stored, 0U);
  // Its number lags by one epoch, and is stored without the rest.
  BOOST_CHECK_EQUAL(queues.at("s-1").next_number, 9U);
  const auto last = save(before);
  BOOST_REQUIRE_EQUAL(last.queues.size(), 1U);
  BOOST_CHECK_EQUAL(last.queues[0].next_number, 11U);
  BOOST_CHECK(last.queues[0].only_number);
  const auto nothing = save(before);
  BOOST_CHECK(nothing.queues.empty() && nothing.deliveries.empty());
}

BOOST_AUTO_TEST_CASE(what_waits_longer_is_stored_once) {
  put(plain());
  save();
  publish(5);
  BOOST_CHECK(save(before).deliveries.empty());
  publish(5);
  BOOST_CHECK_EQUAL(save(before).deliveries.size(), 5U);
  BOOST_CHECK_EQUAL(queues.at("s-1").next_number, 6U);
  BOOST_CHECK_EQUAL(save(before).deliveries.size(), 5U);
  BOOST_CHECK(save(before).deliveries.empty());
  BOOST_CHECK_EQUAL(engine.unsaved(), 0U);
  BOOST_CHECK_EQUAL(queues.at("s-1").next_number, 11U);
}

// An attempt that failed is a change of what was stored; of the rest nothing is.
BOOST_AUTO_TEST_CASE(an_attempt_that_is_repeated_may_be_stored_later) {
  put(plain());
  publish();
  save();
  answer_next(Attempt::retry("no"));
  BOOST_CHECK(engine.allow_lagged());
  const auto checkpoint = save(before);
  BOOST_REQUIRE_EQUAL(checkpoint.deliveries.size(), 1U);
  BOOST_CHECK_EQUAL(checkpoint.deliveries[0].second.attempts, 1U);
}

BOOST_AUTO_TEST_CASE(a_queue_that_comes_and_goes_a_hundred_times_is_listed_once) {
  put(plain());
  save();
  for (int i = 0; i < 100; ++i) {
    publish();
    answer_next(Attempt::delivered());
  }
  publish();
  BOOST_CHECK(save(before).deliveries.empty());
  const auto checkpoint = save(before);
  BOOST_CHECK_EQUAL(checkpoint.deliveries.size(), 1U);
  BOOST_CHECK_EQUAL(checkpoint.queues.size(), 1U);
}

BOOST_AUTO_TEST_CASE(what_a_replay_would_not_reproduce_is_not_left_out) {
  auto once = plain();
  once.delivery.retry_count = 1;
  const auto happens = [this](const auto& something) {
    save();
    BOOST_CHECK(engine.allow_lagged());
    something();
    BOOST_CHECK(!engine.allow_lagged());
  };
  happens([&] { put(once); });
  happens([&] {
    publish();
    answer_next(Attempt::rejected("400"));  // a dead letter and a gap
  });
  answer_next(Attempt::delivered());  // the gap
  happens([&] { BOOST_CHECK(engine.redrive("s-1", event(), clock.now())); });
  happens([&] { end("s-1"); });
  auto digest = plain("s-2");
  digest.delivery.sparse.edit().digest = sense::Digest{};
  digest.delivery.sparse.edit().digest->count = 2;
  put(digest);
  happens([&] { publish(); });
}

BOOST_AUTO_TEST_CASE(a_redriven_event_is_delivered_though_its_queue_is_busy) {
  put(plain());
  save();
  BOOST_CHECK(engine.redrive("s-1", event(), clock.now()));
  take();
  BOOST_CHECK(out.empty());
  save();
  publish();  // behind the checkpoint that has it
  BOOST_CHECK(out.empty());
  engine.stored(clock.now());
  take();
  BOOST_CHECK_EQUAL(out.size(), 2U);
}

BOOST_AUTO_TEST_SUITE_END()
