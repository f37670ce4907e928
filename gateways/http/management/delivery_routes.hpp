// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/http/message.hpp"
#include "gateways/api/delivery_records.hpp"
#include "gateways/http/management/owned_request.hpp"

// The attempts and dead letters of a subscription, for its owner (docs/http-gateway.md, "What
// became of deliveries"). Reactor thread only, as the records that they show.
namespace sense::http {

// {"deliveries": [...], "more": false}, of a query with after and limit.
void show_deliveries(const GatewayContext& context, const OwnedRequest& request,
                     const Respond& respond);
// {"dead-letters": [...], "more": false}, likewise.
void show_dead_letters(const GatewayContext& context, const OwnedRequest& request,
                       const Respond& respond);
// 202 {"orders": 2}.
void redrive_dead_letters(const GatewayContext& context, const OwnedRequest& request,
                          const Respond& respond);

}  // namespace sense::http
