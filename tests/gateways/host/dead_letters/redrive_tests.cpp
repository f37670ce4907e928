// SPDX-License-Identifier: Apache-2.0
// Which dead letters a request selects, and which of them are refused.
#include "gateways/host/dead_letters/redrive.hpp"

#include "tests/gateways/host/dead_letters/redrive_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;
using nlohmann::json;
using sense::testing::subscription_of;
using Ids = std::vector<std::int64_t>;

BOOST_FIXTURE_TEST_SUITE(redrive_tests, sense::testing::RedriveFixture)

// ---- what is selected

BOOST_AUTO_TEST_CASE(dead_letters_of_a_subscription_are_delivered_under_new_numbers) {
  make_dead_letters(3);
  make_dead_letters(2, "{urn:b}y");
  redrive({.subscription = "s-1"});
  run();
  const std::map<std::uint64_t, std::string> expected = {{4, "e1"}, {5, "e2"}, {6, "e3"}};
  BOOST_CHECK(deliver_all() == expected);
  BOOST_CHECK((left() == Ids{4, 5}));
  const json answer = {{"gateway", "web"}, {"request", sequence},
                       {"by", "ops"},      {"selection", {{"subscription", "s-1"}}},
                       {"redriven", 3},    {"refused", json::object()}};
  BOOST_CHECK_EQUAL(published_outcome(), answer);
  BOOST_CHECK(store->redrive_jobs()->empty() || (checkpoint(), store->redrive_jobs()->empty()));
}

BOOST_AUTO_TEST_CASE(one_dead_letter_is_selected_by_its_id) {
  make_dead_letters(3);
  redrive({.id = 2});
  run();
  BOOST_CHECK((left() == Ids{1, 3}));
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 1);
  for (const std::int64_t unknown : {2, 4, 1'000'000}) {
    redrive({.id = unknown});
    run();
    BOOST_CHECK_EQUAL(published_outcome()["redriven"], 0);
  }
  BOOST_CHECK((left() == Ids{1, 3}));
}

BOOST_AUTO_TEST_CASE(dead_letters_before_the_given_time_stay) {
  make_dead_letters(2);
  clock.advance(1h);
  const auto since = clock.now().wall;
  make_dead_letters(2);
  request(DeadLetterAction::purge, {.since = since});
  run();
  BOOST_CHECK((left() == Ids{1, 2}));
  BOOST_CHECK_EQUAL(published_outcome()["purged"], 2);
}

BOOST_AUTO_TEST_CASE(a_purge_removes_dead_letters_and_delivers_nothing) {
  make_dead_letters(3);
  request(DeadLetterAction::purge, {.all = true});
  run();
  BOOST_CHECK(left().empty());
  BOOST_CHECK(deliver_all().empty());
  BOOST_CHECK_EQUAL(published_outcome()["purged"], 3);
}

BOOST_AUTO_TEST_CASE(dead_letters_after_the_begin_are_not_selected) {
  make_dead_letters(700);
  redrive_all();
  while (store->dead_letters({})->dead_letters.size() == 700) BOOST_REQUIRE(step());
  reject_all();  // dead again
  run();
  reject_all();
  checkpoint();
  reject_all();
  checkpoint();
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 700);
  BOOST_CHECK_EQUAL(left().size(), 700U);
  BOOST_CHECK_EQUAL(left().front(), 701);
}

BOOST_AUTO_TEST_CASE(requests_to_other_gateways_are_ignored) {
  make_dead_letters(1);
  request(DeadLetterAction::purge, {.all = true}, "mail");
  auto other = testing::event_of("{urn:sense:management}dead-letter", ++sequence);
  other.subject = "web";
  BOOST_CHECK(!redriver->on_event(other));
  auto vague = dead_letter_request_event("web", {DeadLetterAction::purge, {.all = true}}, {});
  vague.data = R"({"all":true,"but":"not these"})";
  BOOST_CHECK(redriver->on_event(vague));
  run();
  BOOST_CHECK((left() == Ids{1}));
  BOOST_CHECK(bus.published.empty());
}

