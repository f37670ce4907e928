// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// The names that may be asked for.
[[nodiscard]] std::span<const std::string_view> engine_metric_names();

// Whether a metric that was asked for says something about a disk.
[[nodiscard]] bool needs_disk(const MetricOptions& options);

// Measures in this process's children, each run in a new one, and says on standard error what came
// of each. The delivery engine alone, without broker, plugin and disk, never waits for anything, so
// processor time is what counts there: metrics stay the same while others use the machine, too.
// What begins with "subscribe_" is the way of a subscription through broker, gateway, callback and
// disk, and takes the time of a clock (subscribe_benchmark.hpp). In a process that has one thread.
[[nodiscard]] Result<std::vector<Metric>> measure_engine(const MetricOptions& options);

}  // namespace sense::bench
