// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "gateways/host/dead_letters/redrive.hpp"
#include "tests/core/bus/fake_bus.hpp"
#include "tests/gateways/engine_fixture.hpp"

namespace sense::testing {

// The part of the host: an engine, a store on disk, a bus in memory and virtual time.
struct RedriveFixture : EngineFixture {
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_dead_letters_tests_" + std::to_string(::getpid()));
  FakeBus bus;
  Counters counters;
  std::optional<GatewayStore> store;
  std::optional<CheckpointWriter> checkpoints;
  std::optional<Redriver> redriver;
  std::deque<std::pair<Duration, std::function<void()>>> tasks;
  std::uint64_t position = 0;
  std::size_t unsaved_most = 0;

  RedriveFixture() {
    std::filesystem::remove_all(place);
    open();
    put(subscription_of("s-1", {type}));
    put(subscription_of("s-2", {"{urn:b}y"}));
  }
  ~RedriveFixture() {
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
  nlohmann::json published_outcome() {
    std::vector<nlohmann::json> answers;
    for (const auto& event : std::exchange(bus.published, {})) {
      BOOST_CHECK(validate(event).has_value());
      if (event.type.local() != "dead-letters-progress")
        answers.push_back(nlohmann::json::parse(event.data));
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

}  // namespace sense::testing
