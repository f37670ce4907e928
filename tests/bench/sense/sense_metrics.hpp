// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// The names that may be asked for.
[[nodiscard]] std::span<const std::string_view> sense_metric_names();

// Measures the SENSE/1 gateway: events that are published on the bus, journalled, delivered as
// datagrams and acknowledged, beside sockets that carry as many octets and do nothing else. Starts
// a broker, a gateway and clients of its own in folders below `data`, one after the other, and says
// on standard error what came of each. In a process that has one thread.
[[nodiscard]] Result<std::vector<Metric>> measure_sense(const MetricOptions& options);

}  // namespace sense::bench
