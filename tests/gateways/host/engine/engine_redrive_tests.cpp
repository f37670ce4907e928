// SPDX-License-Identifier: Apache-2.0
// Redriving dead letters.
#include "tests/gateways/stored_fixture.hpp"

using sense::Attempt;
using sense::Engine;
using sense::SubscriptionState;
using sense::testing::event_of;
using sense::testing::subscription_of;
using namespace std::chrono_literals;

namespace {

using Numbers = std::vector<std::uint64_t>;

struct Fixture : sense::testing::StoredFixture {
  Numbers numbers_out() const {
    Numbers numbers;
    for (const auto& deliver : out) numbers.push_back(deliver.delivery->number);
    return numbers;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(engine_redrive_tests, Fixture)

BOOST_AUTO_TEST_CASE(a_redriven_event_has_a_new_number_and_its_old_id) {
  put(subscription_of("s-1", {type}));
  publish();
  answer_next(Attempt::rejected("no"));
  answer_next(Attempt::delivered());  // the gap
  BOOST_REQUIRE(engine.redrive("s-1", dead[0].event, clock.now()).has_value());
  take();
  store();
  const auto again = next();
  BOOST_CHECK_EQUAL(again.delivery->number, 2U);
  BOOST_CHECK_EQUAL(again.sequence, dead[0].sequence);
  BOOST_CHECK_EQUAL(events.at(again.sequence)->id, dead[0].event->id);
  BOOST_CHECK_EQUAL(again.delivery->attempt, 1U);
}

BOOST_AUTO_TEST_CASE(nothing_is_redriven_to_an_unknown_subscription_or_too_late) {
  auto subscription = subscription_of("s-1", {type});
  subscription.delivery.expiry = 10s;
  put(subscription);
  const auto made = event();
  BOOST_CHECK(engine.redrive("s-2", made, clock.now()).error().code == sense::Code::notfound);
  pass(10s);
  BOOST_CHECK(engine.redrive("s-1", made, clock.now()).error().code == sense::Code::badparam);
  take();
  BOOST_CHECK(out.empty());
}

BOOST_AUTO_TEST_CASE(what_is_redriven_is_stored_before_it_or_what_follows_is_attempted) {
  put(subscription_of("s-1", {type}));
  put(subscription_of("s-2", {type}));
  publish();
  const auto dead_letter = next();
  answer(dead_letter, Attempt::rejected("no"));
  while (!out.empty()) answer_next(Attempt::delivered());
  store();
  BOOST_REQUIRE(engine.redrive("s-1", dead[0].event, clock.now()).has_value());
  take();
  BOOST_CHECK(checkpoint_wanted);
  publish();
  BOOST_REQUIRE_EQUAL(out.size(), 1U);  // the other subscription waits for nothing
  BOOST_CHECK_EQUAL(out[0].delivery->subscription->id, "s-2");
  pass(1h);
  BOOST_CHECK_EQUAL(out.size(), 1U);
  // After a kill the numbers are assigned again; no attempt had them.
  const auto before = std::pair(queues, deliveries);
  out.clear();
  store();
  BOOST_CHECK((numbers_out() == Numbers{2, 3}));
  std::tie(queues, deliveries) = before;
  crash();
  publish();
  BOOST_CHECK((numbers_out() == Numbers{2, 2}));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_taken_before_a_redrive_does_not_release_it) {
  put(subscription_of("s-1", {type}));
  publish();
  answer_next(Attempt::rejected("no"));
  answer_next(Attempt::delivered());
  save();  // and stored later, as a full disk makes it
  BOOST_REQUIRE(engine.redrive("s-1", dead[0].event, clock.now()).has_value());
  engine.stored(clock.now());
  take();
  BOOST_CHECK(out.empty());
  store();
  BOOST_CHECK_EQUAL(next().delivery->number, 2U);
}

BOOST_AUTO_TEST_CASE(an_end_while_a_redriven_event_is_not_stored_does_no_harm) {
  put(subscription_of("s-1", {type}));
  const auto made = event();
  BOOST_REQUIRE(engine.redrive("s-1", made, clock.now()).has_value());
  end("s-1", false);
  BOOST_REQUIRE_EQUAL(forgotten.size(), 1U);
  put(subscription_of("s-2", {type}));  // perhaps in its place
  publish();
  BOOST_CHECK_EQUAL(out.size(), 1U);
  store();
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_AUTO_TEST_CASE(what_is_redriven_leaves_room_for_what_is_new) {
  defaults.backlog_max = 6;
  engine = Engine(defaults, 1);
  auto subscription = subscription_of("s-1", {type});
  subscription.state = SubscriptionState::paused;
  put(subscription);
  for (int i = 0; i < 3; ++i)
    BOOST_REQUIRE(engine.redrive("s-1", event(), clock.now()).has_value());
  BOOST_CHECK_EQUAL(engine.waiting_for("s-1"), 3U);
  BOOST_CHECK(engine.redrive("s-1", event(), clock.now()).error().code == sense::Code::nomoreroom);
  publish(3);
  BOOST_CHECK(dead.empty());
  BOOST_CHECK_EQUAL(engine.waiting_for("s-none"), 0U);
}

BOOST_AUTO_TEST_CASE(an_event_is_not_redriven_to_an_owner_who_may_not_see_it) {
  put(subscription_of("s-1", {type}));
  auto made = event_of(type, ++sequence);
  made.audience = {"ada"};
  const auto for_ada = std::make_shared<const sense::Event>(made);
  BOOST_CHECK(engine.redrive("s-1", for_ada, clock.now()).error().code == sense::Code::noaccess);
  auto ada = subscription_of("s-1", {type});
  ada.owner = "ada";
  ada.revision = 2;
  put(ada);
  BOOST_CHECK(engine.redrive("s-1", for_ada, clock.now()).has_value());
}

BOOST_AUTO_TEST_CASE(owner_is_also_whom_its_group_or_principal_is_named) {
  defaults.owner_names = [](const std::string& owner) {
    return std::vector<std::string>{owner, owner == "key:hp4" ? "staff" : "none"};
  };
  engine = Engine(defaults, 1);
  auto printer = subscription_of("s-1", {type});
  printer.owner = "key:hp4";
  put(printer);
  put(subscription_of("s-2", {type}));
  auto made = event_of(type, ++sequence);
  made.audience = {"staff"};
  const auto for_staff = std::make_shared<const sense::Event>(made);
  publish(for_staff);
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->subscription->id, "s-1");
  BOOST_CHECK(engine.redrive("s-1", for_staff, clock.now()).has_value());
  BOOST_CHECK(engine.redrive("s-2", for_staff, clock.now()).error().code == sense::Code::noaccess);
}

BOOST_AUTO_TEST_CASE(nothing_is_redriven_to_a_callback_that_is_gone) {
  put(subscription_of("s-1", {type}));
  publish();
  answer_next(Attempt::gone("no more"));
  BOOST_CHECK(engine.redrive("s-1", event(), clock.now()).error().code == sense::Code::notfound);
}

BOOST_AUTO_TEST_SUITE_END()
