// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/bench/report/report.hpp"

using namespace sense::bench;

BOOST_AUTO_TEST_SUITE(bench_report_tests)

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Report small_report() {
  Report report;
  report.date = "2026-11-21";
  report.machine = {"Fast & <Furious> CPU", 2, "Linux 6.1", "ext4 on vda"};
  report.transport = "ipc";
  report.metrics = {make_metric("durable_throughput_vs_zmq_proxy", "events/s", {600'000},
                                {"zmq_proxy", {800'000}}, {"bare_tcp", {1'200'000}}),
                    make_metric("latency_10k_p50", "ms", {0.31})};
  return report;
}

Matrix small_matrix() {
  Matrix matrix;
  matrix.systems = {sense_name, "nats", "mosquitto_qos0"};
  matrix.runs = 3;
  matrix.throughput = {{256, 1, {{{400, 500, 600}, 0}, {{1000, 1000, 1000}, 12'345}, {{}, 0}}}};
  matrix.latency = {{50, {{250, {1, 2, 3}, {4, 5, 6}, 0}, {500, {2, 2, 2}, {9, 9, 9}, 1}, {}}}};
  return matrix;
}

// Every row of a table has as many cells as its head.
void is_well_formed(const std::string& markdown) {
  std::size_t cells = 0, from = 0;
  for (auto to = markdown.find('\n'); to != std::string::npos; to = markdown.find('\n', from)) {
    const auto line = markdown.substr(from, to - from);
    from = to + 1;
    const auto bars = static_cast<std::size_t>(std::count(line.begin(), line.end(), '|'));
    BOOST_CHECK_MESSAGE((bars == 0 || cells == 0 || bars == cells), line);
    cells = bars;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(table_names_the_machine_and_every_figure) {
  const auto table = to_markdown(small_report());
  is_well_formed(table);
  for (const auto* part : {"2026-11-21", "Furious", "2 cores", "Linux 6.1", "ext4 on vda", "ipc://",
                           "| `durable_throughput_vs_zmq_proxy` | events/s | 600,000 | zmq_proxy "
                           "800,000 | 0.750 | bare_tcp 1,200,000 | 0.500 | 1 |",
                           "| `latency_10k_p50` | ms | 0.310 | – | – | – | – | 1 |"})
    BOOST_CHECK_MESSAGE(contains(table, part), part);
  BOOST_CHECK(!contains(table, "--quick"));
}

BOOST_AUTO_TEST_CASE(table_of_the_engine_shows_the_range_of_its_runs) {
  auto report = small_report();
  report.metrics = {make_metric("subscribe_latency", "ms", {4.5, 3.25, 5}),
                    make_metric("match_rate", "events/s", {1'000'000})};
  const auto table = metrics_to_markdown(report);
  is_well_formed(table);
  for (const auto* part :
       {"2026-11-21", "ext4 on vda",
        "| `subscribe_latency` | ms | 4.500 (3.250 to 5.000) | – | – | – | – | 3 |",
        "| `match_rate` | events/s | 1,000,000 | – | – | – | – | 1 |"})
    BOOST_CHECK_MESSAGE(contains(table, part), part);
}

BOOST_AUTO_TEST_CASE(quick_figures_say_that_they_are) {
  auto report = small_report();
  report.quick = true;
  BOOST_CHECK(contains(to_markdown(report), "--quick"));
}

BOOST_AUTO_TEST_CASE(matrix_shows_losses_and_what_was_not_there) {
  auto report = small_report();
  report.matrix = small_matrix();
  report.absent = {{"mosquitto_qos0", "not installed"}};
  const auto table = to_markdown(report);
  is_well_formed(table);
  for (const auto* part : {"| 256 | 1 | 500 | 1,000 (lost 12,345) | – |",
                           "| 50 % | 2.000 / 5.000 at 250 | 2.000 / 9.000 at 500 (lost 1) | – |",
                           "Without mosquitto_qos0: not installed."})
    BOOST_CHECK_MESSAGE(contains(table, part), part << " in " << table);
}

BOOST_AUTO_TEST_CASE(matrix_has_a_figure_and_a_loss_for_each_cell_and_peer) {
  const auto metrics = metrics_of(small_matrix());
  std::vector<std::string> names;
  for (const auto& metric : metrics) names.push_back(metric.name + "/" + metric.peer.name);
  const std::vector<std::string> wanted{"throughput_256B_1sub/nats",
                                        "throughput_256B_1sub_lost/nats",
                                        "throughput_256B_1sub/mosquitto_qos0",
                                        "throughput_256B_1sub_lost/mosquitto_qos0",
                                        "latency_50pct_p50/nats",
                                        "latency_50pct_p99/nats",
                                        "latency_50pct_lost/nats",
                                        "latency_50pct_p50/mosquitto_qos0",
                                        "latency_50pct_p99/mosquitto_qos0",
                                        "latency_50pct_lost/mosquitto_qos0"};
  BOOST_TEST(names == wanted, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(metrics[0].peer.ratio.value(), 0.5);
  BOOST_CHECK_EQUAL(metrics[1].value.value(), 0);
  BOOST_CHECK_EQUAL(metrics[1].peer.value.value(), 12'345);
  BOOST_CHECK(!metrics[2].peer.value);
  BOOST_CHECK(!metrics[3].peer.value);
}

BOOST_AUTO_TEST_CASE(prose_is_wrapped_at_100_columns_and_keeps_its_words) {
  auto report = small_report();
  report.matrix = small_matrix();
  report.absent = {{"mosquitto_qos0", std::string(120, 'x') + " is not there, " +
                                          std::string(60, 'y') + " " + std::string(60, 'z')}};
  std::istringstream lines(to_markdown(report));
  for (std::string line; std::getline(lines, line);)
    BOOST_CHECK_MESSAGE(
        line.starts_with('|') || line.size() <= 100 || line.find(' ') == std::string::npos, line);
  BOOST_CHECK(contains(to_markdown(report),
                       "Without mosquitto_qos0:\n" + std::string(120, 'x') + "\nis not there, "));
}

BOOST_AUTO_TEST_SUITE_END()
