// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/report/machine.hpp"
#include "tests/bench/report/matrix.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// All that one `sense bench` found out. A plain value.
struct Report {
  std::string date;  // 2026-11-21
  Machine machine;
  std::string transport;  // SENSE's: "ipc" or "tcp"
  bool quick = false;
  std::vector<Metric> metrics;
  std::optional<Matrix> matrix;
  std::map<std::string, std::string> absent;  // why, by system
};

// As tables in Markdown, with what a reader has to know beside them; prose is wrapped at 100
// columns.
[[nodiscard]] std::string to_markdown(const Report& report);

// The report of `sense bench engine`, likewise.
[[nodiscard]] std::string metrics_to_markdown(const Report& report);

}  // namespace sense::bench
