// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gateways/api/retry_defaults.hpp"
#include "gateways/http/http_gateway.hpp"

namespace sense::http {

namespace {

using namespace std::chrono_literals;

constexpr Capabilities web_hook(Privacy privacy) {
  return {.latency = {1ms, 1s},
          .digest_latency = Bounds{1ms, 1s},
          .acknowledgement = Acknowledgement::subscriber,
          .privacy = privacy,
          .payload_max = Event::data_length_max};
}

// Signatures are those of Standard Webhooks. What waits for a client that asks less often than it
// has to renew its lease, if it asks for none in particular, is lost with its subscription.
constexpr std::array<Scheme, 3> schemes = {{
    {"http", web_hook(Privacy::signature)},
    {"https", web_hook(Privacy::tls)},
    {"pull",
     {.latency = {1ms, 1h},
      .initiator = Initiator::subscriber,
      .acknowledgement = Acknowledgement::subscriber,
      .privacy = Privacy::tls,
      .consent = Consent::implied,
      .payload_max = Event::data_length_max,
      .poll = Bounds{0s, 1h}}},
}};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "http",
    "Takes events and subscriptions by HTTP and delivers events to web hooks.",
    schemes,
    http_options(),
    {remote_retry_seconds, 8},
    &make_http_gateway,
    &http_listeners,
};

}  // namespace

}  // namespace sense::http

SENSE_GATEWAY(sense::http::descriptor)
