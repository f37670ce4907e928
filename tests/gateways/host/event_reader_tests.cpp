// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/event_reader.hpp"

#include "tests/core/bus/fake_bus.hpp"
#include "tests/gateways/engine_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

// A host that takes events, and a reactor whose timers run when they are told to.
struct EventReaderFixture : testing::EngineFixture {
  testing::FakeBus bus;
  std::vector<std::uint64_t> taken;  // sequences
  std::vector<std::size_t> slices;   // how many had been taken behind each
  std::vector<std::uint64_t> positions;
  std::optional<std::uint64_t> unwanted_from;  // a sequence
  std::vector<std::function<void()>> timers;
  EventReader reader{
      bus,
      engine,
      clock,
      {[this](const EventRef& event) {
         if (unwanted_from && event->sequence >= *unwanted_from) {
           reader.reset();
           return false;
         }
         taken.push_back(event->sequence);
         engine.on_event(event, clock.now());
         return true;
       },
       [this](std::optional<std::uint64_t> position) {
         slices.push_back(taken.size());
         if (position) positions.push_back(*position);
         take();
       },
       [this](Duration, std::function<void()> task) { timers.push_back(std::move(task)); }}};

  Batch batch(std::size_t count) {
    Batch made;
    for (std::size_t i = 0; i < count; ++i) made.events.push_back(event());
    made.position = sequence + 10;
    return made;
  }
  void run_timers() {
    for (const auto& task : std::exchange(timers, {})) task();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_reader_tests, EventReaderFixture)

BOOST_AUTO_TEST_CASE(a_batch_without_events_moves_the_position) {
  reader.read(batch(0));
  BOOST_TEST(positions == std::vector<std::uint64_t>{10}, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(bus.resumed, 1);
}

BOOST_AUTO_TEST_CASE(a_long_batch_is_taken_in_slices_and_others_have_their_turn) {
  reader.read(batch(EventReader::slice * 2 + 1));
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice);
  BOOST_CHECK(positions.empty());
  BOOST_CHECK_EQUAL(bus.resumed, 0);
  run_timers();
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice * 2);
  run_timers();
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice * 2 + 1);
  BOOST_CHECK_EQUAL(slices.size(), 3U);
  BOOST_TEST(positions == std::vector<std::uint64_t>{sequence + 10},
             boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(bus.resumed, 1);
  BOOST_CHECK(std::is_sorted(taken.begin(), taken.end()));
}

BOOST_AUTO_TEST_CASE(what_is_behind_an_event_that_changes_the_stream_is_not_taken) {
  auto whole = batch(20);
  unwanted_from = 5;
  reader.read(std::move(whole));
  BOOST_CHECK_EQUAL(taken.size(), 4U);
  BOOST_CHECK(positions.empty());
  run_timers();
  reader.resume_if_ready();
  BOOST_CHECK_EQUAL(taken.size(), 4U);
  BOOST_CHECK_EQUAL(bus.resumed, 0);  // follow() brings what is next
}

BOOST_AUTO_TEST_CASE(a_batch_that_is_dropped_between_two_slices_is_not_gone_on_with) {
  reader.read(batch(EventReader::slice + 1));
  reader.reset();
  run_timers();
  reader.resume_if_ready();
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice);
  BOOST_CHECK_EQUAL(bus.resumed, 0);
  reader.read(batch(1));
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice + 1);
  BOOST_CHECK_EQUAL(bus.resumed, 1);
}

// Callbacks that answer: what is behind waits in the journal until there is room.
BOOST_AUTO_TEST_CASE(while_enough_deliveries_are_active_nothing_more_is_read) {
  auto wide = testing::subscription_of("s-1", {type});
  wide.delivery.window = 100'000;
  put(wide);
  reader.read(batch(ReadAheadLimiter::active_max + 10 * EventReader::slice));
  const auto answer_some = [this] {
    clock.advance(1ms);
    for (int i = 0; i < 100 && !out.empty(); ++i) answer_next(Attempt::delivered());
    reader.resume_if_ready();
    run_timers();
  };
  while (taken.size() < ReadAheadLimiter::active_max) {
    clock.advance(1ms);
    run_timers();
  }
  const auto there = taken.size();
  answer_some();
  BOOST_CHECK_LE(taken.size(), there + EventReader::slice);
  for (int i = 0; i < 200; ++i) answer_some();
  BOOST_CHECK_LE(engine.active(), ReadAheadLimiter::active_max);
  BOOST_CHECK_EQUAL(bus.resumed, 1);
  // Callbacks that never answer hold up nothing.
  reader.read(batch(ReadAheadLimiter::active_max * 2));
  for (int i = 0; i < 3000; ++i) {
    clock.advance(1ms);
    reader.resume_if_ready();
    run_timers();
  }
  BOOST_CHECK_EQUAL(bus.resumed, 2);
}

BOOST_AUTO_TEST_CASE(more_than_may_be_in_memory_is_stored_before_anything_else_is_taken) {
  put(testing::subscription_of("s-1", {type}));
  while (engine.unsaved() <= EventReader::unsaved_max) publish();
  reader.read(batch(1));
  BOOST_CHECK_EQUAL(bus.resumed, 0);
  (void)engine.take_checkpoint(clock.now());
  engine.stored(clock.now());
  clock.advance(1s);
  for (int i = 0; i < 100; ++i) {
    clock.advance(1ms);
    reader.resume_if_ready();
    run_timers();
  }
  BOOST_CHECK_EQUAL(bus.resumed, 1);
}

BOOST_AUTO_TEST_SUITE_END()
