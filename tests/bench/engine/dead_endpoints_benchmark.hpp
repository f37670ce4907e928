// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/error.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// By how much, in percent, the p99 of web hooks that live grows while as many others are dead: from
// the publish of an event until its hook has it. Starts a broker and an HTTP gateway in a folder of
// their own below options.data, and a thousand web hooks, each at an address of its own in
// 127.0.0.0/8; measures; closes half of them, and takes their ports, so that connections are taken
// and never answered; and measures again. Says both on standard error. Fails when an event for a
// living one does not arrive. In a process that has one thread, and none when it is done; looks for
// SIGINT and SIGTERM itself.
[[nodiscard]] Result<double> dead_endpoints_growth(const MetricOptions& options);

}  // namespace sense::bench
