// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/bus/keys.hpp"

namespace sense {

// The self-test of a CURVE listener: connects over the network, with its own context, by a key pair
// that is not in the access file. Succeeds when the key is refused; fails when the connection is
// accepted, and when there is no result within the timeout (noaccess). `role` as in bus::Listener.
// Blocks; any thread but the authenticator's, which answers it.
[[nodiscard]] Status check_listener(const std::string& endpoint, std::string_view role,
                                    const std::string& broker_key, const KeyPair& unknown_key,
                                    std::chrono::milliseconds timeout = std::chrono::seconds{3});

}  // namespace sense
