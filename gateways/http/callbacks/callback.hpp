// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/egress/transfer.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/http/callbacks/signature.hpp"

// A delivery as an HTTP request, and what its response means. Pure functions.
namespace sense::http {

// A subscription with this edition gets structured mode; every other gets binary mode.
inline constexpr std::string_view structured_edition = "application/cloudevents+json";
// With this one batch mode: the events of a digest as one array, and a single one in an array.
inline constexpr std::string_view batch_edition = "application/cloudevents-batch+json";
// The attribute of an event in a batch that has its number.
inline constexpr std::string_view number_attribute = "sensenumber";

// In the edition of its subscription.
[[nodiscard]] HttpRequest callback_request(const Delivery& delivery, const Signing& signing);
[[nodiscard]] HttpRequest request_in_edition(const Delivery& delivery, std::string_view edition,
                                             const Signing& signing);

// docs/http-gateway.md, "What the callback's answer means".
[[nodiscard]] Attempt outcome_of(const Result<TransferReply>& reply, WallTime now);

}  // namespace sense::http
