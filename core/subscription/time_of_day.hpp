// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

// A time of day in UTC as text, "18:00". Pure functions; any thread.
namespace sense {

// Whole minutes since midnight. Fails with badparam.
[[nodiscard]] Result<Duration> parse_time_of_day(std::string_view text);
[[nodiscard]] std::string time_of_day(Duration since_midnight);

}  // namespace sense
