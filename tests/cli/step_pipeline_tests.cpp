// SPDX-License-Identifier: Apache-2.0
#include "cli/publish/step_pipeline.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <set>

// From lines to acknowledged events: what is on its way, what is offered again, what is counted.
using namespace sense;
using namespace sense::cli;
using namespace std::chrono_literals;

namespace {

Event form() {
  Event event;
  event.type = *QName::parse("{urn:example:printer}status");
  event.source = "//hq.example/printer/hp4";
  event.language = "en";
  return event;
}

// A publisher that answers when told to, timers that pass when told to.
struct Bench final : Publisher {
  explicit Bench(std::size_t in_flight_max = 1)
      : pipeline(form(), in_flight_max,
                 {*this, clock,
                  [this](Duration after, std::function<void()> action) {
                    pauses.push_back(after);
                    timers.push_back(std::move(action));
                  },
                  [this](const std::string& sentence) { said.push_back(sentence); },
                  [this] { ++changes; }}) {}

  void publish(const Event& event, Done done) override {
    asked.push_back(event);
    waiting.push_back(std::move(done));
    most = std::max(most, waiting.size());
  }
  void answer(const Result<Receipt>& result) {
    BOOST_REQUIRE(!waiting.empty());
    const auto done = std::move(waiting.front());
    waiting.pop_front();
    done(result);
  }
  void acknowledge(bool duplicate = false) { answer(Receipt{++sequence, duplicate}); }
  void refuse(Code code, const std::string& why) { answer(fail(code, why)); }
  void pass() {
    BOOST_REQUIRE(!timers.empty());
    const auto action = std::move(timers.front());
    timers.pop_front();
    action();
  }
  [[nodiscard]] std::vector<std::string> data() const {
    std::vector<std::string> all;
    for (const auto& event : asked) all.push_back(event.data);
    return all;
  }
  [[nodiscard]] bool was_said(const std::string& part) const {
    return std::any_of(said.begin(), said.end(), [&](const auto& sentence) {
      return sentence.find(part) != std::string::npos;
    });
  }

