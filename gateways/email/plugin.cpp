// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gateways/api/retry_defaults.hpp"
#include "gateways/email/email_gateway.hpp"

namespace sense::email {

namespace {

constexpr std::array<std::string_view, 1> schemes = {"mailto"};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "email",
    "Delivers events as mail, by a relay or into maildir folders.",
    schemes,
    email_options(),
    {"minutes", "source", "hop", Event::data_length_max},
    {remote_retry_seconds, 4},
    &make_email_gateway,
    &check_email,
};

}  // namespace

}  // namespace sense::email

SENSE_GATEWAY(sense::email::descriptor)
