// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gateways/api/retry_defaults.hpp"
#include "gateways/http/http_gateway.hpp"

namespace sense::http {

namespace {

constexpr std::array<std::string_view, 3> schemes = {"http", "https", "pull"};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "http",
    "Takes events and subscriptions by HTTP and delivers events to web hooks.",
    schemes,
    http_options(),
    {"milliseconds", "both", "end-to-end", Event::data_length_max},
    {remote_retry_seconds, 8},
    &make_http_gateway,
    &http_listeners,
};

}  // namespace

}  // namespace sense::http

SENSE_GATEWAY(sense::http::descriptor)
