// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/load_payload.hpp"

#include "core/event/recipients.hpp"
#include "gateways/host/engine/delivery_notices.hpp"

namespace sense {

namespace {

Status load(EventRef& event, std::uint64_t sequence, GatewayStore& store) {
  if (!event) {
    auto loaded = store.load_event(sequence);
    if (!loaded) return tl::unexpected(loaded.error());
    event = std::move(*loaded);
  }
  event = without_recipients(std::move(event));
  return {};
}

}  // namespace

Status load_payload(Engine::Deliver& deliver, GatewayStore& store, WallTime now) {
  auto& delivery = *deliver.delivery;
  if (delivery.kind != Delivery::Kind::digest) return load(delivery.event, deliver.sequence, store);
  for (auto& content : delivery.contents)
    if (auto status = load(content.event, content.sequence, store); !status) return status;
  delivery.event = digest_notice(delivery, now);
  return {};
}

Attempt failed_load_outcome(const Error& error) {
  const bool lost = error.code == Code::notfound || error.code == Code::protoerror;
  return lost ? Attempt::rejected(error.message) : Attempt::retry(error.message);
}

}  // namespace sense
