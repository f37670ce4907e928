// SPDX-License-Identifier: Apache-2.0
#include "gateways/api/gateway.hpp"

namespace {

const sense::GatewayDescriptor descriptor = {
    sense::gateway_abi, "another", "Not the name of its file.", {}, {}, {}, nullptr};

}  // namespace

SENSE_GATEWAY(descriptor)
