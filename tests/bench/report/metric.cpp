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

bool FiguresWanted::has(std::string_view name) const {
  return figures.empty() || std::find(figures.begin(), figures.end(), name) != figures.end();
}

Figure make_figure(std::string name, std::string unit, const std::vector<double>& values,
                   std::string peer, const std::vector<double>& peer_values) {
  Figure figure{std::move(name), {}, std::move(unit), std::move(peer), {}, {}, 0};
  figure.runs = static_cast<unsigned>(values.size());
  if (!values.empty()) figure.value = median(values);
  if (!peer_values.empty()) figure.peer_value = median(peer_values);
  if (values.empty() || peer_values.empty()) return figure;
  SENSE_CHECK(values.size() == peer_values.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (peer_values[i] > 0) ratios.push_back(values[i] / peer_values[i]);
  if (!ratios.empty()) figure.ratio = median(ratios);
  return figure;
}

std::string to_json(const Figure& figure) {
  nlohmann::ordered_json line{{"figure", figure.name},
                              {"value", or_null(figure.value)},
                              {"unit", figure.unit},
                              {"peer", nullptr},
                              {"peer_value", or_null(figure.peer_value)},
                              {"ratio", or_null(figure.ratio)},
                              {"runs", figure.runs}};
  if (!figure.peer.empty()) line["peer"] = figure.peer;
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
