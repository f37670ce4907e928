// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/gateway_store.hpp"

#include "gateways/host/store/load_payload.hpp"
#include "tests/gateways/host/store/store_fixture.hpp"

using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(gateway_store_tests, StoreFixture)

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
  full.sources = {*SourcePattern::parse("//test/**")};
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
  auto event = event_of(type, 1);
  event.time = clock.now().wall;
  event.observedtime = clock.now().wall + 1s;
  event.principal = "another";
  event.expirytime = clock.now().wall + 1h;
  event.data = std::string("\0\xff bytes", 8);
  event.extensions["mine"] = std::int32_t{7};
  put(subscription_of("s-1", {type}));
  publish(std::make_shared<const Event>(event));
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
  BOOST_CHECK(out[0].delivery->kind == Delivery::Kind::gap);
  BOOST_CHECK_EQUAL(out[0].delivery->number, 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->number_last, 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->reason, "undeliverable");
  BOOST_CHECK(out[1].delivery->kind == Delivery::Kind::ended);
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

BOOST_AUTO_TEST_CASE(what_is_collected_held_and_suspended_is_there_after_a_restart) {
  auto digest = subscription_of("s-1", {type});
  digest.delivery.sparse.edit().digest = Digest{1h, {}, {}, {}};
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
    return deliver.delivery->kind == Delivery::Kind::digest;
  });
  BOOST_REQUIRE(window != out.end());
  BOOST_REQUIRE(load_payload(*window, *store, clock.now().wall).has_value());
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
  sql("INSERT INTO lane VALUES('s-1','" + to_json(subscription_of("s-1", {type}), true) + "',5,0)");
  sql("INSERT INTO item VALUES('s-1',1,0,4,0,9,0,0,0,'')");
  BOOST_CHECK_EQUAL(restart(), 1U);
  BOOST_CHECK_EQUAL(next().delivery->number, 4U);
  save();
  BOOST_CHECK_EQUAL(restart(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
