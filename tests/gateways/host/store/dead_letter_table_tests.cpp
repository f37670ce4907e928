// SPDX-License-Identifier: Apache-2.0
// Dead letters and redrive jobs in the store.
#include "gateways/host/store/dead_letter_table.hpp"

#include "tests/gateways/host/store/store_fixture.hpp"

using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;

namespace {

struct DeadLetterFixture : StoreFixture {
  std::vector<StoredDeadLetter> dead_letters(const DeadLetterQuery& query) {
    auto page = store->dead_letters(query);
    BOOST_REQUIRE_MESSAGE(page.has_value(), page.error().message);
    return std::move(page->dead_letters);
  }
  static DeadLetterChanges removing(std::vector<std::int64_t> ids) {
    return {std::move(ids), {}};
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(dead_letter_table_tests, DeadLetterFixture)

BOOST_AUTO_TEST_CASE(dead_letters_keep_their_own_event) {
  auto subscription = subscription_of("s-1", {type});
  subscription.delivery.window = 3;
  put(subscription);
  publish(2);
  save();
  publish();
  answer_next(Attempt::rejected("first"));   // its event is in the store only
  answer_next(Attempt::rejected("second"));  // as well
  answer_next(Attempt::rejected("third"));   // never saved
  std::rotate(dead.begin(), dead.begin() + 2, dead.end());
  save();
  BOOST_REQUIRE(store->collect_garbage().has_value());
  BOOST_CHECK_EQUAL(sql("SELECT subscription||' '||number||' '||sequence||"
                        "' '||attempts||' '||reason||' '||answer FROM dead_letter "
                        "WHERE length(record)>0 ORDER BY number"),
                    "s-1 1 1 1 rejected first;s-1 2 2 1 rejected second;"
                    "s-1 3 3 1 rejected third;");
  BOOST_CHECK_EQUAL(sql("SELECT count(DISTINCT record) FROM dead_letter"), "3;");
  BOOST_CHECK_EQUAL(sql("SELECT count(*) FROM event"), "0;");
}

BOOST_AUTO_TEST_CASE(dead_letters_are_listed_loaded_redriven_and_purged) {
  put(subscription_of("s-1", {type}));
  put(subscription_of("s-2", {type}));
  publish(2);
  while (!out.empty()) answer_next(Attempt::rejected("no"));
  save();
  BOOST_CHECK_EQUAL(dead_letters({}).size(), 4U);
  const auto of_one = dead_letters({.subscription = "s-1"});
  BOOST_REQUIRE_EQUAL(of_one.size(), 2U);
  BOOST_CHECK_EQUAL(of_one.front().dead_letter.number, 1U);
  BOOST_CHECK_EQUAL(of_one.front().dead_letter.answer, "no");
  BOOST_CHECK_EQUAL(dead_letters({.subscription = "s-1", .after = of_one.front().id}).size(), 1U);
  BOOST_CHECK(dead_letters({.since = clock.now().wall + 1s}).empty());
  const auto event = store->load_dead_letter(of_one.front().id);
  BOOST_REQUIRE(event.has_value());
  BOOST_CHECK_EQUAL((*event)->id, "e1");
  BOOST_CHECK(store->load_dead_letter(99).error().code == Code::notfound);
  // With the checkpoint that has the new delivery the dead letter is gone.
  out.clear();
  BOOST_REQUIRE(engine.redrive("s-1", *event, clock.now()).has_value());
  take();
  BOOST_REQUIRE(
      store->save(9, engine.take_checkpoint(clock.now()), {}, clock.now(), removing({1})));
  BOOST_CHECK_EQUAL(dead_letters({}).size(), 3U);
  restart();
  BOOST_REQUIRE(!out.empty());
  BOOST_CHECK_EQUAL(out.front().sequence, 1U);
  BOOST_CHECK_EQUAL(out.front().delivery->number, 3U);
}

BOOST_AUTO_TEST_CASE(pages_of_dead_letters_examine_a_bounded_number_of_rows) {
  put(subscription_of("s-1", {type}));
  publish(5);
  while (!out.empty()) answer_next(Attempt::rejected("no"));
  clock.advance(1h);
  save();
  sql("UPDATE dead_letter SET time=1 WHERE id<=3");
  auto page = store->dead_letters({.since = WallTime{1s}, .limit = 2});
  BOOST_REQUIRE(page.has_value());
  BOOST_CHECK(page->dead_letters.empty());
  BOOST_CHECK(page->more);
  BOOST_CHECK_EQUAL(page->next, 2);
  page = store->dead_letters({.since = WallTime{1s}, .after = 2, .limit = 2});
  BOOST_REQUIRE_EQUAL(page->dead_letters.size(), 1U);
  BOOST_CHECK_EQUAL(page->dead_letters.front().id, 4);
  page = store->dead_letters({.after = 4, .limit = 2});
  BOOST_CHECK_EQUAL(page->dead_letters.size(), 1U);
  BOOST_CHECK(!page->more);
  BOOST_CHECK_EQUAL(dead_letters({.after = 1, .upto = 3}).size(), 2U);
}

BOOST_AUTO_TEST_CASE(the_id_of_a_dead_letter_is_never_reused) {
  put(subscription_of("s-1", {type}));
  const auto die = [&] {
    publish();
    while (!out.empty()) answer_next(Attempt::rejected("no"));
    save();
  };
  die();
  die();
  BOOST_REQUIRE(store->save(9, {}, {}, clock.now(), removing({1, 2})));
  die();
  BOOST_REQUIRE_EQUAL(dead_letters({}).size(), 1U);
  BOOST_CHECK_EQUAL(dead_letters({}).front().id, 3);
  BOOST_REQUIRE(store->save(9, {}, {}, clock.now(), removing({3})));
  restart();
  die();
  BOOST_CHECK_EQUAL(dead_letters({}).front().id, 4);
  // A store of an earlier version knows its dead letters only.
  sql("DROP TABLE letter_last");
  restart();
  die();
  BOOST_CHECK_EQUAL(dead_letters({}).back().id, 5);
}

BOOST_AUTO_TEST_CASE(a_request_stands_in_the_store_until_it_is_answered) {
  RedriveJob job;
  job.outcome.gateway = "web";
  job.outcome.request = 88;
  job.outcome.correlation = "the request's id";
  job.outcome.by = "ops";
  job.outcome.asked.action = DeadLetterAction::purge;
  job.outcome.asked.selection.subscription = "s-1";
  job.outcome.asked.selection.since = clock.now().wall;
  job.outcome.done = 3;
  job.outcome.refused[1] = 2;
  job.outcome.finished = false;
  job.after = 7;
  BOOST_REQUIRE(store->save(9, {}, {}, clock.now(), {{}, {job}}));
  reopen();
  auto found = store->redrive_jobs();
  BOOST_REQUIRE(found.has_value() && found->size() == 1U);
  const auto& first = found->front();
  BOOST_CHECK_EQUAL(first.outcome.request, 88U);
  BOOST_CHECK(first.outcome.asked == job.outcome.asked);
  BOOST_CHECK_EQUAL(first.outcome.correlation, job.outcome.correlation);
  BOOST_CHECK_EQUAL(first.outcome.by, "ops");
  BOOST_CHECK_EQUAL(first.outcome.done, 3U);
  BOOST_CHECK(first.outcome.refused == job.outcome.refused);
  BOOST_CHECK(!first.outcome.finished);
  BOOST_CHECK_EQUAL(first.after, 7);
  BOOST_CHECK(!first.upto.has_value());
  job.upto = 12;
  job.outcome.finished = true;
  BOOST_REQUIRE(store->save(9, {}, {}, clock.now(), {{}, {job}}));
  BOOST_CHECK(store->redrive_jobs()->front().upto == 12);
  BOOST_CHECK(store->redrive_jobs()->front().outcome.finished);
  sql("INSERT INTO letter_work VALUES(89,'{')");  // nothing that this version can read
  sql("INSERT INTO letter_work VALUES(90,'{\"after\":0,\"outcome\":\"{}\"}')");
  BOOST_CHECK_EQUAL(store->redrive_jobs()->size(), 1U);
  job.answered = true;
  BOOST_REQUIRE(store->save(9, {}, {}, clock.now(), {{}, {job}}));
  BOOST_CHECK(store->redrive_jobs()->empty());
}

BOOST_AUTO_TEST_CASE(a_dead_letter_whose_event_is_lost_is_listed) {
  put(subscription_of("s-1", {type}));
  publish();
  answer_next(Attempt::rejected("no"));
  save();
  for (const auto* record : {"NULL", "x''", "x'00'", "x'ffffffffffffffff'", "'text'"}) {
    sql(std::string("UPDATE dead_letter SET record=") + record);
    BOOST_CHECK_EQUAL(dead_letters({}).size(), 1U);
    const auto loaded = store->load_dead_letter(1);
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_CHECK(loaded.error().code == Code::protoerror);
  }
}

namespace {

std::vector<Engine::DeadLetter> expired_numbers(std::uint64_t first, std::uint64_t last) {
  std::vector<Engine::DeadLetter> all;
  for (auto number = first; number <= last; ++number)
    all.push_back({number % 2 == 0 ? "s-2" : "s-1", number, number + 10, 1, "expired", {}, {}});
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_expired_is_listed_beside_the_dead_letters) {
  BOOST_REQUIRE(store->save(1, {}, {}, clock.now(), {.expired = expired_numbers(1, 3)}));
  clock.advance(1h);
  BOOST_REQUIRE(store->save(2, {}, {}, clock.now(), {.expired = expired_numbers(4, 4)}));
  BOOST_CHECK(dead_letters({}).empty());
  const auto all = dead_letters({.expired = true});
  BOOST_REQUIRE_EQUAL(all.size(), 4U);
  BOOST_CHECK_EQUAL(all[1].id, 2);
  BOOST_CHECK_EQUAL(all[1].dead_letter.subscription, "s-2");
  BOOST_CHECK_EQUAL(all[1].dead_letter.number, 2U);
  BOOST_CHECK_EQUAL(all[1].dead_letter.sequence, 12U);
  BOOST_CHECK_EQUAL(all[1].dead_letter.attempts, 1U);
  BOOST_CHECK_EQUAL(all[1].dead_letter.reason, "expired");
  BOOST_CHECK_EQUAL(dead_letters({.subscription = "s-2", .expired = true}).size(), 2U);
  BOOST_CHECK_EQUAL(dead_letters({.since = clock.now().wall, .expired = true}).size(), 1U);
  BOOST_CHECK_EQUAL(dead_letters({.after = 3, .expired = true}).size(), 1U);
}

BOOST_AUTO_TEST_CASE(of_what_expired_the_last_are_kept_and_ids_ascend) {
  BOOST_REQUIRE(store->save(1, {}, {}, clock.now(), {.expired = expired_numbers(1, 5)}));
  const auto many = expired_max + 7;  // at once: more than are kept
  BOOST_REQUIRE(store->save(2, {}, {}, clock.now(), {.expired = expired_numbers(6, 5 + many)}));
  const auto span = [&] {
    return sql("SELECT count(*)||' '||min(id)||' '||max(id)||' '||max(number-id) FROM expired");
  };
  BOOST_CHECK_EQUAL(span(), "100000 13 100012 0;");
  BOOST_REQUIRE(store->save(3, {}, {}, clock.now(), {.expired = expired_numbers(100013, 100015)}));
  BOOST_CHECK_EQUAL(span(), "100000 16 100015 0;");
}

BOOST_AUTO_TEST_SUITE_END()
