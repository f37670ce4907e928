// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/config/settings.hpp"

// Two of the things that a plugin is given (GatewayContext).
namespace sense {

using EventAt = std::function<void(std::uint64_t, std::function<void(Result<EventRef>)>)>;

// Single events of the journal, by their sequence. The bus must outlive what it answers.
[[nodiscard]] EventAt events_by_sequence(Bus& bus);

// All parameters of the service that clients may see: the host's, then the plugin's.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> shown_parameters(
    const Settings& host, const Settings& plugin);

}  // namespace sense
