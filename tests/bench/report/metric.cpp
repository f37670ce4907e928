// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report/metric.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/base/check.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

nlohmann::ordered_json or_null(const std::optional<double>& number) {
  if (!number) return nullptr;
  return *number;
}

}  // namespace

bool MetricOptions::has(std::string_view name) const {
  return metrics.empty() || std::find(metrics.begin(), metrics.end(), name) != metrics.end();
}

Metric make_metric(std::string name, std::string unit, const std::vector<double>& values,
                   std::string peer, const std::vector<double>& peer_values) {
  Metric metric{std::move(name), {}, std::move(unit), std::move(peer), {}, {}, 0};
  metric.runs = static_cast<unsigned>(values.size());
  if (!values.empty()) metric.value = median(values);
  if (!peer_values.empty()) metric.peer_value = median(peer_values);
  if (values.empty() || peer_values.empty()) return metric;
  SENSE_CHECK(values.size() == peer_values.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (peer_values[i] > 0) ratios.push_back(values[i] / peer_values[i]);
  if (!ratios.empty()) metric.ratio = median(ratios);
  return metric;
}

std::string to_json(const Metric& metric) {
  nlohmann::ordered_json line{{"figure", metric.name},
                              {"value", or_null(metric.value)},
                              {"unit", metric.unit},
                              {"peer", nullptr},
                              {"peer_value", or_null(metric.peer_value)},
                              {"ratio", or_null(metric.ratio)},
                              {"runs", metric.runs}};
  if (!metric.peer.empty()) line["peer"] = metric.peer;
  return line.dump();
}

std::string shown(const std::optional<double>& number) {
  if (!number) return "–";
  const auto size = std::abs(*number);
  if (size >= 99.95)
    return (*number < 0 ? "-" : "") + shown_count(static_cast<std::uint64_t>(std::llround(size)));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", size >= 9.9995 ? 1 : 3, *number);
  return text.data();
}

std::string shown_count(std::uint64_t count) {
  const auto digits = std::to_string(count);
  std::string apart;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) apart += ',';
    apart += digits[i];
  }
  return apart;
}

}  // namespace sense::bench
