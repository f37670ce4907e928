// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "core/base/error.hpp"

namespace sense::bench {

// Runs a measurement in a process of its own, so that memory that others have given back does not
// count, and waits for it. The child does not outlive this process. Fails as the task does, or when
// no child can be started or it ends early. REQUIRES: this process has one thread.
[[nodiscard]] Result<std::vector<double>> in_child(
    const std::function<Result<std::vector<double>>()>& task);

}  // namespace sense::bench
