// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gateways/sense/model/peer_identity.hpp"
#include "gateways/sense/server.hpp"

// What the server sends back, to whom, and what it keeps of requests until they are answered.
namespace sense::datagram {

namespace {

// QUIC's bound (RFC 9000 section 8.1) for addresses that have proved nothing.
constexpr std::size_t amplification_max = 3;

std::size_t trailer_of(std::string_view key) { return key.empty() ? 0 : trailer_size(key); }

// A reply of at most that many octets: without its reason when that is too much.
std::optional<std::string> octets_of(Message& reply, std::size_t octets_max) {
  auto octets = serialize(reply);
  if (octets.size() > octets_max) {
    std::erase_if(reply.properties, [](const Property& property) {
      return property.name == "Reason" || property.name == "Reason-Language";
    });
    octets = serialize(reply);
  }
  if (octets.size() > octets_max) return std::nullopt;
  return octets;
}

}  // namespace

const ListenerPolicy& Server::policy_of(const Peer& from) const {
  static const ListenerPolicy none;
  return from.listener < config_.policies.size() ? config_.policies[from.listener] : none;
}

std::size_t Server::room_for(const Asker& asker) const {
  return octets_max_of(config_.limits, config_.listeners, asker.from) - trailer_of(asker.key);
}

void Server::answer_unproved(const Arrival& arrival, Message reply, Actions& out) {
  const auto& asker = arrival.asker;
  const auto bound = arrival.octets * amplification_max;
  const auto trailer = trailer_of(asker.key);
  auto octets =
      bound > trailer ? octets_of(reply, std::min(bound - trailer, room_for(asker))) : std::nullopt;
  if (!octets) {
    ++counts_.unanswered;
  } else if (!rates_.may_answer_unproved(asker.from.address, arrival.seen_before,
                                         arrival.now.mono)) {
    ++counts_.unproved_dropped;
    ++counts_.unanswered;
  } else {
    send_signed(asker, std::move(*octets), arrival.now, out);
  }
}

void Server::conclude(const Asker& asker, Message reply, Timestamp now, Actions& out) {
  // A text says its language. Not to addresses that have proved nothing: of the few octets that
  // they may get, the text itself needs all.
  if (reply.has("Reason")) reply.add("Reason-Language", "en");
  auto octets = octets_of(reply, room_for(asker));
  if (!octets) {
    ++counts_.unanswered;
    return;
  }
  replies_.finish(asker.from.address, reply.tag, *octets);
  send_signed(asker, std::move(*octets), now, out);
}

// When its key has been taken away meanwhile, the asker is told nothing any more.
void Server::send_signed(const Asker& asker, std::string octets, Timestamp now, Actions& out) {
  if (!asker.key.empty() && !keys_.sign(asker.key, octets, now.wall)) {
    ++counts_.unanswered;
    return;
  }
  out.emplace_back(Send{asker.from, std::move(octets)});
}

Ticket Server::wait(Pending pending) {
  pending_shares_.add(host_of(pending.asker.from.address));
  if (pending.stage == Stage::create) admissions_.begin(pending.callback);
  pending_.emplace(++tickets_, std::move(pending));
  return tickets_;
}

std::optional<Server::Pending> Server::take(Ticket ticket) {
  const auto found = pending_.find(ticket);
  if (found == pending_.end()) return std::nullopt;
  auto pending = std::move(found->second);
  pending_.erase(found);
  pending_shares_.remove(host_of(pending.asker.from.address));
  if (pending.stage == Stage::create) admissions_.end(pending.callback);
  return pending;
}

}  // namespace sense::datagram
