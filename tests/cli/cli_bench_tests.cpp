// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/process.hpp"

using namespace sense::test;

// `sense bench bus` from outside: what it prints, and that nothing of it stays behind.
BOOST_AUTO_TEST_SUITE(cli_bench_tests)

namespace {

namespace fs = std::filesystem;

struct BenchFixture {
  TempFolder data;
  TempFolder peers;

  [[nodiscard]] std::vector<std::string> words(const std::string& figure) const {
    return {"bench",  "bus",       "--quick",  "--runs", "1",       "--json",
            "--data", data.path(), "--figure", figure,   "--peers", peers.path()};
  }
  // A program in place of a peer.
  void have(const std::string& name, const std::string& script) const {
    const auto file = peers.write(name, "#!/bin/sh\n" + script + "\n");
    BOOST_REQUIRE(::chmod(file.c_str(), 0700) == 0);
  }
};

// Whether a process works in the folder or below it.
bool process_works_in(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const auto place = fs::read_symlink(entry.path() / "cwd", ignored).string();
    if (place.starts_with(fs::canonical(folder).string())) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(http_figures_are_measured_with_a_gateway_of_their_own) {
  const TempFolder data;
  const auto outcome =
      run_sense({"bench", "http", "--quick", "--runs", "1", "--json", "--data", data.path()});
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  std::map<std::string, nlohmann::json> figures;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    const auto figure = nlohmann::json::parse(line);
    figures[figure["figure"]] = figure;
  }
  for (const auto* name : {"publish_single", "publish_batch", "sse_10k_reach", "sse_memory"})
    BOOST_CHECK_MESSAGE(figures[name]["value"].get<double>() > 0, name);
  BOOST_CHECK_GT(figures["publish_single"]["peer_value"].get<double>(), 0);
  BOOST_CHECK(!process_works_in(data.path()));
}

BOOST_AUTO_TEST_CASE(figure_is_one_line_and_a_missing_peer_is_null) {
  const BenchFixture bench;
  const auto outcome = run_sense(bench.words("sync_publish_vs_jetstream"));
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_EQUAL(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
  const auto line = nlohmann::json::parse(outcome.out);
  BOOST_CHECK_EQUAL(line["figure"], "sync_publish_vs_jetstream");
  BOOST_CHECK_GT(line["value"].get<double>(), 0);
  BOOST_CHECK_EQUAL(line["unit"], "events/s");
  BOOST_CHECK_EQUAL(line["peer"], "jetstream");
  BOOST_CHECK(line["peer_value"].is_null());
  BOOST_CHECK(line["ratio"].is_null());
  BOOST_CHECK_EQUAL(line["runs"], 1);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "without jetstream"), outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "tests/bench/packages.txt"), outcome.err);
  BOOST_CHECK(fs::is_empty(bench.data.path()));
  BOOST_CHECK(!process_works_in(bench.data.path()));
}

BOOST_AUTO_TEST_CASE(peer_is_measured_in_the_same_run) {
  const BenchFixture bench;
  bench.have("jetstream", R"(echo '{"seconds": 2, "acknowledged": 2000, "received": []}')");
  const auto outcome = run_sense(bench.words("sync_publish_vs_jetstream"));
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const auto line = nlohmann::json::parse(outcome.out);
  BOOST_CHECK_EQUAL(line["peer_value"], 1000);
  BOOST_TEST(line["ratio"].get<double>() == line["value"].get<double>() / 1000,
             boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(stopped_subscriber_catches_up_and_everything_is_replayed) {
  const BenchFixture bench;
  const auto outcome = run_sense({"bench", "system", "kind=stalled", "events=2000", "subscribers=3",
                                  "folder=" + bench.data.path().string()});
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const auto line = nlohmann::json::parse(outcome.out);
  BOOST_CHECK(line["received"] == (std::vector{2000, 2000}));
  BOOST_CHECK_EQUAL(line["acknowledged"], 2000);
  BOOST_CHECK_GT(line["server_rss"].get<double>(), 0);
  BOOST_CHECK_GT(line["replay_seconds"].get<double>(), 0);
}

BOOST_AUTO_TEST_CASE(peer_that_fails_is_named) {
  const BenchFixture bench;
  bench.have("jetstream", "exit 3");
  const auto outcome = run_sense(bench.words("sync_publish_vs_jetstream"));
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK(outcome.out.empty());
  BOOST_CHECK_MESSAGE(contains(outcome.err, "jetstream ended with exit code 3"), outcome.err);
}

BOOST_AUTO_TEST_CASE(peer_that_prints_nonsense_is_an_error) {
  const BenchFixture bench;
  bench.have("jetstream", "echo nonsense");
  const auto outcome = run_sense(bench.words("sync_publish_vs_jetstream"));
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "no outcome, but: nonsense"), outcome.err);
}

