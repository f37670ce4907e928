// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateways/host/engine/engine.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// Makes a delivery ready for a plugin: loads the events that the engine has released, writes the
// event of a digest, and takes away who else gets an event. Fails with notfound or protoerror when
// an event is lost, otherwise when the store cannot be read now.
[[nodiscard]] Status complete(Engine::Deliver& deliver, HostStore& store, WallTime now);

// What becomes of a delivery that failed so: an event that is lost will not come back.
[[nodiscard]] Attempt incomplete(const Error& error);

}  // namespace sense
