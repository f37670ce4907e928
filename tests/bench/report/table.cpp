// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"
#include "tests/bench/report/report.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

constexpr auto missing = "–";

std::string row_of(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const auto& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

// One paragraph, as documents are wrapped.
std::string paragraph(const std::string& text) {
  constexpr std::size_t width = 100;
  std::string wrapped;
  std::size_t column = 0;
  for (const auto word : split(text, ' ')) {
    const bool fits = column + word.size() < width;
    if (column > 0) wrapped += fits ? " " : "\n";
    column = column > 0 && fits ? column + 1 + word.size() : word.size();
    wrapped += word;
  }
  return wrapped + "\n";
}

// Numbers to the right.
std::string head_of(const std::vector<std::string>& cells, std::size_t texts) {
  std::string rule = "|";
  for (std::size_t i = 0; i < cells.size(); ++i) rule += i < texts ? "---|" : "---:|";
  return row_of(cells) + rule + "\n";
}

std::string with_loss(const std::string& text, std::uint64_t lost) {
  return lost == 0 ? text : text + " (lost " + shown_count(lost) + ")";
}

std::string caption(const Report& report, const std::string& how) {
  const auto& machine = report.machine;
  auto text = paragraph("Measured on " + report.date + ": " + machine.processor + ", " +
                        std::to_string(machine.cores) + " cores, " + machine.kernel + ", data on " +
                        machine.disk + "; " + how);
  if (report.quick) text += "\n**Measured with --quick: these figures only show that it runs.**\n";
  return text;
}

// "0.775 (0.74 to 0.81)": the range of more runs than one.
std::string with_range(const std::optional<double>& number, const std::optional<double>& least,
                       const std::optional<double>& greatest) {
  if (!number || !least || !greatest || *least == *greatest) return shown(number);
  return shown(number) + " (" + shown(least) + " to " + shown(greatest) + ")";
}

std::string named(const Comparison& comparison) {
  if (comparison.name.empty()) return missing;
  return comparison.name + " " + shown(comparison.value);
}

std::string headline(const std::vector<Metric>& metrics) {
  auto text = "\n" + head_of({"Figure", "Unit", "SENSE", "Peer", "Ratio", "Limit of the machine",
                              "Of it", "Runs"},
                             2);
  for (const auto& metric : metrics)
    text += row_of({"`" + metric.name + "`", metric.unit,
                    with_range(metric.value, metric.least, metric.greatest), named(metric.peer),
                    with_range(metric.peer.ratio, metric.peer.least, metric.peer.greatest),
                    named(metric.limit), shown(metric.limit.ratio), std::to_string(metric.runs)});
  return text;
}

std::string throughput(const Matrix& matrix) {
  std::vector<std::string> head{"Octets", "Subscribers"};
  head.insert(head.end(), matrix.systems.begin(), matrix.systems.end());
  auto text = "\nEvents a second at each subscriber; what did not arrive is counted.\n\n" +
              head_of(head, 0);
  for (const auto& row : matrix.throughput) {
    std::vector<std::string> cells{shown_count(row.octets), std::to_string(row.subscribers)};
    for (const auto& cell : row.cells)
      cells.push_back(cell.rates.empty() ? missing
                                         : with_loss(shown(median(cell.rates)), cell.lost));
    text += row_of(cells);
  }
  return text;
}

std::string latency(const Matrix& matrix) {
  std::vector<std::string> head{"Load"};
  head.insert(head.end(), matrix.systems.begin(), matrix.systems.end());
  auto text =
      "\n" +
      paragraph(
          "Latency p50 / p99 in milliseconds, from when each event was due, at a share of what the "
          "system carried at most, which is the number of events a second behind it.") +
      "\n" + head_of(head, 0);
  for (const auto& row : matrix.latency) {
    std::vector<std::string> cells{std::to_string(row.percent) + " %"};
    for (const auto& cell : row.cells)
      cells.push_back(cell.p50.empty()
                          ? missing
                          : with_loss(shown(median(cell.p50)) + " / " + shown(median(cell.p99)) +
                                          " at " + shown_count(cell.rate),
                                      cell.lost));
    text += row_of(cells);
  }
  return text;
}

constexpr auto promises =
    "SENSE: acknowledged and synced, nothing missed by a subscriber that follows; it is such a "
    "follower that receives, or, as sense_gateway, a client of a SENSE/1 gateway that acknowledges "
    "each event. zmq_proxy, nats, mosquitto_qos0: neither stored nor acknowledged. jetstream: "
    "acknowledged when written to a file, not synced; ordered consumers. mosquitto_qos1: "
    "acknowledged, not stored. bare_tcp: octets through one program, nothing stored. "
    "bare_fdatasync: the same, but what has arrived together is written and synced before it goes "
    "on.";

// What makes a ratio better than an event alone would: said beside it.
constexpr auto batches =
    "In batches, except with one event outstanding: SENSE's publisher sends up to 2,000 events in "
    "a "
    "message, and the broker stores, syncs, answers and passes on what has arrived together; the "
    "bare ones write and read 64 KiB and more at a time. One by one: zmq_proxy's, nats', "
    "jetstream's and mosquitto's events are a message each, which their libraries may write "
    "together.";

}  // namespace

std::string to_markdown(const Report& report) {
  auto text = caption(report,
                      "everything on this one machine, over loopback, 256 octets of data unless "
                      "said; SENSE over " +
                          report.transport +
                          "://. Medians; a ratio is the median of the ratios of runs side by "
                          "side.");
  if (!report.metrics.empty()) text += headline(report.metrics);
  if (report.matrix) text += throughput(*report.matrix) + latency(*report.matrix);
  text += "\n" + paragraph(promises) + "\n" + paragraph(batches);
  for (const auto& [name, why] : report.absent)
    text += "\n" + paragraph("Without " + name + ": " + why + ".");
  return text;
}

std::string metrics_to_markdown(const Report& report) {
  auto text = caption(report,
                      "everything on this one machine. Medians. The engine's times are processor "
                      "time, those of `subscribe_...` time of a clock; a range is that of all "
                      "runs.") +
              headline(report.metrics);
  return text;
}

}  // namespace sense::bench
