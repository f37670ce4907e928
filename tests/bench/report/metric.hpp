// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sense::bench {

inline constexpr auto sense_name = "sense";

// How metrics were asked for.
struct MetricOptions {
  unsigned runs = 5;
  bool quick = false;
  std::string data = ".";            // on a disk
  std::string plugins;               // empty: those beside the executable
  std::vector<std::string> metrics;  // none: all
  [[nodiscard]] bool has(std::string_view name) const;
};

// What was measured beside a metric, run by run: a peer, or what the machine itself can do.
struct Beside {
  std::string name;  // empty: none
  std::vector<double> values = {};
};

// The same as numbers: its median, and of value / its value in each run the median, the least and
// the greatest.
struct Comparison {
  std::string name;
  std::optional<double> value;
  std::optional<double> ratio, least, greatest;
};

// One number that a benchmark answers, beside a peer's and the machine's limit where there are
// such.
struct Metric {
  std::string name;
  std::optional<double> value;  // nothing: it could not be measured here
  std::optional<double> least, greatest;
  std::string unit;
  Comparison peer;
  Comparison limit;
  unsigned runs = 0;
};

// The medians of what was measured side by side, run by run. REQUIRES: as many values of each, but
// for those that are not there.
[[nodiscard]] Metric make_metric(std::string name, std::string unit,
                                 const std::vector<double>& values, const Beside& peer = {},
                                 const Beside& limit = {});

// {"figure", "value", "least", "greatest", "unit", "peer", "peer_value", "ratio", "ratio_least",
// "ratio_greatest", "limit", "limit_value", "of_limit", "runs"}: what is not there is null.
[[nodiscard]] std::string to_json(const Metric& metric);

// As people read it: "812,345", "12.3", "0.312"; "–" for nothing.
[[nodiscard]] std::string shown(const std::optional<double>& number);
[[nodiscard]] std::string shown_count(std::uint64_t count);

}  // namespace sense::bench