BOOST_AUTO_TEST_CASE(interrupt_takes_everything_away) {
  const BenchFixture bench;
  Running running(bench.words("replay_rate"));
  BOOST_REQUIRE(eventually([&] { return process_works_in(bench.data.path()); }));
  running.signal(SIGINT);
  const auto outcome = running.finish();
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK(outcome.out.empty());
  BOOST_CHECK_MESSAGE(contains(outcome.err, "stopped before the end"), outcome.err);
  BOOST_CHECK(fs::is_empty(bench.data.path()));
  BOOST_CHECK(eventually([&] { return !process_works_in(bench.data.path()); }));
}

BOOST_AUTO_TEST_CASE(subscribing_is_measured_with_a_broker_and_a_gateway_of_its_own) {
  const BenchFixture bench;
  for (const std::string figure : {"subscribe_latency_p99", "subscribe_remembered_rate"}) {
    const auto outcome = run_sense({"bench", "engine", "--quick", "--runs", "1", "--json", "--data",
                                    bench.data.path(), "--figure", figure});
    BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    BOOST_CHECK_EQUAL(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
    const auto line = nlohmann::json::parse(outcome.out);
    BOOST_CHECK_EQUAL(line["figure"], figure);
    BOOST_CHECK_GT(line["value"].get<double>(), 0);
    BOOST_CHECK_EQUAL(line["runs"], 1);
    BOOST_CHECK_MESSAGE(contains(outcome.err, "run 1 of 1"), outcome.err);
    BOOST_CHECK(fs::is_empty(bench.data.path()));
    BOOST_CHECK(!process_works_in(bench.data.path()));
  }
}

BOOST_AUTO_TEST_CASE(measurement_that_cannot_be_made_says_why) {
  const BenchFixture bench;
  const auto outcome =
      run_sense({"bench", "engine", "--quick", "--runs", "1", "--data", bench.data.path(),
                 "--plugins", bench.peers.path(), "--figure", "subscribe_rate"});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK(outcome.out.empty());
  BOOST_CHECK_MESSAGE(contains(outcome.err, "gateway-http.so"), outcome.err);
  BOOST_CHECK(fs::is_empty(bench.data.path()));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_measured_is_bad_usage) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"bench"},
                                             {"bench", "bus", "--figure", "speed"},
                                             {"bench", "bus", "--runs", "0"},
                                             {"bench", "bus", "--transport", "udp"},
                                             {"bench", "engine", "--figure", "speed"},
                                             {"bench", "engine", "--runs", "0"},
                                             {"bench", "contestant", "events=none"}}) {
    const auto outcome = run_sense(words);
    BOOST_CHECK_MESSAGE(outcome.code == 2, words.back());
    BOOST_CHECK(outcome.out.empty());
  }
}

BOOST_AUTO_TEST_CASE(table_that_cannot_be_written_is_said_before_measuring) {
  const BenchFixture bench;
  auto words = bench.words("replay_rate");
  words.insert(words.end(), {"--table", "/nowhere/at/all.md"});
  const auto outcome = run_sense(words);
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK_EQUAL(outcome.err,
                    "sense: /nowhere/at/all.md cannot be written: is its folder there?\n");
}

BOOST_AUTO_TEST_SUITE_END()
