// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/event/event.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/model/address.hpp"
#include "gateways/sense/model/limits.hpp"

// What the pure core asks its shell to do, in order. A ticket comes back with the answer.
namespace sense::datagram {

using RequestId = std::uint64_t;
using AttemptId = std::uint64_t;

struct Send {
  Peer to;
  std::string octets;
};
// Answers: Server::on_receipt.
struct Publish {
  RequestId request_id = 0;
  Event event;
};
// Answers to these four: Server::on_subscription.
struct Create {
  RequestId request_id = 0;
  Subscriptions::Request request;
};
struct LookUp {
  RequestId request_id = 0;
  std::string id;
};
struct Renew {
  RequestId request_id = 0;
  std::string id;
  Duration period{0};
};
struct Cancel {
  RequestId request_id = 0;
  std::string id;
};
// Answers: Server::on_sources.
struct ListSources {
  RequestId request_id = 0;
  std::string after;
  std::uint32_t limit = 0;
};
// Nobody waits for the answer.
struct Confirm {
  std::string id;
  std::string token;
};
// The attempt that was given to Server::deliver under this ticket is over.
struct Finished {
  AttemptId attempt_id = 0;
  Attempt attempt;
};

using Action =
    std::variant<Send, Publish, Create, LookUp, Renew, Cancel, ListSources, Confirm, Finished>;
using Actions = std::vector<Action>;

// One of our sockets: its name in the configuration, the kind of addresses that it reaches, and how
// long a datagram may be there.
struct Listener {
  std::string name;
  TransportKind kind = TransportKind::ipv4;
  std::size_t octets_max = 65'507;
};

// The label of a subscription that names the listener it was made at, so that its events leave from
// the address that the client knows, also after a restart. Forging it chooses among our own
// sockets.
inline constexpr std::string_view listener_label = "sense-listener";

// Which listener reaches the callback: the one of the label, else the first of that kind. The size
// of `listeners` when there is none.
[[nodiscard]] std::size_t listener_for(const std::vector<Listener>& listeners,
                                       const Endpoint& endpoint, const Subscription& subscription);

// The longest datagram for a peer: max-message, or what its listener can send when that is less.
[[nodiscard]] std::size_t octets_max_of(const Limits& limits,
                                        const std::vector<Listener>& listeners, const Peer& peer);

}  // namespace sense::datagram
