// SPDX-License-Identifier: Apache-2.0
// Long requests: portions, and what a full disk, a kill or a broker that refuses leaves of them.
#include "tests/gateways/host/dead_letters/redrive_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;
using nlohmann::json;
using sense::testing::subscription_of;

BOOST_FIXTURE_TEST_SUITE(redrive_recovery_tests, sense::testing::RedriveFixture)

// ---- how much at once

BOOST_AUTO_TEST_CASE(many_dead_letters_are_processed_in_portions_that_are_stored_one_by_one) {
  make_dead_letters(1300);
  unsaved_most = 0;
  redrive_all();
  std::size_t portions = 0;
  for (std::size_t before = 1300; before > 0;) {
    BOOST_REQUIRE(step());
    const auto now = store->dead_letters({.limit = 2000})->dead_letters.size();
    BOOST_CHECK(before - now <= Redriver::portion_dead_letters);
    if (now < before) ++portions;
    before = now;
  }
  run();
  BOOST_CHECK_EQUAL(portions, 3U);
  BOOST_CHECK(unsaved_most <= Redriver::portion_dead_letters);
  BOOST_CHECK_EQUAL(deliver_all().size(), 1300U);
}

BOOST_AUTO_TEST_CASE(a_few_big_events_are_a_portion_too) {
  for (int i = 0; i < 8; ++i) {
    auto big = testing::event_of(type, ++sequence);
    big.time = clock.now().wall;
    big.data = std::string(1024 * 1024, 'x');
    publish(std::make_shared<const Event>(big));
    reject_all();
  }
  checkpoint();
  unsaved_most = 0;
  redrive_all();
  run();
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 8);
  BOOST_CHECK_EQUAL(unsaved_most, 4U);
}

BOOST_AUTO_TEST_CASE(a_long_request_publishes_its_progress) {
  defaults.backlog_max = 2;
  kill();
  put(subscription_of("s-1", {type}));
  for (int i = 0; i < 3; ++i) make_dead_letters(1);
  redrive_all();
  run();
  std::vector<std::string> types;
  for (const auto& event : bus.published) types.emplace_back(event.type.local());
  BOOST_REQUIRE(types.size() > 2);
  BOOST_CHECK_EQUAL(types.front(), "dead-letters-progress");
  BOOST_CHECK_EQUAL(types.back(), "dead-letters-redriven");
  BOOST_CHECK(types.size() < 6);
}

BOOST_AUTO_TEST_CASE(on_a_full_disk_nothing_more_is_loaded_into_memory) {
  make_dead_letters(1300);
  redrive_all();
  checkpoint();
  fill_disk();
  for (int i = 0; i < 100; ++i) (void)step();
  BOOST_CHECK(engine.unsaved() <= Redriver::portion_dead_letters);
  BOOST_CHECK(out.empty());  // nothing is attempted that is not stored
  BOOST_CHECK(bus.published.empty());
  sql("DROP TRIGGER full");
  run();
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 1300);
  BOOST_CHECK_EQUAL(deliver_all().size(), 1300U);
}

// ---- crashes

BOOST_AUTO_TEST_CASE(a_portion_that_is_not_stored_before_a_kill_has_no_effect) {
  make_dead_letters(3);
  redrive_all();
  checkpoint();
  fill_disk();
  for (int i = 0; i < 5; ++i) (void)step();
  BOOST_CHECK_EQUAL(engine.waiting_for("s-1"), 3U);
  BOOST_CHECK(out.empty());
  sql("DROP TRIGGER full");
  kill();
  BOOST_CHECK_EQUAL(left().size(), 3U);
  run();
  const std::map<std::uint64_t, std::string> expected = {{4, "e1"}, {5, "e2"}, {6, "e3"}};
  BOOST_CHECK(deliver_all() == expected);
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 3);
}

BOOST_AUTO_TEST_CASE(killed_at_any_step_each_dead_letter_is_redriven_once) {
  for (int until = 0; until < 12; ++until) {
    make_dead_letters(1100);
    redrive_all();
    for (int i = 0; i < until; ++i) (void)step();
    kill();
    run();
    std::set<std::string> ids;
    const auto delivered = deliver_all();
    for (const auto& [number, id] : delivered) ids.insert(id);
    BOOST_CHECK_EQUAL(delivered.size(), 1100U);
    BOOST_CHECK_EQUAL(ids.size(), 1100U);
    BOOST_CHECK(left().empty());
    std::set<std::string> answers;  // the broker stores those of one id once
    for (const auto& event : std::exchange(bus.published, {})) {
      if (event.type.local() == "dead-letters-progress") continue;
      answers.insert(event.id);
      BOOST_CHECK_EQUAL(json::parse(event.data)["redriven"], 1100);
    }
    BOOST_CHECK_EQUAL(answers.size(), 1U);
    checkpoint();
    BOOST_CHECK(store->redrive_jobs()->empty());
  }
}

BOOST_AUTO_TEST_CASE(a_request_that_is_stored_is_not_forgotten_and_what_is_done_is_not_repeated) {
  make_dead_letters(1);
  redrive_all();
  checkpoint();  // the position is behind it now: the journal does not bring it again
  kill();
  BOOST_REQUIRE_EQUAL(store->redrive_jobs()->size(), 1U);
  run();
  BOOST_CHECK_EQUAL(deliver_all().size(), 1U);
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 1);
  checkpoint();
  kill();
  run();
  BOOST_CHECK(deliver_all().empty());
  BOOST_CHECK(bus.published.empty());
}

// ---- the answer

BOOST_AUTO_TEST_CASE(an_outcome_that_cannot_be_published_now_is_published_later) {
  make_dead_letters(1);
  redrive_all();
  while (left().size() == 1) BOOST_REQUIRE(step());
  bus.failure = Error{Code::nomoreroom, "full"};
  for (int i = 0; i < 20; ++i) BOOST_REQUIRE(step());
  BOOST_CHECK(bus.published.empty());
  bus.failure.reset();
  run();
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 1);
  BOOST_CHECK_EQUAL(deliver_all().size(), 1U);
}

BOOST_AUTO_TEST_CASE(an_outcome_that_the_broker_refuses_does_not_block_the_next_request) {
  make_dead_letters(1);
  bus.failure = Error{Code::noaccess, "no right"};
  redrive({.id = 1});
  request(DeadLetterAction::purge, {.all = true});
  run();
  checkpoint();
  BOOST_CHECK(store->redrive_jobs()->empty());
}

BOOST_AUTO_TEST_SUITE_END()
