// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateways/host/engine/engine.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// Completes a delivery for the plugin: loads the events that the engine has released, makes the
// event of a digest, and removes `audience` and `except`. Fails with notfound or protoerror when an
// event is lost, with another code when the store cannot be read at present; some events may be
// loaded then. The store's thread; blocks while it reads.
[[nodiscard]] Status load_payload(Engine::Deliver& deliver, GatewayStore& store, WallTime now);

// The outcome of a delivery whose payload could not be loaded: rejected when the event is lost.
[[nodiscard]] Attempt failed_load_outcome(const Error& error);

}  // namespace sense
