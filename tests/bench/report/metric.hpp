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

// One number that a benchmark answers, beside a peer's where there is one.
struct Metric {
  std::string name;
  std::optional<double> value;  // nothing: it could not be measured here
  std::string unit;
  std::string peer;  // empty: none
  std::optional<double> peer_value;
  std::optional<double> ratio;  // the median of value / peer_value in each run
  unsigned runs = 0;
};

// The medians of what was measured side by side, run by run. `peer` may be empty: not there.
// REQUIRES: as many of one as of the other, if both are not empty.
[[nodiscard]] Metric make_metric(std::string name, std::string unit,
                                 const std::vector<double>& values, std::string peer = {},
                                 const std::vector<double>& peer_values = {});

// {"figure", "value", "unit", "peer", "peer_value", "ratio", "runs"}: what is not there is null.
[[nodiscard]] std::string to_json(const Metric& metric);

// As people read it: "812,345", "12.3", "0.312"; "–" for nothing.
[[nodiscard]] std::string shown(const std::optional<double>& number);
[[nodiscard]] std::string shown_count(std::uint64_t count);

}  // namespace sense::bench
