// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/bench/bus/bus_metrics.hpp"
#include "tests/bench/report/matrix.hpp"

namespace sense::bench {

// The rows: 64, 256, 1,024 and 65,536 octets to 1, 4 and 16 subscribers; then 10, 50 and 90 % of
// what each system carried of 256 octets to one. How often each is measured: 3 when options.runs
// is more.
[[nodiscard]] Result<Matrix> measure_matrix(Runner& runner, const BusOptions& options);

}  // namespace sense::bench
