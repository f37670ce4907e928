// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/gateway_store.hpp"

#include <unistd.h>

#include <filesystem>

#include "core/event/codec.hpp"
#include "gateways/host/store/load_payload.hpp"
#include "tests/gateways/engine_fixture.hpp"

using sense::Attempt;
using sense::Code;
using sense::Engine;
using sense::GatewayStore;
using sense::WallTime;
using sense::testing::EngineFixture;
using sense::testing::subscription_of;
using namespace std::chrono_literals;

namespace {

struct Fixture : EngineFixture {
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_host_store_tests_" + std::to_string(::getpid()));
  std::optional<GatewayStore> store;

  Fixture() { reopen(); }
  ~Fixture() {
    store.reset();
    std::filesystem::remove_all(place);
  }
  void reopen() {
    store.reset();
    auto opened = GatewayStore::open(place.string());
    BOOST_REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
    store.emplace(std::move(*opened));
  }
  void save(std::uint64_t position = 7) {
    const auto status = store->save(position, engine.take_checkpoint(clock.now()),
                                    std::exchange(dead, {}), clock.now());
    BOOST_REQUIRE_MESSAGE(status.has_value(), status.error().message);
    engine.stored(clock.now());
    take();
  }
  std::size_t restart() {
    reopen();
    out.clear();
    engine = Engine({{1s, 2s, 4s}, 2}, 1);
    const auto count = store->restore(engine, clock.now());
    BOOST_REQUIRE(count.has_value());
    engine.restored(clock.now());
    take();
    return *count;
  }
  std::vector<sense::StoredDeadLetter> dead_letters(const sense::DeadLetterQuery& query) {
    auto page = store->dead_letters(query);
    BOOST_REQUIRE_MESSAGE(page.has_value(), page.error().message);
    return std::move(page->dead_letters);
  }
  static GatewayStore::DeadLetterChanges removing(std::vector<std::int64_t> ids) {
    return {std::move(ids), {}};
  }
  // Beside the store, as a person with sqlite3 would.
  // The first column of all rows.
  std::string sql(const std::string& text) const {
    auto database =
        sense::Database::open((place / "gateway.db").string(), sense::Database::Durability::normal);
    BOOST_REQUIRE(database.has_value());
    auto statement = database->prepare(text);
    BOOST_REQUIRE_MESSAGE(statement.has_value(), statement.error().message);
    std::string rows;
    for (;;) {
      const auto row = statement->step();
      BOOST_REQUIRE_MESSAGE(row.has_value(), row.error().message);
      if (!*row) return rows;
      rows.append(statement->octets(0)).append(";");
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_store_tests, Fixture)

BOOST_AUTO_TEST_CASE(a_new_store_has_no_position) {
  const auto position = store->position();
  BOOST_REQUIRE(position.has_value());
  BOOST_CHECK(!position->has_value());
  BOOST_CHECK_EQUAL(restart(), 0U);
}

BOOST_AUTO_TEST_CASE(a_second_process_is_refused) {
  const auto second = GatewayStore::open(place.string());
  BOOST_REQUIRE(!second.has_value());
  BOOST_CHECK(second.error().message.find(place.string()) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_saved_is_there_after_a_restart) {
  auto full = subscription_of("s-1", {"{urn:a}x", "{urn:b}*"}, "test://one/?a=b");
  full.sources = {*sense::SourcePattern::parse("//test/**")};
  full.since = 0;
  full.revision = 3;
  full.expires = clock.now().wall + 1h;
  full.period = 1h;
  full.challenge_hash = std::string(64, 'a');
  full.delivery.window = 1;
  full.delivery.retry_count = 9;
  full.labels = {{"k", "v"}};
  put(full);
  publish(3);
  answer_next(Attempt::retry("busy", 1h));
  save(8);
  BOOST_CHECK_EQUAL(restart(), 3U);
  BOOST_CHECK(*engine.find("s-1") == full);
  BOOST_CHECK_EQUAL(**store->position(), 8U);
  BOOST_CHECK_EQUAL(engine.waiting(), 3U);
  const auto deliver = next();
  BOOST_CHECK_EQUAL(deliver.delivery->number, 2U);
  BOOST_CHECK(!deliver.delivery->event);
  const auto loaded = store->load_event(deliver.sequence);
  BOOST_REQUIRE_MESSAGE(loaded.has_value(), loaded.error().message);
  BOOST_CHECK_EQUAL((*loaded)->id, "e2");
  BOOST_CHECK_EQUAL((*loaded)->sequence, 2U);
}

BOOST_AUTO_TEST_CASE(an_event_is_loaded_as_it_was) {
  auto event = sense::testing::event_of(type, 1);
  event.time = clock.now().wall;
  event.observedtime = clock.now().wall + 1s;
  event.principal = "another";
  event.expirytime = clock.now().wall + 1h;
  event.data = std::string("\0\xff bytes", 8);
  event.extensions["mine"] = std::int32_t{7};
  put(subscription_of("s-1", {type}));
  publish(std::make_shared<const sense::Event>(event));
  save();
  const auto loaded = store->load_event(1);
  BOOST_REQUIRE(loaded.has_value());
  BOOST_CHECK(**loaded == event);
  restart();
  clock.advance(2h);
  answer_next(Attempt::retry("no"));
  pass_to_timer();
  BOOST_CHECK_EQUAL(next().delivery->reason, "expired");  // its expiry was kept
}

BOOST_AUTO_TEST_CASE(a_gap_and_an_end_survive) {
  put(subscription_of("s-1", {type}));
  put(subscription_of("s-2", {"{urn:b}y"}));
  publish();
  answer_next(Attempt::rejected("no"));
  end("s-2", true, "revoked");
  save();
  restart();
  BOOST_REQUIRE_EQUAL(out.size(), 2U);
  BOOST_CHECK(out[0].delivery->kind == sense::Delivery::Kind::gap);
  BOOST_CHECK_EQUAL(out[0].delivery->number, 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->number_last, 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->reason, "undeliverable");
  BOOST_CHECK(out[1].delivery->kind == sense::Delivery::Kind::ended);
  BOOST_CHECK_EQUAL(out[1].delivery->reason, "revoked");
  while (!out.empty()) answer_next(Attempt::delivered());
  save();
  BOOST_CHECK_EQUAL(sql("SELECT count(*) FROM item"), "0;");
  BOOST_CHECK_EQUAL(sql("SELECT id FROM lane"), "s-1;");
}

BOOST_AUTO_TEST_CASE(a_save_that_fails_changes_nothing_and_can_be_repeated) {
  put(subscription_of("s-1", {type}));
  publish();
  save(1);
  publish();
  answer_next(Attempt::rejected("no"));
  const auto checkpoint = engine.take_checkpoint(clock.now());
  const auto dead_before = std::exchange(dead, {});
  // The last thing that is written fails: all before it must be undone.
  sql("CREATE TRIGGER fail BEFORE INSERT ON position BEGIN SELECT RAISE(ABORT, 'full'); END");
  for (int i = 0; i < 2; ++i) {
    const auto status = store->save(2, checkpoint, dead_before, clock.now());
    BOOST_REQUIRE(!status.has_value());
    BOOST_CHECK(status.error().message.find("full") != std::string::npos);
  }
  BOOST_CHECK_EQUAL(sql("SELECT count(*) FROM item"), "1;");
  BOOST_CHECK_EQUAL(sql("SELECT count(*) FROM dead_letter"), "0;");
  BOOST_CHECK_EQUAL(**store->position(), 1U);
  sql("DROP TRIGGER fail");
  BOOST_REQUIRE(store->save(2, checkpoint, dead_before, clock.now()).has_value());
  BOOST_CHECK_EQUAL(sql("SELECT count(*) FROM dead_letter"), "1;");
  BOOST_CHECK_EQUAL(**store->position(), 2U);
  BOOST_CHECK_EQUAL(restart(), 2U);
}

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

BOOST_AUTO_TEST_CASE(garbage_is_what_no_delivery_waits_for) {
  put(subscription_of("s-1", {type}));
  put(subscription_of("s-2", {type}));
  publish(2);
  save();
  answer_next(Attempt::delivered());  // s-1 number 1
  save();
  BOOST_REQUIRE(store->collect_garbage().has_value());
  BOOST_CHECK(store->load_event(1).has_value());  // s-2 still wants it
  while (!out.empty()) answer_next(Attempt::delivered());
  save();
  BOOST_REQUIRE(store->collect_garbage().has_value());
  const auto absent = store->load_event(1);
  BOOST_REQUIRE(!absent.has_value());
  BOOST_CHECK(absent.error().code == Code::notfound);
}

BOOST_AUTO_TEST_CASE(a_damaged_event_is_an_error_and_no_crash) {
  put(subscription_of("s-1", {type}));
  publish();
  save();
  for (const auto* record : {"x''", "x'00'", "x'ffffffffffffffff'", "'text'"}) {
    sql(std::string("UPDATE event SET record=") + record);
    const auto loaded = store->load_event(1);
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_CHECK(loaded.error().code == Code::protoerror);
  }
}

BOOST_AUTO_TEST_CASE(a_subscription_that_cannot_be_read_is_kept_and_the_others_are_served) {
  put(subscription_of("s-1", {type}));
  put(subscription_of("s-2", {type}));
  publish();
  save();
  sql("UPDATE lane SET subscription='{' WHERE id='s-1'");
  restart();
  BOOST_CHECK(!engine.find("s-1"));
  BOOST_CHECK(engine.find("s-2") != nullptr);
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
  BOOST_CHECK_EQUAL(sql("SELECT count(*) FROM lane"), "2;");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_database_is_refused_by_name) {
  store.reset();
  std::filesystem::remove_all(place);
  std::filesystem::create_directories(place / "gateway.db");
  const auto opened = GatewayStore::open(place.string());
  BOOST_REQUIRE(!opened.has_value());
  BOOST_CHECK(opened.error().message.find("gateway.db") != std::string::npos);
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
  sense::RedriveJob job;
  job.outcome.gateway = "web";
  job.outcome.request = 88;
  job.outcome.correlation = "the request's id";
  job.outcome.by = "ops";
  job.outcome.asked.action = sense::DeadLetterAction::purge;
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

BOOST_AUTO_TEST_CASE(what_is_collected_held_and_suspended_is_there_after_a_restart) {
  auto digest = subscription_of("s-1", {type});
  digest.delivery.sparse.edit().digest = sense::Digest{1h, {}, {}, {}};
  put(digest);
  auto failing = subscription_of("s-2", {type});
  failing.delivery.sparse.edit().suspend_after = 1;
  put(failing);
  publish(2);
  for (const auto& deliver : std::exchange(out, {})) answer(deliver, Attempt::retry("no"));
  BOOST_REQUIRE_EQUAL(suspensions.size(), 1U);
  save();
  pass(1h);
  save();  // the window is closed
  suspensions.clear();
  restart();
  BOOST_CHECK_EQUAL(suspensions.size(), 1U);  // asked for again
  const auto window = std::find_if(out.begin(), out.end(), [](const auto& deliver) {
    return deliver.delivery->kind == sense::Delivery::Kind::digest;
  });
  BOOST_REQUIRE(window != out.end());
  BOOST_REQUIRE(sense::load_payload(*window, *store, clock.now().wall).has_value());
  BOOST_CHECK_EQUAL(window->delivery->contents.size(), 2U);
  BOOST_CHECK_EQUAL(window->delivery->contents[1].event->id, "e2");
  BOOST_CHECK_EQUAL(window->delivery->event->id, "s-1-digest-1");
}

BOOST_AUTO_TEST_CASE(a_store_of_an_earlier_version_is_read_and_written_on) {
  store.reset();
  std::filesystem::remove_all(place);
  std::filesystem::create_directories(place);
  sql("CREATE TABLE lane(id TEXT PRIMARY KEY, subscription TEXT NOT NULL,"
      " next_number INTEGER NOT NULL, ending INTEGER NOT NULL) WITHOUT ROWID");
  sql("CREATE TABLE item(lane TEXT NOT NULL, key INTEGER NOT NULL, kind INTEGER NOT NULL,"
      " number INTEGER NOT NULL, number_last INTEGER NOT NULL, sequence INTEGER NOT NULL,"
      " attempts INTEGER NOT NULL, due INTEGER NOT NULL, expires INTEGER NOT NULL,"
      " reason TEXT NOT NULL, PRIMARY KEY(lane, key)) WITHOUT ROWID");
  sql("INSERT INTO lane VALUES('s-1','" + sense::to_json(subscription_of("s-1", {type}), true) +
      "',5,0)");
  sql("INSERT INTO item VALUES('s-1',1,0,4,0,9,0,0,0,'')");
  BOOST_CHECK_EQUAL(restart(), 1U);
  BOOST_CHECK_EQUAL(next().delivery->number, 4U);
  save();
  BOOST_CHECK_EQUAL(restart(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
