// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "core/base/clock.hpp"

namespace sense {

// An HTTP-date in any of its three forms (RFC 9110 section 5.6.7); nothing when it is none. As
// libcurl reads dates, some others are taken, too. Pure; any thread.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace sense
