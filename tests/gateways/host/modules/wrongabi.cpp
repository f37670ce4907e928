// SPDX-License-Identifier: Apache-2.0
#include "gateways/api/gateway.hpp"

namespace {

// As a plugin of another version would be: only the first field means what this version thinks.
const sense::GatewayDescriptor descriptor = {
    "sense-gateway/0\n", nullptr, nullptr, {}, {}, {}, {}, nullptr};

}  // namespace

SENSE_GATEWAY(descriptor)
