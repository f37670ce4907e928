// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/http/message.hpp"
#include "core/registry/ended_subscriptions.hpp"
#include "core/registry/management_change.hpp"
#include "core/registry/subscriptions.hpp"
#include "gateways/api/delivery_records.hpp"

// What the paths of docs/http-gateway.md answer, as JSON unless another form is named. Pure
// functions; any thread.
namespace sense::http {

// 202.
[[nodiscard]] Response published_response(const std::string& id, const Receipt& receipt);
// What became of one event of a batch.
struct PublishedEvent {
  std::string id;  // "": it could not be read
  Result<Receipt> receipt = tl::unexpected(Error{});
};
// {"results": [...]}, in the order of the events: 202 when all are stored, else 207; of each that
// is not the members of its problem.
[[nodiscard]] Response batch_response(const std::vector<PublishedEvent>& results);
[[nodiscard]] Response tested_response(const Receipt& receipt);

// The event in binary mode; 304 when the client has it already.
[[nodiscard]] Response event_response(const Event& event, std::string_view if_none_match = {});

// Without secrets, and with what its delivery options cost; the revision is the ETag.
[[nodiscard]] Response subscription_response(const Subscription& subscription);
// With a last member `lateness`, unless nothing was delivered.
[[nodiscard]] Response measured_response(const Subscription& subscription,
                                         const Lateness& lateness);
[[nodiscard]] Response list_response(const Subscriptions::Page& page);
// 404, with the reason.
[[nodiscard]] Response ended_response(std::string_view id, const EndedSubscription& ended);

[[nodiscard]] Response sources_response(const Subscriptions::SourcePage& page);
[[nodiscard]] Response types_response(const Subscriptions::TypePage& page);
[[nodiscard]] Response gateways_response(const std::vector<AnnouncedGateway>& gateways);
[[nodiscard]] Response parameters_response(
    const std::vector<std::pair<std::string, std::string>>& parameters);
[[nodiscard]] Response health_response(const std::string& gateway, WallTime now,
                                       std::size_t subscriptions);

// 401 with what is to be proved; 503 while it is not known who proves what.
[[nodiscard]] Response unproved_response(const Error& error);

// 204 and 405, with the methods that a path takes: "GET, HEAD, OPTIONS".
[[nodiscard]] Response options_response(const std::string& allowed);
[[nodiscard]] Response wrong_method_response(const std::string& allowed);

}  // namespace sense::http
