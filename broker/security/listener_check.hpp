// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/bus/keys.hpp"

namespace sense {

// Tries to get in through a CURVE endpoint with a key pair that nobody knows, as a stranger would:
// with a context of its own, over the network. Succeeds when the stranger is told that the key is
// refused; fails when he is let in, and when there is no verdict in time. `role` as in bus::Door.
// Blocks for so long.
[[nodiscard]] Status check_door(const std::string& endpoint, std::string_view role,
                                const std::string& broker_key, const KeyPair& stranger,
                                std::chrono::milliseconds timeout = std::chrono::seconds{3});

}  // namespace sense
