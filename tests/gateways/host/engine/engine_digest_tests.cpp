// SPDX-License-Identifier: Apache-2.0
// What is collected: digests, and what a minimum interval holds back.
#include "tests/gateways/stored_fixture.hpp"

using sense::Attempt;
using sense::Delivery;
using sense::Digest;
using sense::Duration;
using sense::Engine;
using sense::testing::event_of;
using sense::testing::subscription_of;
using Kind = Delivery::Kind;
using namespace std::chrono_literals;

namespace {

using Numbers = std::vector<std::uint64_t>;

Numbers numbers_of(const Engine::Deliver& deliver) {
  if (deliver.delivery->kind == Kind::event) return {deliver.delivery->number};
  Numbers numbers;
  for (const auto& content : deliver.delivery->contents) numbers.push_back(content.number);
  return numbers;
}

Numbers sequences_of(const Engine::Deliver& deliver) {
  if (deliver.delivery->kind == Kind::event) return {deliver.sequence};
  Numbers sequences;
  for (const auto& content : deliver.delivery->contents) sequences.push_back(content.sequence);
  return sequences;
}

struct Fixture : sense::testing::StoredFixture {
  sense::Subscription digest(Digest wanted) {
    auto subscription = subscription_of("s-1", {type});
    subscription.delivery.sparse.edit().digest = wanted;
    return subscription;
  }
  sense::Subscription spaced(Duration interval, sense::Coalesce coalesce) {
    auto subscription = subscription_of("s-1", {type});
    subscription.delivery.sparse.edit().min_interval = interval;
    subscription.delivery.sparse.edit().coalesce = coalesce;
    return subscription;
  }
  void publish_from(const char* source, std::optional<Duration> worth = {}) {
    auto made = event_of(type, ++sequence);
    made.time = clock.now().wall;
    made.source = source;
    if (worth) made.expirytime = clock.now().wall + *worth;
    publish(std::make_shared<const sense::Event>(made));
  }
  // Now that the window is closed, and its checkpoint stored.
  Engine::Deliver next_window() {
    BOOST_CHECK(out.empty());
    BOOST_REQUIRE(checkpoint_wanted);
    store();
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
    return next();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(engine_digest_tests, Fixture)

BOOST_AUTO_TEST_CASE(an_interval_is_one_delivery_that_lists_its_numbers) {
  put(digest({1h, {}, {}, {}}));
  publish();
  pass(59min);
  publish(2);
  BOOST_CHECK(out.empty() && !checkpoint_wanted);
  pass(1min);
  const auto window = next_window();
  BOOST_CHECK(window.delivery->kind == Kind::digest);
  BOOST_CHECK((numbers_of(window) == Numbers{1, 2, 3}));
  BOOST_CHECK_EQUAL(window.delivery->number, 1U);
  BOOST_CHECK_EQUAL(window.delivery->number_last, 3U);
  BOOST_CHECK_EQUAL(window.delivery->window, 1U);
  answer(window, Attempt::delivered());
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
  BOOST_CHECK_EQUAL(engine.totals().delivered, 3U);
  BOOST_CHECK(!engine.next_timer());  // nothing came: no window
}

BOOST_AUTO_TEST_CASE(a_digest_comes_at_its_time_of_day) {
  // The clock starts at 22:13:20.
  put(digest({{}, 18h + 30min, {}, {}}));
  publish();
  BOOST_CHECK(pass_to_timer() == Duration{20h + 16min + 40s});
  BOOST_CHECK((numbers_of(next_window()) == Numbers{1}));
  publish();
  BOOST_CHECK(pass_to_timer() == Duration{24h});
  BOOST_CHECK_EQUAL(next_window().delivery->window, 2U);
}

BOOST_AUTO_TEST_CASE(a_digest_is_full_at_its_count_or_octets) {
  put(digest({{}, {}, 3U, {}}));
  publish(7);
  BOOST_REQUIRE(checkpoint_wanted);
  store();
  BOOST_REQUIRE_EQUAL(out.size(), 2U);
  BOOST_CHECK((numbers_of(out[0]) == Numbers{1, 2, 3}));
  BOOST_CHECK((numbers_of(out[1]) == Numbers{4, 5, 6}));
  out.clear();
  auto second = digest({{}, {}, {}, 5U});
  second.id = "s-2";
  put(second);
  publish(3);  // of two octets each
  store();
  int seen = 0;
  for (const auto& deliver : out) {
    if (deliver.delivery->subscription->id != "s-2") continue;
    ++seen;
    BOOST_CHECK((numbers_of(deliver) == Numbers{1, 2, 3}));
  }
  BOOST_CHECK_EQUAL(seen, 1);
}

BOOST_AUTO_TEST_CASE(a_window_is_not_attempted_before_its_checkpoint_is_stored) {
  put(digest({1h, {}, {}, {}}));
  publish(2);
  save();  // taken before it closes, told of behind
  pass(1h);
  BOOST_CHECK(checkpoint_wanted);
  engine.stored(clock.now());
  take();
  BOOST_CHECK(out.empty());
  store();
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_closed_window_is_the_same_after_a_crash) {
  put(digest({1h, {}, {}, {}}));
  publish(2);
  pass(1h);
  const auto first = next_window();
  publish();  // of the next window, and lost with the crash
  crash();
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  const auto again = next();
  BOOST_CHECK_EQUAL(again.delivery->window, first.delivery->window);
  BOOST_CHECK((numbers_of(again) == numbers_of(first)));
  BOOST_CHECK((sequences_of(again) == sequences_of(first)));
  BOOST_CHECK(!again.delivery->contents[0].event);  // to be loaded
  --sequence;
  publish();  // the journal repeats it
  answer(again, Attempt::delivered());
  pass(1h);
  const auto second = next_window();
  BOOST_CHECK_EQUAL(second.delivery->window, 2U);
  BOOST_CHECK((numbers_of(second) == Numbers{3}));
}

BOOST_AUTO_TEST_CASE(an_open_window_goes_on_after_a_crash) {
  put(digest({1h, {}, {}, {}}));
  publish(2);
  store();
  pass(30min);
  crash();
  publish();
  BOOST_CHECK(pass_to_timer() == Duration{30min});
  const auto window = next_window();
  BOOST_CHECK((numbers_of(window) == Numbers{1, 2, 3}));
  BOOST_CHECK_EQUAL(window.delivery->window, 1U);
}

BOOST_AUTO_TEST_CASE(a_digest_is_retried_as_it_is_and_then_each_event_is_a_dead_letter) {
  auto subscription = digest({1h, {}, {}, {}});
  subscription.delivery.retry_count = 2;
  put(subscription);
  publish(2);
  pass(1h);
  answer(next_window(), Attempt::retry("no"));
  publish();
  pass_to_timer();
  BOOST_CHECK((numbers_of(out.front()) == Numbers{1, 2}));
  answer_next(Attempt::retry("no"));
  BOOST_REQUIRE_EQUAL(dead.size(), 2U);
  BOOST_CHECK_EQUAL(dead[1].number, 2U);
  BOOST_CHECK_EQUAL(dead[1].sequence, 2U);
  BOOST_CHECK_EQUAL(dead[1].attempts, 2U);
  const auto gap = next();
  BOOST_CHECK(gap.delivery->kind == Kind::gap);
  BOOST_CHECK_EQUAL(gap.delivery->number_last, 2U);
}

BOOST_AUTO_TEST_CASE(what_has_expired_is_left_out_of_a_digest_and_told) {
  put(digest({1h, {}, {}, {}}));
  publish_from("//a", 30min);
  publish_from("//a");
  publish_from("//a", 61min);
  publish_from("//a");
  pass(1h);
  store();
  Engine::Deliver window;
  while (!out.empty()) {
    const auto deliver = next();
    if (deliver.delivery->kind == Kind::digest) window = deliver;
    if (deliver.delivery->kind != Kind::gap) continue;
    BOOST_CHECK_EQUAL(deliver.delivery->number, 1U);
    answer(deliver, Attempt::delivered());
  }
  BOOST_REQUIRE(window.delivery);
  BOOST_CHECK((numbers_of(window) == Numbers{2, 3, 4}));
  answer(window, Attempt::retry("busy", 2min));
  pass_to_timer();
  BOOST_REQUIRE_EQUAL(out.size(), 2U);
  BOOST_CHECK((numbers_of(out[0]) == Numbers{2, 4}));
  BOOST_CHECK_EQUAL(out[1].delivery->number, 3U);
  BOOST_CHECK_EQUAL(out[1].delivery->reason, "expired");
}

BOOST_AUTO_TEST_CASE(at_most_one_delivery_in_an_interval_and_the_others_come_together) {
  put(spaced(10s, sense::Coalesce::batch));
  publish();
  const auto first = next_window();
  BOOST_CHECK(first.delivery->kind == Kind::event);
  answer(first, Attempt::delivered());
  pass(4s);
  publish(3);
  BOOST_CHECK(!checkpoint_wanted);
  BOOST_CHECK(pass_to_timer() == Duration{6s});
  const auto second = next_window();
  BOOST_CHECK((numbers_of(second) == Numbers{2, 3, 4}));
  // While it cannot be delivered, the next one grows.
  answer(second, Attempt::retry("no", 1min));
  publish(2);
  pass_to_timer();
  BOOST_CHECK((numbers_of(out.front()) == Numbers{2, 3, 4}));
  answer_next(Attempt::delivered());
  BOOST_CHECK(!checkpoint_wanted);  // the interval is counted from the last attempt
  BOOST_CHECK(pass_to_timer() == Duration{10s});
  BOOST_CHECK((numbers_of(next_window()) == Numbers{5, 6}));
}

BOOST_AUTO_TEST_CASE(windows_that_are_full_keep_the_interval_too) {
  put(spaced(10s, sense::Coalesce::batch));
  const auto publish_big = [&] {
    auto made = event_of(type, ++sequence);
    made.time = clock.now().wall;
    made.data = std::string(Digest::octets_max / 2, 'x');
    publish(std::make_shared<const sense::Event>(made));
  };
  publish_big();
  answer(next_window(), Attempt::delivered());
  for (int i = 0; i < 4; ++i) publish_big();
  BOOST_CHECK(checkpoint_wanted);  // two windows are full
  store();
  BOOST_CHECK(out.empty());
  BOOST_CHECK(pass_to_timer() == Duration{10s});
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK((numbers_of(answer_next(Attempt::delivered())) == Numbers{2, 3}));
  BOOST_CHECK(out.empty());
  BOOST_CHECK(pass_to_timer() == Duration{10s});
  BOOST_CHECK((numbers_of(next()) == Numbers{4, 5}));
}

BOOST_AUTO_TEST_CASE(a_digest_that_a_damaged_store_left_empty_does_no_harm) {
  put(digest({1h, {}, {}, {}}));
  publish(2);
  pass(1h);
  store();
  std::erase_if(deliveries, [](const auto& saved) { return saved.second.kind == Kind::event; });
  crash();
  BOOST_CHECK(out.empty());
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
}

BOOST_AUTO_TEST_CASE(only_the_latest_of_each_source_leaves_no_hole_in_the_numbers) {
  put(spaced(10s, sense::Coalesce::latest));
  publish_from("//a");
  answer(next_window(), Attempt::delivered());
  for (const auto* source : {"//a", "//b", "//a", "//a"}) publish_from(source);
  pass(10s);
  const auto window = next_window();
  BOOST_CHECK((numbers_of(window) == Numbers{2, 3}));
  BOOST_CHECK((sequences_of(window) == Numbers{5, 3}));
  BOOST_CHECK_EQUAL(engine.totals().superseded, 2U);
  answer(window, Attempt::delivered());
  publish_from("//a");
  pass(10s);
  BOOST_CHECK((numbers_of(next_window()) == Numbers{4}));
}

BOOST_AUTO_TEST_CASE(what_took_a_place_before_a_crash_keeps_it) {
  put(spaced(10s, sense::Coalesce::latest));
  publish_from("//a");
  answer(next_window(), Attempt::delivered());
  publish_from("//a");
  store();
  publish_from("//a");
  store();
  crash();
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
  publish_from("//a");
  pass(10s);
  const auto window = next_window();
  BOOST_CHECK((numbers_of(window) == Numbers{2}));
  BOOST_CHECK((sequences_of(window) == Numbers{4}));
}

BOOST_AUTO_TEST_CASE(an_edit_that_ends_collecting_delivers_what_was_collected) {
  put(digest({24h, {}, {}, {}}));
  publish(2);
  put(subscription_of("s-1", {type}));
  const auto window = next_window();
  BOOST_CHECK((numbers_of(window) == Numbers{1, 2}));
  publish();
  BOOST_CHECK_EQUAL(next().delivery->number, 3U);
}

BOOST_AUTO_TEST_CASE(a_held_event_joins_the_window_that_is_open_when_its_time_has_come) {
  auto subscription = digest({1h, {}, {}, {}});
  subscription.delivery.sparse.edit().hold = 90min;
  put(subscription);
  publish();
  store();
  crash();
  pass(90min);
  BOOST_CHECK(out.empty() && !checkpoint_wanted);
  pass(1h);
  BOOST_CHECK((numbers_of(next_window()) == Numbers{1}));
}

BOOST_AUTO_TEST_CASE(the_end_takes_an_open_window_along) {
  put(digest({1h, {}, {}, {}}));
  publish(2);
  store();
  end("s-1", false);
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
  pass(2h);
  store();
  BOOST_CHECK(out.empty() && deliveries.empty() && queues.empty());
}

BOOST_AUTO_TEST_SUITE_END()
