// SPDX-License-Identifier: Apache-2.0
// The delivery options that say when: hold, order, rate, retry, suspension; and what becomes of
// what is too much.
#include "tests/gateways/stored_fixture.hpp"

using sense::Attempt;
using sense::Delivery;
using sense::Duration;
using sense::Engine;
using sense::SubscriptionState;
using sense::testing::event_of;
using sense::testing::subscription_of;
using Kind = Delivery::Kind;
using namespace std::chrono_literals;

namespace {

struct Fixture : sense::testing::StoredFixture {
  template <class Change>
  sense::Subscription with(Change change, const char* id = "s-1") {
    auto subscription = subscription_of(id, {type});
    change(subscription.delivery.sparse.edit());
    return subscription;
  }
  // Happened now at that source.
  void publish_from(const char* source) {
    auto made = event_of(type, ++sequence);
    made.time = clock.now().wall;
    made.source = source;
    publish(std::make_shared<const sense::Event>(made));
  }
  std::vector<std::uint64_t> numbers_out() const {
    std::vector<std::uint64_t> numbers;
    for (const auto& deliver : out) numbers.push_back(deliver.delivery->number);
    return numbers;
  }
  sense::Subscription suspending() {
    auto subscription = with([](auto& sparse) {
      sparse.suspend_after = 3;
      sparse.suspend_over = 2s;
    });
    subscription.delivery.retry_count = 100;
    return subscription;
  }
  void suspend_it() {
    put(suspending());
    publish();
    for (int i = 0; i < 2; ++i) {
      answer_next(Attempt::retry("refused"));
      pass_to_timer();
    }
    BOOST_REQUIRE(suspensions.empty());
    answer_next(Attempt::retry("refused"));
    BOOST_REQUIRE_EQUAL(suspensions.size(), 1U);
  }
};

using Numbers = std::vector<std::uint64_t>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(engine_options_tests, Fixture)

// ---- hold

BOOST_AUTO_TEST_CASE(held_is_never_early_and_counts_from_the_occurrence) {
  put(with([](auto& sparse) { sparse.hold = 15min; }));
  auto made = event_of(type, 1);
  made.time = clock.now().wall - 5min;
  publish(std::make_shared<const sense::Event>(made));
  BOOST_CHECK(out.empty());
  pass(10min - 1us);
  BOOST_CHECK(out.empty());
  pass(1us);
  BOOST_CHECK_EQUAL(answer_next(Attempt::delivered()).delivery->number, 1U);
}

BOOST_AUTO_TEST_CASE(an_events_own_time_to_be_told_is_kept) {
  put(with([](auto& sparse) { sparse.hold = 1min; }));
  auto made = event_of(type, 1);
  made.time = clock.now().wall;
  made.notbefore = clock.now().wall + 2min;
  publish(std::make_shared<const sense::Event>(made));
  pass(2min - 1us);
  BOOST_CHECK(out.empty());
  pass(1us);
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_AUTO_TEST_CASE(what_is_held_survives_and_a_clock_that_was_set_back_tells_nothing_early) {
  put(with([](auto& sparse) { sparse.hold = 48h; }));
  publish();
  store();
  pass(24h);
  crash();
  BOOST_CHECK(out.empty());
  clock.jump_wall(-1h);
  pass(24h);
  BOOST_CHECK(out.empty());
  pass(1h);
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_AUTO_TEST_CASE(what_is_held_does_not_hold_up_others) {
  put(with([](auto& sparse) { sparse.hold = 1min; }));
  publish(3);
  auto old = event_of(type, ++sequence);
  old.time = clock.now().wall - 1h;
  publish(std::make_shared<const sense::Event>(old));
  BOOST_CHECK((numbers_out() == Numbers{4}));
}

// ---- order

BOOST_AUTO_TEST_CASE(a_later_event_of_the_same_source_waits_and_those_of_others_do_not) {
  auto subscription = with([](auto& sparse) { sparse.order = sense::Order::source; });
  subscription.delivery.window = 10;
  put(subscription);
  publish_from("//a");
  publish_from("//a");
  publish_from("//b");
  BOOST_CHECK((numbers_out() == Numbers{1, 3}));
  answer_next(Attempt::retry("no"));
  BOOST_CHECK((numbers_out() == Numbers{3}));
  pass_to_timer();
  BOOST_CHECK((numbers_out() == Numbers{3, 1}));
  answer(out[1], Attempt::delivered());
  BOOST_CHECK_EQUAL(out.back().delivery->number, 2U);
}

BOOST_AUTO_TEST_CASE(what_is_given_up_or_expires_lets_the_next_one_go) {
  auto subscription = with([](auto& sparse) { sparse.order = sense::Order::source; });
  subscription.delivery.expiry = 10s;
  put(subscription);
  for (int i = 0; i < 4; ++i) publish_from("//a");
  answer_next(Attempt::rejected("no"));
  // Of the hole it is told before what follows.
  BOOST_CHECK(answer_next(Attempt::delivered()).delivery->kind == Kind::gap);
  BOOST_CHECK_EQUAL(answer_next(Attempt::retry("later", 10s)).delivery->number, 2U);
  pass_to_timer();
  for (std::uint64_t number = 2; number <= 4; ++number) {
    const auto gap = answer_next(Attempt::delivered());
    BOOST_CHECK(gap.delivery->kind == Kind::gap);
    BOOST_CHECK_EQUAL(gap.delivery->number, number);
  }
  BOOST_CHECK_EQUAL(engine.totals().expired, 3U);
}

BOOST_AUTO_TEST_CASE(order_holds_over_a_crash) {
  put(with([](auto& sparse) { sparse.order = sense::Order::source; }));
  for (const auto* source : {"//a", "//a", "//b", "//a"}) publish_from(source);
  answer_next(Attempt::retry("no", 1h));
  store();
  crash();
  BOOST_CHECK((numbers_out() == Numbers{3}));
  pass(1h);
  BOOST_CHECK((numbers_out() == Numbers{3, 1}));
}

// ---- rate

BOOST_AUTO_TEST_CASE(attempts_are_evenly_spaced) {
  auto subscription = with([](auto& sparse) { sparse.rate = 4; });
  subscription.delivery.window = 100;
  put(subscription);
  publish(10);
  BOOST_CHECK_EQUAL(out.size(), 1U);
  for (std::size_t i = 2; i <= 10; ++i) {
    BOOST_CHECK(pass_to_timer() == Duration{250ms});
    BOOST_CHECK_EQUAL(out.size(), i);
  }
  for (int i = 0; i < 10; ++i) answer_next(Attempt::delivered());
  publish();
  BOOST_CHECK(out.empty());  // the last attempt was just now
  pass(250ms);
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_AUTO_TEST_CASE(the_rate_holds_over_a_crash) {
  put(with([](auto& sparse) { sparse.rate = 1; }));
  publish(2);
  store();
  crash();
  BOOST_CHECK(out.empty());
  pass(1s);
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

// ---- retry

BOOST_AUTO_TEST_CASE(factor_and_jitter_are_as_wanted) {
  auto subscription = with([](auto& sparse) {
    sparse.retry_factor = 1.5;
    sparse.retry_jitter = 0;
  });
  subscription.delivery.retry_initial = 4s;
  subscription.delivery.retry_count = 9;
  put(subscription);
  publish();
  for (const Duration pause : {Duration{4s}, Duration{6s}, Duration{9s}, Duration{13'500ms}}) {
    answer_next(Attempt::retry("no"));
    BOOST_CHECK(pass_to_timer() == pause);
  }
}

BOOST_AUTO_TEST_CASE(a_span_ends_the_attempts_whatever_their_number_also_over_a_crash) {
  put(with([](auto& sparse) { sparse.retry_span = 60s; }));
  publish();
  for (int i = 0; i < 6; ++i) {
    answer_next(Attempt::retry("no", 10s));
    if (i == 3) {
      store();
      crash();
    }
    BOOST_REQUIRE(dead.empty());
    pass_to_timer();
  }
  answer_next(Attempt::retry("no", 10s));
  BOOST_REQUIRE_EQUAL(dead.size(), 1U);
  BOOST_CHECK_EQUAL(dead[0].attempts, 7U);
}

BOOST_AUTO_TEST_CASE(what_is_to_be_dropped_is_no_dead_letter_but_told) {
  put(with([](auto& sparse) { sparse.on_failure = sense::OnFailure::drop; }));
  publish();
  answer_next(Attempt::rejected("no"));
  BOOST_CHECK(dead.empty());
  BOOST_CHECK_EQUAL(engine.totals().dropped, 1U);
  BOOST_CHECK(next().delivery->kind == Kind::gap);
}

BOOST_AUTO_TEST_CASE(a_gap_is_tried_again_when_all_that_could_have_got_through_has_expired) {
  auto subscription = subscription_of("s-1", {type});
  subscription.delivery.retry_count = 2;
  subscription.delivery.expiry = 10s;
  put(subscription);
  for (int i = 0; i < 2; ++i) {
    publish();
    answer_next(Attempt::retry("no", 10s));
    BOOST_CHECK(out.empty());
    pass_to_timer();
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
    BOOST_CHECK(out[0].delivery->kind == Kind::gap);
    answer_next(Attempt::retry("no"));
    pass_to_timer();
    if (i == 0) answer_next(Attempt::retry("no"));  // the gap waits
  }
  const auto gap = next();
  BOOST_CHECK_EQUAL(gap.delivery->number, 1U);
  BOOST_CHECK_EQUAL(gap.delivery->number_last, 2U);
}

// ---- suspension

BOOST_AUTO_TEST_CASE(a_callback_that_keeps_failing_is_suspended_and_probed_at_growing_intervals) {
  suspend_it();
  BOOST_CHECK(suspensions[0].suspended);
  BOOST_CHECK(suspensions[0].reason.find("refused") == std::string::npos);
  BOOST_CHECK(suspensions[0].answer.find("refused") != std::string::npos);
  auto subscription = suspending();
  subscription.state = SubscriptionState::suspended;
  put(subscription);
  publish(5);
  BOOST_CHECK(out.empty());
  for (const Duration pause : {Duration{1min}, Duration{1min}, Duration{2min}, Duration{4min}}) {
    BOOST_CHECK(pass_to_timer() == pause);
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
    answer_next(Attempt::retry("refused"));
  }
  pass_to_timer();
  BOOST_CHECK(suspensions.size() == 1 && dead.empty());
  answer_next(Attempt::delivered());
  BOOST_REQUIRE_EQUAL(suspensions.size(), 2U);
  BOOST_CHECK(!suspensions[1].suspended);
  BOOST_CHECK_EQUAL(out.size(), 2U);  // the others go at once, as the window lets them
}

BOOST_AUTO_TEST_CASE(failures_that_are_few_or_short_suspend_nothing) {
  auto subscription = suspending();
  subscription.delivery.window = 8;
  put(subscription);
  publish(5);
  for (int i = 0; i < 5; ++i) answer_next(Attempt::retry("no", 1h));  // not over two seconds
  BOOST_CHECK(suspensions.empty());
  pass(1h);
  answer_next(Attempt::delivered());
  answer_next(Attempt::retry("no", 1h));
  answer_next(Attempt::retry("no", 1h));  // not three in a row
  BOOST_CHECK(suspensions.empty());
}

BOOST_AUTO_TEST_CASE(suspension_survives_a_restart_and_is_asked_for_again) {
  suspend_it();
  store();
  suspensions.clear();
  crash();
  BOOST_REQUIRE_EQUAL(suspensions.size(), 1U);
  BOOST_CHECK(suspensions[0].suspended);
  BOOST_CHECK(out.empty());
  pass(1min);
  answer_next(Attempt::delivered());
  store();
  // The registry was told, but that we are to resume got lost.
  auto record = suspending();
  record.state = SubscriptionState::suspended;
  queues.at("s-1").subscription = sense::testing::ref(record);
  suspensions.clear();
  crash();
  BOOST_REQUIRE_EQUAL(suspensions.size(), 1U);
  BOOST_CHECK(!suspensions[0].suspended);
}

BOOST_AUTO_TEST_CASE(an_owner_who_resumes_ends_the_suspension_at_once) {
  suspend_it();
  auto record = suspending();
  record.state = SubscriptionState::suspended;
  put(record);
  publish();
  BOOST_CHECK(out.empty());
  put(suspending());
  BOOST_CHECK((numbers_out() == Numbers{1, 2}));  // the one that failed waits for no pause
}

BOOST_AUTO_TEST_CASE(an_edit_before_the_registry_says_suspended_does_not_resume) {
  suspend_it();
  auto renewed = suspending();
  renewed.expires = clock.now().wall + 1h;
  put(renewed);
  publish();
  BOOST_CHECK(out.empty());
}

BOOST_AUTO_TEST_CASE(a_suspended_callback_is_told_of_the_end) {
  suspend_it();
  end("s-1");
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK(out[0].delivery->kind == Kind::ended);
}

// ---- backlog, audience

BOOST_AUTO_TEST_CASE(what_is_over_the_bound_is_a_dead_letter_and_told) {
  defaults.backlog_max = 3;
  engine = Engine(defaults, 1);
  auto subscription = subscription_of("s-1", {type});
  subscription.state = SubscriptionState::paused;
  put(subscription);
  publish(6);
  BOOST_REQUIRE_EQUAL(dead.size(), 3U);
  BOOST_CHECK_EQUAL(dead[0].number, 4U);
  BOOST_CHECK_EQUAL(dead[0].reason, "overflow");
  BOOST_CHECK_EQUAL(engine.totals().overflowed, 3U);
  BOOST_CHECK_EQUAL(engine.waiting(), 4U);  // one gap tells of all
  subscription.state = SubscriptionState::active;
  put(subscription);
  for (std::uint64_t number = 1; number <= 3; ++number)
    BOOST_CHECK_EQUAL(answer_next(Attempt::delivered()).delivery->number, number);
  const auto gap = next();
  BOOST_CHECK(gap.delivery->kind == Kind::gap);
  BOOST_CHECK_EQUAL(gap.delivery->number, 4U);
  BOOST_CHECK_EQUAL(gap.delivery->number_last, 6U);
  BOOST_CHECK_EQUAL(gap.delivery->reason, "overflow");
}

BOOST_AUTO_TEST_CASE(an_excluded_owner_has_no_gap_in_the_numbers) {
  auto ada = subscription_of("s-ada", {type});
  ada.owner = "ada";
  auto grace = subscription_of("s-grace", {type});
  grace.owner = "grace";
  put(ada);
  put(grace);
  publish();
  auto party = event_of(type, ++sequence);
  party.except = {"ada"};
  publish(std::make_shared<const sense::Event>(party));
  publish();
  std::map<std::string, Numbers> numbers;
  while (!out.empty()) {
    const auto deliver = answer_next(Attempt::delivered());
    numbers[deliver.delivery->subscription->id].push_back(deliver.delivery->number);
  }
  BOOST_CHECK((numbers["s-ada"] == Numbers{1, 2}));
  BOOST_CHECK((numbers["s-grace"] == Numbers{1, 2, 3}));
}

BOOST_AUTO_TEST_SUITE_END()