BOOST_AUTO_TEST_CASE(requests_are_executed_in_order) {
  make_dead_letters(2);
  redrive({.id = 1});
  request(DeadLetterAction::purge, {.all = true});
  run();
  BOOST_REQUIRE_EQUAL(bus.published.size(), 2U);
  BOOST_CHECK_EQUAL(json::parse(bus.published[0].data)["redriven"], 1);
  BOOST_CHECK_EQUAL(json::parse(bus.published[1].data)["purged"], 1);
  BOOST_CHECK_EQUAL(deliver_all().size(), 1U);
}

BOOST_AUTO_TEST_CASE(requests_over_the_bound_are_refused_with_an_error) {
  for (std::size_t i = 0; i < Redriver::requests_max; ++i) redrive_all();
  redrive_all();
  BOOST_REQUIRE(bus.run_one());
  BOOST_CHECK(published_outcome()["error"].get<std::string>().find("too many") !=
              std::string::npos);
  run();
  BOOST_CHECK_EQUAL(bus.published.size(), Redriver::requests_max);
}

// ---- what is refused

BOOST_AUTO_TEST_CASE(refused_dead_letters_stay_and_are_counted_by_reason) {
  auto expiring = subscription_of("s-1", {type});
  expiring.delivery.expiry = 1h;
  put(expiring);
  make_dead_letters(1);
  clock.advance(2h);
  make_dead_letters(3);
  make_dead_letters(1, "{urn:b}y");
  sql("UPDATE dead_letter SET record=NULL WHERE id=2");
  sql("UPDATE dead_letter SET record=x'00' WHERE id=3");
  end("s-2", false);
  redrive_all();
  run();
  const auto answer = published_outcome();
  BOOST_CHECK_EQUAL(answer["redriven"], 1);
  const json refused = {{"expired", 1}, {"event-lost", 2}, {"subscription-gone", 1}};
  BOOST_CHECK_EQUAL(answer["refused"], refused);
  BOOST_CHECK((left() == Ids{1, 2, 3, 5}));
  BOOST_CHECK_EQUAL(deliver_all().size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_redrive_waits_for_room_while_the_backlog_shrinks) {
  defaults.backlog_max = 20;
  kill();
  put(subscription_of("s-1", {type}));
  for (int i = 0; i < 4; ++i) make_dead_letters(10);
  redrive_all();
  std::size_t delivered = 0;
  for (int i = 0; i < 100; ++i) {
    (void)step();
    if (!out.empty()) {
      answer_next(Attempt::delivered());
      ++delivered;
    }
  }
  run();
  delivered += deliver_all().size();
  BOOST_CHECK_EQUAL(published_outcome()["redriven"], 40);
  BOOST_CHECK_EQUAL(delivered, 40U);
  BOOST_CHECK(left().empty());
}

BOOST_AUTO_TEST_CASE(a_redrive_is_refused_when_the_backlog_does_not_shrink) {
  defaults.backlog_max = 20;
  kill();
  put(subscription_of("s-1", {type}));
  put(subscription_of("s-2", {"{urn:b}y"}));
  for (int i = 0; i < 3; ++i) make_dead_letters(10);
  make_dead_letters(2, "{urn:b}y");
  redrive_all();
  const auto began = clock.now().mono;
  run();
  const auto answer = published_outcome();
  BOOST_CHECK_EQUAL(answer["redriven"], 12);  // ten, and those of the other
  BOOST_CHECK_EQUAL(answer["refused"]["no-room"], 20);
  BOOST_CHECK_EQUAL(left().size(), 20U);
  BOOST_CHECK(clock.now().mono - began < 2 * Redriver::room_patience);
}

BOOST_AUTO_TEST_SUITE_END()
