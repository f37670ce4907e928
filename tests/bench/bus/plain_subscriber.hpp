// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "core/base/error.hpp"
#include "core/bus/keys.hpp"

namespace sense::bench {

// A ZeroMQ SUB that knows nothing of SENSE: it counts messages and reads none. What it costs is the
// broker's sending alone, so that a crowd of them fits beside what is measured. Until killed.
[[nodiscard]] Status subscribe_plainly(const std::string& endpoint, const BusKeys& keys,
                                       const std::string& prefix,
                                       const std::function<void()>& on_message);

}  // namespace sense::bench
