// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gateways/api/retry_defaults.hpp"
#include "gateways/email/email_gateway.hpp"

namespace sense::email {

namespace {

using namespace std::chrono_literals;

// Relays hold back a sender that they do not know for some minutes.
constexpr std::array<Scheme, 1> schemes = {{{"mailto",
                                             {.latency = {10ms, 30min},
                                              .digest_latency = Bounds{10ms, 30min},
                                              .intermediation = Intermediation::store_and_forward,
                                              .acknowledgement = Acknowledgement::relay,
                                              .payload_max = Event::data_length_max}}}};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "email",
    "Delivers events as mail, by a relay or into maildir folders.",
    schemes,
    email_options(),
    {remote_retry_seconds, 4},
    &make_email_gateway,
    &check_email,
};

}  // namespace

}  // namespace sense::email

SENSE_GATEWAY(sense::email::descriptor)
