// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gateways/email/email_gateway.hpp"

namespace sense::email {

namespace {

constexpr std::array<std::string_view, 1> schemes = {"mailto"};

constexpr std::uint32_t minute = 60;
constexpr std::uint32_t hour = 60 * minute;
constexpr std::array<std::uint32_t, 9> retry_seconds = {
    5, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "email",
    "Delivers events as mail, by a relay or into maildir folders.",
    schemes,
    email_options(),
    {"minutes", "source", "hop", Event::data_length_max},
    {retry_seconds, 4},
    &make_email_gateway,
    &check_email,
};

}  // namespace

}  // namespace sense::email

SENSE_GATEWAY(sense::email::descriptor)
