// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/http/message.hpp"
#include "gateways/api/gateway.hpp"

namespace sense::http {

// POST /v1/events (docs/http-gateway.md, "Publish an event"): one event, or a batch, whose events
// are handed to the broker together and answered each, in order. Responds once all are on stable
// storage or refused. With the header Idempotency-Key events without an id get one that is made of
// the key and the client, so that the same request again stores nothing twice. Reactor thread only.
void publish_events(ClientServices& clients, const ServedClient& client, const Request& request,
                    WallTime now, Respond respond);

}  // namespace sense::http
