// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/event/event.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/model/address.hpp"
#include "gateways/sense/model/limits.hpp"
#include "gateways/sense/model/peer_identity.hpp"

// Effects that the Server requests and the plugin executes, in order. A request_id returns with the
// result. Values.
namespace sense::datagram {

// Identifies a request to the broker under way. Given by the Server, never twice.
using RequestId = std::uint64_t;
// Identifies an attempt under way. Given by the plugin.
using AttemptId = std::uint64_t;

// One datagram, queued until the next flush. No result.
struct Send {
  Peer to;
  std::string octets;
  // Name of the key of the client that it is for: it leaves in no DTLS session but one of that key
  // ("": one without key), since another client may have the address now.
  std::string key = {};
};
// An event for the bus. Result: Server::on_receipt. `client`, here and below: for whom.
struct Publish {
  RequestId request_id = 0;
  Event event;
  ProvedClient client;
};
// A new subscription. Result of this and the next three: Server::on_subscription.
struct Create {
  RequestId request_id = 0;
  Subscriptions::Request request;
  ProvedClient client;
};
// The subscription with that id.
struct LookUp {
  RequestId request_id = 0;
  std::string id;
  ProvedClient client;
};
// A new lease, perhaps at another address.
struct Renew {
  RequestId request_id = 0;
  std::string id;
  Duration period{0};
  std::optional<Subscriptions::Move> move;  // nothing: events go where they went
  ProvedClient client;
};
// The end of a subscription.
struct Cancel {
  RequestId request_id = 0;
  std::string id;
  ProvedClient client;
};
// One page of the sources known to the broker. Result: Server::on_sources.
struct ListSources {
  RequestId request_id = 0;
  std::string after;
  std::uint32_t limit = 0;
  ProvedClient client;
};
// The answer to a VERIFY. The result is only logged.
struct Confirm {
  std::string id;
  std::string token;
};
// This server has refused a request: for the records. No result.
struct Refused {
  ProvedClient client;
  std::string request;  // its kind
  Error error;
};
// The attempt that was started with Server::deliver has ended.
struct Finished {
  AttemptId attempt_id = 0;
  Attempt attempt;
};

// One of these effects.
using Action =
    std::variant<Send, Publish, Create, LookUp, Renew, Cancel, ListSources, Confirm, Refused,
                 Finished>;
// To be executed in this order.
using Actions = std::vector<Action>;

// A socket of this gateway: its name in the configuration, the kind of addresses that it reaches,
// and the longest datagram there.
struct Listener {
  std::string name;
  TransportKind kind = TransportKind::ipv4;
  std::size_t octets_max = 65'507;
  bool dtls = false;
};

// The label of a subscription that names the listener of its REGISTER, so that events leave from
// the address that the client knows, also after a restart. A forged label can only choose another
// listener of this gateway.
inline constexpr std::string_view listener_label = "sense-listener";

// The index of the listener that reaches the callback: the one of the label, else the first of that
// kind. The size of `listeners`: none does.
[[nodiscard]] std::size_t listener_for(const std::vector<Listener>& listeners,
                                       const Endpoint& endpoint, const Subscription& subscription);

// The longest datagram for a peer: max-message, or the limit of its listener when that is less.
[[nodiscard]] std::size_t octets_max_of(const Limits& limits,
                                        const std::vector<Listener>& listeners, const Peer& peer);

}  // namespace sense::datagram
