// SPDX-License-Identifier: Apache-2.0
#include "gateways/api/delivery_records.hpp"
#include "tests/gateways/host/lifecycle_fixture.hpp"

// What a gateway process remembers of its deliveries, in virtual time.
using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;

namespace {

struct RecordsFixture : LifecycleFixture {
  RecordsFixture() {
    start();
    subscribe("s-1");
    subscribe("s-2");
    hub.advance(100ms);
  }
  DeliveryRecords& records() { return *plugin.context->records; }
  std::vector<AttemptRecord> attempts(const std::string& id = "s-1") {
    return records().attempts(id, 0, 100).records;
  }
  std::vector<DeadLetterRecord> dead_letters(const std::string& id = "s-1") {
    hub.advance(2s);  // a checkpoint
    const auto page = records().dead_letters(id, 0, 100);
    BOOST_REQUIRE(page);
    return page->records;
  }
  void fail_once() {
    plugin.answer = Attempt::rejected("HTTP 400: no");
    publish("e-1");
    hub.advance(100ms);
    plugin.answer = Attempt::delivered();
  }
  Result<std::size_t> redrive(const std::string& id, const std::vector<std::int64_t>& ids) {
    std::optional<Result<std::size_t>> answer;
    records().redrive(id, ids, [&](auto got) { answer = std::move(got); });
    hub.advance(5s);
    BOOST_REQUIRE(answer.has_value());
    return *answer;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lifecycle_records_tests, RecordsFixture)

BOOST_AUTO_TEST_CASE(each_attempt_is_remembered_with_its_answer_and_its_time) {
  plugin.holds_answers = true;
  publish("e-1");
  hub.advance(100ms);
  const auto began = hub.clock.now().wall - 100ms;
  BOOST_CHECK(attempts().empty());
  hub.advance(400ms);
  plugin.holds_answers = false;
  auto failed = Attempt::retry("HTTP 503: later");
  failed.status = 503;
  for (auto& done : std::exchange(plugin.held, {})) done(failed);
  BOOST_REQUIRE_EQUAL(attempts().size(), 1U);
  const auto first = attempts().at(0);
  BOOST_CHECK_EQUAL(first.event, "e-1");
  BOOST_CHECK_EQUAL(first.number, 1U);
  BOOST_CHECK_EQUAL(first.attempt, 1U);
  BOOST_CHECK_EQUAL(first.status, 503U);
  BOOST_CHECK_EQUAL(first.answer, "HTTP 503: later");
  BOOST_CHECK(first.outcome == Attempt::Outcome::retry);
  BOOST_CHECK(first.duration >= 400ms && first.duration <= 500ms);
  BOOST_CHECK(first.time >= began && first.time <= began + 100ms);
  hub.advance(5s);  // the schedule's pause
  BOOST_REQUIRE_EQUAL(attempts().size(), 2U);
  BOOST_CHECK_EQUAL(attempts().at(1).attempt, 2U);
  BOOST_CHECK(attempts().at(1).outcome == Attempt::Outcome::delivered);
  BOOST_CHECK(attempts().at(1).id > first.id);
}

BOOST_AUTO_TEST_CASE(an_ended_subscription_is_forgotten) {
  publish("e-1");
  hub.advance(100ms);
  BOOST_CHECK_EQUAL(attempts().size(), 1U);
  auto ended = subscription_of("s-1", {"{urn:a}x"});
  ended.state = SubscriptionState::ended;
  put({"subscription", "s-1", 0, to_json(ended, true)});
  hub.advance(5s);
  BOOST_CHECK(attempts().empty());
  BOOST_CHECK_EQUAL(attempts("s-2").size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_dead_letter_is_shown_and_delivered_again_when_it_is_ordered) {
  fail_once();
  const auto dead = dead_letters();
  BOOST_REQUIRE_EQUAL(dead.size(), 1U);
  BOOST_CHECK_EQUAL(dead[0].number, 1U);
  BOOST_CHECK_EQUAL(dead[0].attempts, 1U);
  BOOST_CHECK_EQUAL(dead[0].answer, "HTTP 400: no");
  const auto delivered = plugin.delivered.size();
  BOOST_CHECK_EQUAL(redrive("s-1", {dead[0].id}).value_or(0), 1U);
  BOOST_CHECK_EQUAL(plugin.delivered.size(), delivered + 1);
  BOOST_CHECK(dead_letters().empty());
  BOOST_CHECK_EQUAL(dead_letters("s-2").size(), 1U);
  BOOST_CHECK_EQUAL(redrive("s-2", {}).value_or(0), 1U);
  BOOST_CHECK(dead_letters("s-2").empty());
}

BOOST_AUTO_TEST_CASE(dead_letters_of_another_subscription_are_not_redriven) {
  fail_once();
  const auto own = dead_letters("s-1").at(0).id;
  const auto others = dead_letters("s-2").at(0).id;
  const auto delivered = plugin.delivered.size();
  BOOST_CHECK((redrive("s-1", {own, others}).error().code == Code::notfound));
  BOOST_CHECK((redrive("s-1", {12345}).error().code == Code::notfound));
  BOOST_CHECK(
      (redrive("s-1", std::vector<std::int64_t>(101, own)).error().code == Code::nomoreroom));
  BOOST_CHECK_EQUAL(plugin.delivered.size(), delivered);
  BOOST_CHECK_EQUAL(dead_letters().size(), 1U);
}

BOOST_AUTO_TEST_CASE(how_late_events_come_is_measured_until_they_are_acknowledged) {
  plugin.holds_answers = true;
  publish("e-1");
  hub.advance(500ms);
  for (auto& done : std::exchange(plugin.held, {})) done(Attempt::retry("later"));
  BOOST_CHECK_EQUAL(records().lateness("s-1").count, 0U);
  plugin.holds_answers = false;
  hub.advance(5s);
  const auto late = records().lateness("s-1");
  BOOST_CHECK_EQUAL(late.count, 1U);
  BOOST_CHECK(late.max > 500ms && late.max < 6s);
  BOOST_CHECK_EQUAL(records().lateness("s-3").count, 0U);
}

BOOST_AUTO_TEST_SUITE_END()