  VirtualClock clock;
  std::vector<Event> asked;
  std::deque<Done> waiting;
  std::size_t most = 0;
  std::uint64_t sequence = 0;
  std::vector<Duration> pauses;
  std::deque<std::function<void()>> timers;
  std::vector<std::string> said;
  unsigned changes = 0;
  StepPipeline pipeline;
};

void are(const std::vector<std::string>& found, const std::vector<std::string>& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(step_pipeline_tests)

BOOST_AUTO_TEST_CASE(line_becomes_an_event_of_the_given_form) {
  Bench bench;
  bench.pipeline.add("342 Printer jam\n");
  BOOST_REQUIRE(bench.asked.size() == 1U);
  const auto& event = bench.asked.front();
  BOOST_CHECK(validate(event).has_value());
  BOOST_CHECK_EQUAL(event.type.display(), "{urn:example:printer}status");
  BOOST_CHECK_EQUAL(event.source, "//hq.example/printer/hp4");
  BOOST_CHECK_EQUAL(event.language, "en");
  BOOST_CHECK_EQUAL(event.edition, "STEP.SingleLine.CC");
  BOOST_CHECK_EQUAL(event.datacontenttype, "text/plain");
  BOOST_CHECK_EQUAL(event.data, "342 Printer jam");
  BOOST_CHECK(event.time == bench.clock.now().wall);
  BOOST_CHECK(!event.severity.has_value());
}

BOOST_AUTO_TEST_CASE(one_at_a_time_goes_out_in_the_order_of_the_lines) {
  Bench bench;
  bench.pipeline.add("342 Printer jam\nCover open\nCover closed\nWarm");
  BOOST_CHECK(bench.pipeline.wants_input());
  bench.pipeline.add("ing up\n");
  BOOST_CHECK(!bench.pipeline.wants_input());
  while (!bench.waiting.empty()) bench.acknowledge();
  BOOST_CHECK_EQUAL(bench.most, 1U);
  are(bench.data(), {"342 Printer jam", "342 Cover open", "342 Cover closed", "342 Warming up"});
  BOOST_CHECK(bench.pipeline.wants_input());
  BOOST_CHECK(!bench.pipeline.finished());
  bench.pipeline.end();
  BOOST_CHECK(bench.pipeline.finished());
  BOOST_CHECK_EQUAL(bench.pipeline.counts().lines, 4U);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().acknowledged, 4U);
  BOOST_CHECK(bench.pipeline.counts().all_well());
  std::set<std::string> ids;
  for (const auto& event : bench.asked) ids.insert(event.id);
  BOOST_CHECK_EQUAL(ids.size(), 4U);
  BOOST_CHECK(bench.said.empty());
}

BOOST_AUTO_TEST_CASE(no_more_than_allowed_are_in_flight_and_input_waits_for_them) {
  Bench bench(3);
  bench.pipeline.add("1 a\n2 b\n");
  BOOST_CHECK(bench.pipeline.wants_input());
  bench.pipeline.add("3 c\n4 d\n5 e\n");
  BOOST_CHECK_EQUAL(bench.waiting.size(), 3U);
  BOOST_CHECK(bench.pipeline.wants_input());
  bench.pipeline.add("6 f\n");
  BOOST_CHECK(!bench.pipeline.wants_input());
  bench.acknowledge();
  bench.acknowledge();
  BOOST_CHECK_EQUAL(bench.waiting.size(), 3U);
  BOOST_CHECK(!bench.pipeline.wants_input());
  bench.acknowledge();
  BOOST_CHECK(bench.pipeline.wants_input());
  BOOST_CHECK_EQUAL(bench.asked.size(), 6U);
  BOOST_CHECK_EQUAL(bench.most, 3U);
}

BOOST_AUTO_TEST_CASE(end_of_input_waits_for_outstanding_answers) {
  Bench bench(4);
  bench.pipeline.add("1 a\n2 b");
  bench.pipeline.end();
  are(bench.data(), {"1 a", "2 b"});
  BOOST_CHECK(!bench.pipeline.finished());
  bench.acknowledge();
  BOOST_CHECK(!bench.pipeline.finished());
  const auto changes = bench.changes;
  bench.acknowledge();
  BOOST_CHECK_EQUAL(bench.changes, changes + 1);
  BOOST_CHECK(bench.pipeline.finished());
}

BOOST_AUTO_TEST_CASE(last_line_waits_for_its_turn_when_the_input_ends) {
  Bench bench;
  bench.pipeline.add("1 a\n2 b");
  bench.pipeline.end();
  bench.acknowledge();
  BOOST_CHECK(!bench.pipeline.finished());
  bench.acknowledge();
  BOOST_CHECK(bench.pipeline.finished());
  are(bench.data(), {"1 a", "2 b"});
}

BOOST_AUTO_TEST_CASE(what_is_refused_for_the_moment_is_offered_again_with_the_same_id) {
  Bench bench;
  bench.pipeline.add("1 a\n2 b\n");
  for (int i = 0; i < 8; ++i) {
    bench.refuse(Code::nomoreroom, "the disk is full");
    BOOST_CHECK(bench.waiting.empty());
    bench.clock.advance(bench.pauses.back());
    bench.pass();
  }
  const std::vector<Duration> doubling{1s, 2s, 4s, 8s, 16s, 32s, 32s, 32s};
  BOOST_CHECK(bench.pauses == doubling);
  BOOST_CHECK_EQUAL(bench.said.size(), 1U);
  BOOST_CHECK(bench.was_said("line 1 was not taken: the disk is full"));
  bench.acknowledge();
  BOOST_CHECK(bench.was_said("taken again"));
  bench.acknowledge();
  for (std::size_t i = 0; i < 9; ++i) {
    BOOST_CHECK_EQUAL(bench.asked.at(i).id, bench.asked.front().id);
    BOOST_CHECK(bench.asked.at(i).time == bench.asked.front().time);
  }
  BOOST_CHECK_EQUAL(bench.asked.at(9).data, "2 b");
  bench.pipeline.end();
  BOOST_CHECK_EQUAL(bench.pipeline.counts().acknowledged, 2U);
  BOOST_CHECK(bench.pipeline.counts().all_well());
}

BOOST_AUTO_TEST_CASE(many_refused_together_are_offered_again_in_order_before_newer_ones) {
  Bench bench(3);
  bench.pipeline.add("1 a\n2 b\n3 c\n4 d\n");
  // Whatever the order of the answers.
  const auto last = std::move(bench.waiting.back());
  bench.waiting.pop_back();
  last(fail(Code::timeout, "busy"));
  bench.refuse(Code::timeout, "busy");
  bench.acknowledge();
  BOOST_CHECK_EQUAL(bench.pauses.size(), 1U);
  BOOST_CHECK(bench.waiting.empty());
  bench.pass();
  while (!bench.waiting.empty()) bench.acknowledge();
  are(bench.data(), {"1 a", "2 b", "3 c", "1 a", "3 c", "4 d"});
}

BOOST_AUTO_TEST_CASE(what_is_refused_for_good_is_counted_told_once_and_passed_over) {
  Bench bench;
  bench.pipeline.add("1 a\n2 b\n3 c\n4 d\n");
  bench.refuse(Code::noaccess, "no right to publish");
  bench.refuse(Code::noaccess, "no right to publish");
  bench.refuse(Code::badparam, "what is this");
  bench.acknowledge();
  bench.pipeline.end();
  BOOST_CHECK(bench.pipeline.finished());
  BOOST_CHECK_EQUAL(bench.said.size(), 2U);
  BOOST_CHECK(bench.was_said("line 1 was refused: no right to publish"));
  BOOST_CHECK(bench.was_said("line 3 was refused: what is this"));
  BOOST_CHECK_EQUAL(bench.pipeline.counts().refused, 3U);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().acknowledged, 1U);
  BOOST_CHECK(!bench.pipeline.counts().all_well());
}

