// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/bench/harness/runner.hpp"

using namespace sense::bench;

BOOST_AUTO_TEST_SUITE(bench_workload_tests)

BOOST_AUTO_TEST_CASE(words_bring_back_the_workload) {
  Workload workload;
  workload.kind = Workload::Kind::latency;
  workload.events = 12'345;
  workload.octets = 1'024;
  workload.subscribers = 4;
  workload.rate = 10'000;
  workload.transport = Workload::Transport::curve;
  workload.receiver = Workload::Receiver::gateway;
  workload.stopped = 2;
  workload.folder = "/a folder/x=y";
  const auto back = parse_workload(to_words(workload));
  BOOST_REQUIRE(back);
  BOOST_TEST(to_words(*back) == to_words(workload), boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(back->folder, workload.folder);
}

BOOST_AUTO_TEST_CASE(words_that_mean_nothing_are_refused_by_name) {
  for (const auto* word :
       {"events", "events=", "events=0", "events=-1", "events=1x", "octets=15", "octets=1048577",
        "subscribers=65", "kind=fast", "transport=udp", "colour=red", "kind=latency",
        "rate=99999999999999999999", "receiver=mailbox", "stopped=1"}) {
    const auto workload = parse_workload({word});
    BOOST_TEST_CONTEXT(word) {
      BOOST_REQUIRE(!workload);
      BOOST_CHECK_NE(workload.error().message.find("workload"), std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(outcome_survives_its_line) {
  Outcome outcome;
  outcome.seconds = 1.5;
  outcome.acknowledged = 7;
  outcome.received = {7, 6};
  outcome.missed = {0, 5};
  outcome.p50 = 0.25;
  outcome.p99 = 2;
  outcome.server_rss = 64;
  outcome.replay_seconds = 3;
  const auto back = parse_outcome(to_json(outcome));
  BOOST_REQUIRE(back);
  BOOST_CHECK_EQUAL(back->seconds, 1.5);
  BOOST_CHECK_EQUAL(back->acknowledged, 7U);
  BOOST_TEST(back->received == outcome.received, boost::test_tools::per_element());
  BOOST_TEST(back->missed == outcome.missed, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(back->p50, 0.25);
  BOOST_CHECK_EQUAL(back->p99, 2);
  BOOST_CHECK_EQUAL(back->server_rss, 64);
  BOOST_CHECK_EQUAL(back->replay_seconds, 3);
  outcome.absent = "not here";
  BOOST_CHECK_EQUAL(parse_outcome(to_json(outcome))->absent, "not here");
}

BOOST_AUTO_TEST_CASE(line_that_is_no_outcome_is_an_error) {
  for (const auto* line : {"", "nonsense", "[1]", R"({"seconds":"fast"})", R"({"received":7})"})
    BOOST_CHECK_MESSAGE(!parse_outcome(line), line);
}

BOOST_AUTO_TEST_CASE(loss_is_counted_for_each_subscriber_and_repeats_do_not_make_up_for_it) {
  Workload workload;
  workload.events = 10;
  workload.subscribers = 3;
  Outcome outcome;
  outcome.received = {10, 7, 13};
  BOOST_CHECK_EQUAL(lost(workload, outcome), 3U);
}

BOOST_AUTO_TEST_CASE(rate_is_that_of_events_received_or_else_of_acknowledgements) {
  Outcome outcome;
  outcome.seconds = 2;
  outcome.acknowledged = 50;
  BOOST_CHECK_EQUAL(rate_of(outcome), 25);
  outcome.received = {100, 60};
  BOOST_CHECK_EQUAL(rate_of(outcome), 40);
  outcome.seconds = 0;
  BOOST_CHECK_EQUAL(rate_of(outcome), 0);
}

BOOST_AUTO_TEST_CASE(only_followers_must_get_everything_beside_a_stopped_one) {
  Workload workload;
  workload.subscribers = 16;
  BOOST_CHECK_EQUAL(followers(workload), 16U);
  workload.kind = Workload::Kind::stalled;
  BOOST_CHECK_EQUAL(followers(workload), 2U);
  workload.subscribers = 0;
  BOOST_CHECK_EQUAL(followers(workload), 0U);
}

BOOST_AUTO_TEST_CASE(those_that_are_stopped_are_not_awaited) {
  auto workload = parse_workload({"kind=latency", "rate=10", "subscribers=10", "stopped=9"});
  BOOST_REQUIRE(workload);
  BOOST_CHECK_EQUAL(followers(*workload), 1U);
  BOOST_CHECK(!parse_workload({"kind=latency", "rate=10", "subscribers=9", "stopped=9"}));
}

BOOST_AUTO_TEST_SUITE_END()
