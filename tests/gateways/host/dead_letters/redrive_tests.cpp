// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/dead_letters/redrive.hpp"

#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/core/bus/fake_bus.hpp"
#include "tests/gateways/engine_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;
using nlohmann::json;
using sense::testing::subscription_of;

namespace {

// The part of the host: an engine, a store on disk, a bus in memory and virtual time.
struct Fixture : sense::testing::EngineFixture {
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_dead_letters_tests_" + std::to_string(::getpid()));
  sense::testing::FakeBus bus;
  Counters counters;
  std::optional<GatewayStore> store;
  std::optional<CheckpointWriter> checkpoints;
  std::optional<Redriver> redriver;
  std::deque<std::pair<Duration, std::function<void()>>> tasks;
  std::uint64_t position = 0;
  std::size_t unsaved_most = 0;

  Fixture() {
    std::filesystem::remove_all(place);
    open();
    put(subscription_of("s-1", {type}));
    put(subscription_of("s-2", {"{urn:b}y"}));
  }
  ~Fixture() {
    store.reset();
    std::filesystem::remove_all(place);
  }
  void open() {
    redriver.reset();
    checkpoints.reset();
    store.reset();
    auto opened = GatewayStore::open(place.string());
    BOOST_REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
    store.emplace(std::move(*opened));
    checkpoints.emplace(*store, engine, counters, clock,
                        [](bool, const auto& stored) { stored(); });
    redriver.emplace("web",
                     Redriver::Dependencies{*store, engine, *checkpoints, bus, counters, clock},
                     Redriver::Callbacks{[this](Duration pause, std::function<void()> task) {
                                           tasks.emplace_back(pause, std::move(task));
                                         },
                                         [this] { checkpoint(); }});
  }
  void perform() {
    take();
    for (auto& dead_letter : std::exchange(dead, {}))
      checkpoints->add_dead_letter(std::move(dead_letter));
  }
  void checkpoint() {
    unsaved_most = std::max(unsaved_most, engine.unsaved());
    checkpoints->save(position, clock.now());
    perform();
  }
  // The process is killed and restarted; the journal repeats the events after the checkpoint.
  void kill() {
    tasks.clear();
    bus.later.clear();
    out.clear();
    dead.clear();
    engine = Engine(defaults, 1);
    open();
    BOOST_REQUIRE(store->restore(engine, clock.now()).has_value());
    engine.restored(clock.now());
    redriver->start();
    take();
    position = store->position()->value_or(0);
    for (const auto& event : std::vector(journal))
      if (event->sequence > position) bring(event);
  }
  void bring(const EventRef& event) {
    position = event->sequence;
    (void)redriver->on_event(*event);
  }
  // Runs the next pending task, after its pause.
  bool step() {
    if (bus.run_one()) return true;
    if (tasks.empty()) return false;
    auto [pause, task] = std::move(tasks.front());
    tasks.pop_front();
    pass(pause);
    task();
    return true;
  }
  void run() {
    for (int i = 0; step(); ++i) BOOST_REQUIRE_MESSAGE(i < 10'000, "it never ends");
  }

  void reject_all() {
    while (!out.empty()) {
      answer_next(Attempt::rejected("no"));
      perform();
    }
  }
  // Publishes so many events that are rejected.
  void make_dead_letters(int count, const char* of = type) {
    publish(count, of);
    reject_all();
    position = sequence;
    checkpoint();
    reject_all();
    checkpoint();
  }
  std::vector<EventRef> journal;
  void request(DeadLetterAction action, const DeadLetterSelection& selection,
               const char* gateway = "web") {
    auto event = dead_letter_request_event(gateway, {action, selection}, clock.now().wall);
    event.sequence = ++sequence;
    event.principal = "ops";
    journal.push_back(std::make_shared<const Event>(event));
    bring(journal.back());
  }
  void redrive(const DeadLetterSelection& selection) {
    request(DeadLetterAction::redrive, selection);
  }
  void redrive_all() { redrive({.all = true}); }
  std::vector<std::int64_t> left() {
    const auto page = store->dead_letters({});
    std::vector<std::int64_t> ids;
    for (const auto& dead_letter : page->dead_letters) ids.push_back(dead_letter.id);
    return ids;
  }
  // The one outcome that was published; removes it.
  json published_outcome() {
    std::vector<json> answers;
    for (const auto& event : std::exchange(bus.published, {})) {
      BOOST_CHECK(validate(event).has_value());
      if (event.type.local() != "dead-letters-progress") answers.push_back(json::parse(event.data));
    }
    BOOST_REQUIRE_EQUAL(answers.size(), 1U);
    return answers.front();
  }
  // Delivers all: event ids by number.
  std::map<std::uint64_t, std::string> deliver_all() {
    std::map<std::uint64_t, std::string> delivered;
    while (!out.empty()) {
      const auto deliver = next();
      const auto& delivery = *deliver.delivery;
      if (delivery.kind == Delivery::Kind::event) {
        const auto event = delivery.event ? delivery.event : *store->load_event(deliver.sequence);
        BOOST_CHECK(delivered.emplace(delivery.number, event->id).second);
      }
      answer(deliver, Attempt::delivered());
    }
    return delivered;
  }
  void sql(const std::string& text) const {
    auto database = Database::open((place / "gateway.db").string(), Database::Durability::normal);
    BOOST_REQUIRE(database.has_value());
    const auto status = database->execute(text.c_str());
    BOOST_REQUIRE_MESSAGE(status.has_value(), status.error().message);
  }
  void fill_disk() {
    sql("CREATE TRIGGER full BEFORE INSERT ON position BEGIN SELECT RAISE(ABORT, 'full'); END");
  }
};

using Ids = std::vector<std::int64_t>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redrive_tests, Fixture)

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
