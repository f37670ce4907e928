// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gateways/http/http_gateway.hpp"

namespace sense::http {

namespace {

constexpr std::array<std::string_view, 2> schemes = {"http", "https"};

constexpr std::uint32_t minute = 60;
constexpr std::uint32_t hour = 60 * minute;
constexpr std::array<std::uint32_t, 9> retry_seconds = {
    5, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "http",
    "Takes events and subscriptions by HTTP and delivers events to web hooks.",
    schemes,
    http_options(),
    {"milliseconds", "both", "end-to-end", Event::data_length_max},
    {retry_seconds, 8},
    &make_http_gateway,
    &http_listeners,
};

}  // namespace

}  // namespace sense::http

SENSE_GATEWAY(sense::http::descriptor)
