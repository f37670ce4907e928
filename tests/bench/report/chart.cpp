// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>

#include "tests/bench/report/report.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

constexpr std::size_t charted_octets = 256;
constexpr int width = 780;
constexpr int top = 56;
constexpr int row_height = 34;
constexpr int bar_height = 20;
constexpr int bars_at = 170;
constexpr int bar_max = 330;
// Readable on white and on black alike.
constexpr auto text_colour = "#7d8590";
constexpr auto ours_colour = "#2f81f7";
constexpr auto peer_colour = "#9aa4b0";

struct Bar {
  std::string name;
  double value = 0;
};

std::string promise_of(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, const char*>, 4> known{{
      {sense_name, "acknowledged, synced"},
      {"jetstream_sync_always", "acknowledged, synced"},
      {"jetstream", "acknowledged, not synced"},
      {"mosquitto_qos1", "acknowledged, not stored"},
  }};
  const auto* found = std::find_if(known.begin(), known.end(),
                                   [&](const auto& each) { return each.first == name; });
  return found == known.end() ? "not acknowledged" : found->second;
}

std::vector<Bar> bars_of_matrix(const Matrix& matrix) {
  std::vector<Bar> bars;
  for (const auto& row : matrix.throughput) {
    if (row.octets != charted_octets || row.subscribers != 1) continue;
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      if (!row.cells[i].rates.empty())
        bars.push_back({matrix.systems[i], median(row.cells[i].rates)});
  }
  return bars;
}

// From the metrics of durable throughput, when there is no matrix.
std::vector<Bar> bars_of_metrics(const std::vector<Metric>& metrics) {
  std::vector<Bar> bars;
  for (const auto& metric : metrics) {
    if (!metric.name.starts_with("durable_throughput_vs_") || !metric.value) continue;
    if (bars.empty()) bars.push_back({sense_name, *metric.value});
    if (metric.peer_value) bars.push_back({metric.peer, *metric.peer_value});
  }
  return bars;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else
      safe += c;
  }
  return safe;
}

std::string text_at(int x, int y, const char* attributes, const std::string& text) {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" fill=\"" +
         text_colour + "\"" + attributes + ">" + escaped(text) + "</text>\n";
}

std::string drawn(const Bar& bar, double most, int y) {
  const auto length = std::max(1, static_cast<int>(bar.value / most * bar_max));
  const bool ours = bar.name == sense_name;
  const auto middle = y + bar_height - 5;
  return text_at(bars_at - 10, middle,
                 ours ? " text-anchor=\"end\" font-weight=\"bold\"" : " text-anchor=\"end\"",
                 bar.name) +
         "<rect x=\"" + std::to_string(bars_at) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
         std::to_string(length) + "\" height=\"" + std::to_string(bar_height) +
         "\" rx=\"3\" fill=\"" + (ours ? ours_colour : peer_colour) + "\"/>\n" +
         text_at(bars_at + length + 8, middle, "", shown(bar.value) + " · " + promise_of(bar.name));
}

}  // namespace

std::string to_svg(const Report& report) {
  auto bars = report.matrix ? bars_of_matrix(*report.matrix) : bars_of_metrics(report.metrics);
  std::erase_if(bars, [](const Bar& bar) { return bar.value <= 0; });
  if (bars.empty()) return {};
  std::stable_sort(bars.begin(), bars.end(),
                   [](const Bar& left, const Bar& right) { return left.value > right.value; });
  const auto height = top + row_height * static_cast<int>(bars.size()) + 30;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(width) +
                    "\" height=\"" + std::to_string(height) + "\" viewBox=\"0 0 " +
                    std::to_string(width) + " " + std::to_string(height) +
                    "\" font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n"
                    "<title>Events a second, from a publisher to one subscriber</title>\n";
  svg += text_at(10, 24, " font-size=\"16\" font-weight=\"bold\"",
                 "Events a second, 256 octets, one publisher to one subscriber");
  int y = top;
  for (const auto& bar : bars) {
    svg += drawn(bar, bars.front().value, y);
    y += row_height;
  }
  svg += text_at(10, height - 12, " font-size=\"11\"",
                 report.machine.processor + ", " + std::to_string(report.machine.cores) +
                     " cores, " + report.machine.disk + ", " + report.date);
  return svg + "</svg>\n";
}

}  // namespace sense::bench
