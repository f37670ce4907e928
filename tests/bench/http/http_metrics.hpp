// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// The names that may be asked for.
[[nodiscard]] std::span<const std::string_view> http_metric_names();

// Measures the HTTP gateway: events that are published and answered once they are stored, how soon
// an event reaches 10,000 streams, and callbacks. Starts a broker and a gateway of its own in a
// folder below `data`, and says on standard error what came of each run. In a process that has one
// thread.
[[nodiscard]] Result<std::vector<Metric>> measure_http(const MetricOptions& options);

}  // namespace sense::bench
