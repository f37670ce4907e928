// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/subscription_queue.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/gateways/stored_fixture.hpp"

using sense::Attempt;
using sense::Engine;
using sense::EngineState;
using sense::SubscriptionQueue;
using sense::SubscriptionState;
using sense::testing::event_ref;
using sense::testing::ref;
using sense::testing::StoredFixture;
using sense::testing::subscription_of;
using Suspension = SubscriptionQueue::Suspension;
using namespace std::chrono_literals;

namespace {

// One queue, without the engine's index.
struct Fixture {
  sense::VirtualClock clock;
  EngineState state{{{1s, 2s, 4s}, 2}, 1};
  sense::Subscription subscription = subscription_of("s-1", {"{urn:a}x"});
  SubscriptionQueue queue{ref(subscription), 5};
  std::uint64_t sequence = 0;

  void accept() { queue.accept(event_ref("{urn:a}x", ++sequence), state, clock.now()); }
  void put() { queue.put(ref(subscription), state, clock.now()); }
  // The attempts that were requested since the last call.
  std::vector<sense::Actions::Deliver> attempts() {
    return std::exchange(state.actions.deliver, {});
  }
  void answer(const sense::Actions::Deliver& deliver, const Attempt& result) {
    const auto* target = state.attempts.find(deliver.attempt_id);
    BOOST_REQUIRE(target != nullptr);
    const auto key = target->key;
    BOOST_REQUIRE(state.attempts.close(deliver.attempt_id));
    queue.on_result(key, result, state, clock.now());
  }
  Suspension saved_suspension() {
    put();  // so that the checkpoint has it
    return queue.save(Engine::AsOf::now, state)->suspension;
  }
};

struct DigestFixture : StoredFixture {
  sense::Subscription pairs(const char* id) {
    auto subscription = subscription_of(id, {type});
    subscription.delivery.sparse.edit().digest.emplace().count = 2;
    return subscription;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(subscription_queue_tests, Fixture)

BOOST_AUTO_TEST_CASE(an_idle_queue_has_no_timer_and_counts_nothing) {
  BOOST_CHECK(!queue.finished());
  accept();
  BOOST_CHECK_EQUAL(queue.waiting().deliveries, 1U);
  BOOST_CHECK_EQUAL(state.active, 1U);
  answer(attempts().at(0), Attempt::retry("no"));
  BOOST_CHECK_EQUAL(state.active, 0U);  // the callback does not work
  BOOST_CHECK(state.timers.next().has_value());
  clock.advance(2s);
  queue.on_timer(state, clock.now());
  answer(attempts().at(0), Attempt::delivered());
  BOOST_CHECK_EQUAL(queue.waiting().deliveries, 0U);
  BOOST_CHECK_EQUAL(state.waiting, 0U);
  BOOST_CHECK(!state.timers.next());
}

BOOST_AUTO_TEST_CASE(a_resumption_is_remembered_while_the_queue_is_idle) {
  state.defaults.suspend_after = 1;
  accept();
  answer(attempts().at(0), Attempt::retry("no"));
  BOOST_CHECK(saved_suspension() == Suspension::suspended);
  clock.advance(1min);
  queue.on_timer(state, clock.now());
  answer(attempts().at(0), Attempt::delivered());
  BOOST_CHECK(saved_suspension() == Suspension::resumed);
  // The next failure suspends it again, from there.
  accept();
  answer(attempts().at(0), Attempt::retry("no"));
  BOOST_CHECK(saved_suspension() == Suspension::suspended);
  BOOST_CHECK_EQUAL(state.actions.suspensions.size(), 3U);
}

BOOST_AUTO_TEST_CASE(the_registrys_decision_is_remembered_by_an_idle_queue_too) {
  sense::SavedQueue saved;
  saved.suspension = Suspension::resumed;
  queue.restore(saved);
  subscription.state = SubscriptionState::suspended;
  put();
  BOOST_CHECK(saved_suspension() == Suspension::resumed);  // the registry is behind
  subscription.state = SubscriptionState::active;
  put();
  BOOST_CHECK(saved_suspension() == Suspension::none);
}

BOOST_AUTO_TEST_CASE(dropped_deliveries_are_counted_and_their_attempts_withdrawn) {
  for (int i = 0; i < 3; ++i) accept();
  const auto under_way = attempts();
  BOOST_REQUIRE_EQUAL(under_way.size(), 2U);
  queue.drop(state, clock.now());
  BOOST_CHECK_EQUAL(state.totals.dropped, 3U);
  BOOST_CHECK_EQUAL(state.waiting, 0U);
  BOOST_CHECK_EQUAL(state.unsaved, 0U);
  BOOST_CHECK_EQUAL(state.active, 0U);
  BOOST_CHECK(!state.timers.next());
  BOOST_CHECK(state.withdrawn);
  for (const auto& deliver : under_way)
    BOOST_CHECK(state.attempts.find(deliver.attempt_id) == nullptr);
}

BOOST_AUTO_TEST_CASE(an_end_is_finished_when_its_notice_is_and_at_once_without_one) {
  queue.end("revoked", true, state, clock.now());
  BOOST_CHECK(!queue.finished());
  answer(attempts().at(0), Attempt::rejected("no"));
  BOOST_CHECK(queue.finished());
  SubscriptionQueue silent{ref(subscription), 6};
  silent.end("revoked", false, state, clock.now());
  BOOST_CHECK(silent.finished());
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_not_saved_released_or_attempted) {
  BOOST_CHECK(!queue.save(1, Engine::AsOf::now, state, clock.now()));
  queue.release(1);
  queue.on_stored(1, state, clock.now());
  queue.on_stored(state, clock.now());
  queue.drop(state, clock.now());
  accept();
  BOOST_CHECK(!queue.save(99, Engine::AsOf::now, state, clock.now()));
  queue.release(99);
  queue.release(1);  // no checkpoint has its event
  queue.on_stored(1, state, clock.now());
  BOOST_REQUIRE_EQUAL(attempts().size(), 1U);
  BOOST_CHECK_EQUAL(state.unsaved, 1U);
}

// The checkpoint in which a window was stored says nothing about one of the queue that has its
// handle now.
BOOST_FIXTURE_TEST_CASE(a_window_does_not_take_the_checkpoint_of_another_queue_for_its_own,
                        DigestFixture) {
  put(pairs("s-1"));
  publish(2);
  save();
  end("s-1", false);
  put(pairs("s-2"));
  publish(2);
  engine.stored(clock.now());
  take();
  BOOST_CHECK(out.empty());
  store();
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_FIXTURE_TEST_CASE(nor_does_a_redriven_event, DigestFixture) {
  put(subscription_of("s-1", {type}));
  BOOST_REQUIRE(engine.redrive("s-1", event(), clock.now()));
  save();
  end("s-1", false);
  put(subscription_of("s-2", {type}));
  BOOST_REQUIRE(engine.redrive("s-2", event(), clock.now()));
  engine.stored(clock.now());
  take();
  BOOST_CHECK(out.empty());
  store();
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
