// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

// Where the whole of an event can be had that did not fit into a datagram (`Fetch`): a URL of the
// HTTP gateway that is itself the permission. Whoever has it may read that one event until it
// expires; without the secret, which the two gateways share, nobody can make one. Pure functions.
namespace sense::datagram {

// "/v1/events/88120?expires=1763802900&mac=..."
[[nodiscard]] std::string fetch_path(std::uint64_t sequence, WallTime expires,
                                     std::string_view secret);

// Whether this is the query of such a path for that event, and not expired. `query`: what follows
// the question mark.
[[nodiscard]] bool may_fetch(std::uint64_t sequence, std::string_view query,
                             std::string_view secret, WallTime now);

}  // namespace sense::datagram