BOOST_AUTO_TEST_CASE(repeat_that_was_known_is_acknowledged_and_counted) {
  Bench bench;
  bench.pipeline.add("1 a\n");
  bench.acknowledge(true);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().acknowledged, 1U);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().duplicates, 1U);
  BOOST_CHECK(bench.pipeline.counts().all_well());
}

BOOST_AUTO_TEST_CASE(lines_before_any_code_are_counted_told_once_and_not_published) {
  Bench bench;
  bench.pipeline.add("monitor 1.0\ncopyright\n\n111 Ready\n");
  are(bench.data(), {"111 Ready"});
  BOOST_CHECK_EQUAL(bench.pipeline.counts().lines, 3U);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().without_code, 2U);
  BOOST_CHECK_EQUAL(bench.said.size(), 1U);
  BOOST_CHECK(bench.was_said("line 1 has no code"));
}

BOOST_AUTO_TEST_CASE(shortened_and_doubtful_lines_are_counted_and_told_once) {
  Bench bench(8);
  const std::string tail(1000, 'x');
  bench.pipeline.add("111 Ready\n342\n343\n1 " + tail + "\n2 " + tail + "\n");
  BOOST_CHECK_EQUAL(bench.asked.size(), 5U);
  BOOST_CHECK_EQUAL(bench.asked.at(2).data, "111 343");
  BOOST_CHECK_EQUAL(bench.pipeline.counts().doubtful, 2U);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().shortened, 2U);
  BOOST_CHECK_EQUAL(bench.said.size(), 2U);
  BOOST_CHECK(bench.was_said("line 2 begins with a digit"));
  BOOST_CHECK(bench.was_said("line 4 is longer"));
}

BOOST_AUTO_TEST_CASE(lines_taken_ahead_have_the_time_at_which_they_came) {
  Bench bench;
  bench.pipeline.add("1 a\n2 b\n");
  const auto first = bench.clock.now().wall;
  bench.clock.advance(60s);
  bench.pipeline.add("3 c\n");
  const auto second = bench.clock.now().wall;
  bench.clock.advance(60s);
  while (!bench.waiting.empty()) bench.acknowledge();
  BOOST_REQUIRE(bench.asked.size() == 3U);
  BOOST_CHECK(bench.asked[1].time == first);
  BOOST_CHECK(bench.asked[2].time == second);
}

BOOST_AUTO_TEST_CASE(lines_taken_ahead_count_when_they_are_given_up) {
  Bench bench;
  bench.pipeline.add("1 a\n");
  bench.pipeline.add("2 b\n3 c\n");
  bench.pipeline.give_up();
  BOOST_CHECK_EQUAL(bench.pipeline.counts().lines, 3U);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().unacknowledged, 3U);
}

BOOST_AUTO_TEST_CASE(stopped_pipeline_finishes_whole_lines_and_leaves_out_the_rest) {
  Bench bench;
  bench.pipeline.add("1 a\n2 b\n3 unfin");
  BOOST_CHECK_EQUAL(bench.pipeline.stop(), 7U);
  BOOST_CHECK(!bench.pipeline.wants_input());
  bench.acknowledge();
  bench.acknowledge();
  BOOST_CHECK(bench.pipeline.finished());
  are(bench.data(), {"1 a", "2 b"});
  bench.pipeline.give_up();
  BOOST_CHECK_EQUAL(bench.pipeline.counts().lines, 2U);
  BOOST_CHECK(bench.pipeline.counts().all_well());
}

BOOST_AUTO_TEST_CASE(giving_up_counts_everything_that_was_read_and_not_acknowledged) {
  Bench bench(2);
  bench.pipeline.add("no code\n1 a\n2 b\n3 c\nd\n");
  bench.acknowledge();
  bench.refuse(Code::timeout, "away");
  BOOST_CHECK_EQUAL(bench.waiting.size(), 1U);
  bench.pipeline.give_up();
  const auto counts = bench.pipeline.counts();
  BOOST_CHECK_EQUAL(counts.lines, 5U);
  BOOST_CHECK_EQUAL(counts.acknowledged, 1U);
  BOOST_CHECK_EQUAL(counts.without_code, 1U);
  BOOST_CHECK_EQUAL(counts.unacknowledged, 3U);
  BOOST_CHECK(!counts.all_well());
  // An answer that comes too late changes nothing any more.
  bench.acknowledge();
  bench.pass();
  BOOST_CHECK_EQUAL(bench.asked.size(), 3U);
  BOOST_CHECK_EQUAL(bench.pipeline.counts().acknowledged, 1U);
}

BOOST_AUTO_TEST_SUITE_END()
