// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/event_reader.hpp"

#include "tests/core/bus/fake_bus.hpp"
#include "tests/gateways/engine_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

// A journal, a host that takes events, and a reactor whose timers run when they are told to.
struct JournalBus : testing::FakeBus {
  std::vector<std::pair<std::uint64_t, std::vector<std::string>>> followed;  // position, topics
  std::function<void(Batch)> handler;

  void follow(std::uint64_t position, std::vector<std::string> topics,
              std::function<void(Batch)> handle) override {
    followed.emplace_back(position, std::move(topics));
    handler = std::move(handle);
  }
};

struct EventReaderFixture : testing::EngineFixture {
  JournalBus bus;
  std::vector<std::uint64_t> taken;  // sequences
  std::vector<std::size_t> slices;   // how many had been taken behind each
  std::vector<std::uint64_t> positions;
  std::vector<std::string> topics = {"{urn:a}"};
  std::function<bool(const EventRef&)> process = [](const auto&) { return false; };
  std::function<void()> slice_done = [] {};
  int lost = 0;
  std::vector<std::uint64_t> restarts;  // positions
  std::vector<std::function<void()>> timers;
  EventReader reader{
      bus,
      engine,
      clock,
      {[this](const EventRef& event) {
         taken.push_back(event->sequence);
         engine.on_event(event, clock.now());
         return process(event);
       },
       [this] {
         slices.push_back(taken.size());
         positions.push_back(reader.position());
         take();
         slice_done();
       },
       [this](const Batch&) { ++lost; }, [this] { return topics; },
       [this](Duration, std::function<void()> task) { timers.push_back(std::move(task)); },
       [this] { restarts.push_back(reader.position()); }}};

  EventReaderFixture() { reader.follow(0); }
  Batch batch(std::size_t count) {
    Batch made;
    for (std::size_t i = 0; i < count; ++i) made.events.push_back(event());
    made.position = sequence + 10;
    return made;
  }
  void read(Batch made) { bus.handler(std::move(made)); }
  void run_timers() {
    for (const auto& task : std::exchange(timers, {})) task();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_reader_tests, EventReaderFixture)

BOOST_AUTO_TEST_CASE(a_batch_without_events_moves_the_position) {
  read(batch(0));
  BOOST_CHECK_EQUAL(reader.position(), 10U);
  BOOST_CHECK_EQUAL(bus.resumed, 1);
}

BOOST_AUTO_TEST_CASE(a_long_batch_is_taken_in_slices_and_others_have_their_turn) {
  read(batch(EventReader::slice * 2 + 1));
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice);
  BOOST_CHECK_EQUAL(reader.position(), EventReader::slice);
  BOOST_CHECK_EQUAL(bus.resumed, 0);
  run_timers();
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice * 2);
  run_timers();
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice * 2 + 1);
  BOOST_CHECK_EQUAL(slices.size(), 3U);
  BOOST_CHECK_EQUAL(reader.position(), sequence + 10);
  BOOST_CHECK_EQUAL(bus.resumed, 1);
  BOOST_CHECK(std::is_sorted(taken.begin(), taken.end()));
}

BOOST_AUTO_TEST_CASE(the_stream_begins_anew_behind_the_event_that_wants_another_topic) {
  process = [this](const EventRef& event) {
    if (event->sequence == 4) topics = {"{urn:a}", "{urn:b}"};
    return event->sequence == 4;
  };
  const auto earlier = bus.handler;
  read(batch(20));
  BOOST_CHECK_EQUAL(taken.size(), 4U);
  BOOST_REQUIRE_EQUAL(bus.followed.size(), 2U);
  BOOST_CHECK_EQUAL(bus.followed[1].first, 4U);
  BOOST_CHECK(bus.followed[1].second == topics);
  BOOST_CHECK(restarts == std::vector<std::uint64_t>{4});
  // What was on its way is of the earlier stream, and comes again.
  earlier(batch(3));
  run_timers();
  reader.resume_if_ready();
  BOOST_CHECK_EQUAL(taken.size(), 4U);
  BOOST_CHECK_EQUAL(bus.resumed, 0);
}

BOOST_AUTO_TEST_CASE(a_change_that_wants_no_other_topic_interrupts_nothing) {
  process = [this](const EventRef&) {
    topics = {"{urn:a}"};
    return true;
  };
  read(batch(5));
  BOOST_CHECK_EQUAL(taken.size(), 5U);
  BOOST_CHECK_EQUAL(bus.followed.size(), 1U);
  BOOST_CHECK(restarts.empty());
}

BOOST_AUTO_TEST_CASE(a_stop_between_two_slices_or_within_one_ends_the_stream) {
  read(batch(EventReader::slice + 1));
  reader.stop();
  run_timers();
  reader.resume_if_ready();
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice);
  BOOST_CHECK_EQUAL(bus.resumed, 0);
  reader.follow(reader.position());
  process = [this](const EventRef&) { return reader.stop(), true; };
  read(batch(20));
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice + 1);
  BOOST_CHECK_EQUAL(slices.size(), 1U);
  run_timers();
  BOOST_CHECK_EQUAL(bus.resumed, 0);
  BOOST_CHECK_EQUAL(bus.followed.size(), 2U);
}

BOOST_AUTO_TEST_CASE(a_stream_that_begins_anew_behind_a_slice_is_not_mixed_with_the_earlier_one) {
  slice_done = [this] {
    if (reader.position() < 1000) reader.follow(1000);
  };
  read(batch(EventReader::slice * 2));
  run_timers();
  BOOST_CHECK_EQUAL(taken.size(), EventReader::slice);
  BOOST_CHECK_EQUAL(reader.position(), 1000U);
  BOOST_CHECK_EQUAL(bus.resumed, 0);
}

BOOST_AUTO_TEST_CASE(what_the_journal_lost_stops_the_stream_behind_it) {
  Batch gap = batch(1);
  gap.lost_from = 1;
  gap.lost_to = 70;
  read(gap);
  BOOST_CHECK_EQUAL(lost, 1);
  BOOST_CHECK_EQUAL(reader.position(), 70U);
  BOOST_CHECK(taken.empty());
  BOOST_CHECK_EQUAL(bus.resumed, 0);
  reader.follow(70);
  read(Batch{{}, 30, 0, 0});  // an older journal was restored
  BOOST_CHECK_EQUAL(lost, 2);
  BOOST_CHECK_EQUAL(reader.position(), 30U);
}

// Callbacks that answer: what is behind waits in the journal until there is room.
BOOST_AUTO_TEST_CASE(while_enough_deliveries_are_active_nothing_more_is_read) {
  auto wide = testing::subscription_of("s-1", {type});
  wide.delivery.window = 100'000;
  put(wide);
  read(batch(ReadAheadLimiter::active_max + 10 * EventReader::slice));
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
  read(batch(ReadAheadLimiter::active_max * 2));
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
  read(batch(1));
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
