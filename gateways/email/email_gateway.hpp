// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "core/config/settings.hpp"
#include "gateways/api/gateway.hpp"

namespace sense::email {

// The keys of this gateway in the configuration file.
[[nodiscard]] std::span<const Option> email_options();

// What the options say together: GatewayDescriptor::check.
[[nodiscard]] Result<std::vector<std::string>> check_email(const Settings& options);

// GatewayDescriptor::create. Fails when neither smtp nor maildir is set, or an option cannot be
// used.
[[nodiscard]] Result<std::unique_ptr<Gateway>> make_email_gateway(const Settings& options,
                                                                  GatewayContext& context);

}  // namespace sense::email
