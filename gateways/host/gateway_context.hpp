// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/config/settings.hpp"

// Parts of the GatewayContext.
namespace sense {

using EventLoader = std::function<void(std::uint64_t, std::function<void(Result<EventRef>)>)>;

// Loads single events of the journal by sequence. The bus must outlive the result.
[[nodiscard]] EventLoader events_by_sequence(JournalReader& bus);

// The parameters of the service that clients may see: of the host, then of the plugin.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> shown_parameters(
    const Settings& host, const Settings& plugin);

}  // namespace sense
