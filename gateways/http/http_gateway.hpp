// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "core/config/settings.hpp"
#include "gateways/api/gateway.hpp"

namespace sense::http {

// The keys of this gateway in the configuration file.
[[nodiscard]] std::span<const Option> http_options();

// Where the gateway would listen, as GatewayDescriptor::check answers it; the table checks the
// rest.
[[nodiscard]] Result<std::vector<std::string>> http_listeners(const Settings& options);

// GatewayDescriptor::create. Fails when an option cannot be used; nothing listens before start().
[[nodiscard]] Result<std::unique_ptr<Gateway>> make_http_gateway(const Settings& options,
                                                                 GatewayContext& context);

}  // namespace sense::http
