// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

// URLs of whole events that did not fit into a datagram (`Fetch`). Such a URL of the HTTP gateway
// is a capability: possession authorises reading that one event until the URL expires, and making
// one takes the secret that the two gateways share. Pure functions.
namespace sense::datagram {

// "/v1/events/88120?expires=1763802900&mac=..."
[[nodiscard]] std::string fetch_path(std::uint64_t sequence, WallTime expires,
                                     std::string_view secret);

// Whether `query`, the text after the question mark, is valid for that event and not expired.
[[nodiscard]] bool may_fetch(std::uint64_t sequence, std::string_view query,
                             std::string_view secret, WallTime now);

}  // namespace sense::datagram
