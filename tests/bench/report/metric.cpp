// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report/metric.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "core/base/check.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

nlohmann::ordered_json or_null(const std::optional<double>& number) {
  if (!number) return nullptr;
  return *number;
}

std::pair<double, double> range_of(const std::vector<double>& values) {
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  return {*least, *greatest};
}

Comparison compared(const std::vector<double>& values, const Beside& beside) {
  Comparison comparison{beside.name, {}, {}, {}, {}};
  if (!beside.values.empty()) comparison.value = median(beside.values);
  if (values.empty() || beside.values.empty()) return comparison;
  SENSE_CHECK(values.size() == beside.values.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (beside.values[i] > 0) ratios.push_back(values[i] / beside.values[i]);
  if (ratios.empty()) return comparison;
  comparison.ratio = median(ratios);
  std::tie(comparison.least, comparison.greatest) = range_of(ratios);
  return comparison;
}

nlohmann::ordered_json name_or_null(const std::string& name) {
  if (name.empty()) return nullptr;
  return name;
}

}  // namespace

bool MetricOptions::has(std::string_view name) const {
  return metrics.empty() || std::find(metrics.begin(), metrics.end(), name) != metrics.end();
}

Metric make_metric(std::string name, std::string unit, const std::vector<double>& values,
                   const Beside& peer, const Beside& limit) {
  Metric metric;
  metric.name = std::move(name);
  metric.unit = std::move(unit);
  metric.runs = static_cast<unsigned>(values.size());
  if (!values.empty()) {
    metric.value = median(values);
    std::tie(metric.least, metric.greatest) = range_of(values);
  }
  metric.peer = compared(values, peer);
  metric.limit = compared(values, limit);
  return metric;
}

std::string to_json(const Metric& metric) {
  nlohmann::ordered_json line{{"figure", metric.name},
                              {"value", or_null(metric.value)},
                              {"least", or_null(metric.least)},
                              {"greatest", or_null(metric.greatest)},
                              {"unit", metric.unit},
                              {"peer", name_or_null(metric.peer.name)},
                              {"peer_value", or_null(metric.peer.value)},
                              {"ratio", or_null(metric.peer.ratio)},
                              {"ratio_least", or_null(metric.peer.least)},
                              {"ratio_greatest", or_null(metric.peer.greatest)},
                              {"limit", name_or_null(metric.limit.name)},
                              {"limit_value", or_null(metric.limit.value)},
                              {"of_limit", or_null(metric.limit.ratio)},
                              {"runs", metric.runs}};
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
