// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gateways/sense/model/peer_identity.hpp"
#include "gateways/sense/server.hpp"

// Replies of the server, and the requests that wait for the broker.
namespace sense::datagram {

namespace {

// The anti-amplification limit of QUIC (RFC 9000 section 8.1), for addresses without proof.
constexpr std::size_t amplification_max = 3;

std::size_t trailer_of(std::string_view key) { return key.empty() ? 0 : trailer_size(key); }

// Serialises a reply of at most `octets_max` octets; drops its reason when it is too long. Nothing:
// it does not fit even so.
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

std::string_view Server::name_of_listener(const Peer& from) const {
  const auto& all = config_.listeners;
  return from.listener < all.size() ? std::string_view(all[from.listener].name) : "";
}

std::size_t Server::reply_octets_max(const Requester& requester) const {
  return octets_max_of(config_.limits, config_.listeners, requester.from) -
         trailer_of(requester.key);
}

void Server::reply_unproved(const DatagramContext& context, Message reply, Actions& out) {
  const auto& requester = context.requester;
  const auto bound = context.octets * amplification_max;
  const auto trailer = trailer_of(requester.key);
  auto octets = bound > trailer
                    ? octets_of(reply, std::min(bound - trailer, reply_octets_max(requester)))
                    : std::nullopt;
  if (!octets) {
    ++counts_.unanswered;
  } else if (!rates_.may_reply_unproved(requester.from.address, context.seen_before,
                                        context.now.mono)) {
    ++counts_.unproved_dropped;
    ++counts_.unanswered;
  } else {
    send_signed(requester, std::move(*octets), context.now, out);
  }
}

void Server::send_reply(const Requester& requester, Message reply, Timestamp now, Actions& out) {
  // Replies to unproved addresses carry no Reason-Language: the few octets allowed are needed for
  // the reason itself.
  if (reply.has("Reason")) reply.add("Reason-Language", "en");
  auto octets = octets_of(reply, reply_octets_max(requester));
  if (!octets) {
    ++counts_.unanswered;
    return;
  }
  reply_cache_.finish(requester.from.address, reply.tag, *octets);
  send_signed(requester, std::move(*octets), now, out);
}

// A key that has been removed since the request cannot sign the reply, and an unsigned one would
// not be accepted: nothing is sent.
void Server::send_signed(const Requester& requester, std::string octets, Timestamp now,
                         Actions& out) {
  if (!requester.key.empty() && !keys_.sign(requester.key, octets, now.wall)) {
    ++counts_.unanswered;
    return;
  }
  out.emplace_back(Send{requester.from, std::move(octets)});
}

RequestId Server::add_pending(Pending pending) {
  pending_per_host_.add(host_identity(pending.requester.from.address));
  if (!pending.callback.empty()) subscription_quota_.begin(pending.callback);
  pending_.emplace(++last_request_id_, std::move(pending));
  return last_request_id_;
}

std::optional<Server::Pending> Server::take_pending(RequestId request_id) {
  const auto found = pending_.find(request_id);
  if (found == pending_.end()) return std::nullopt;
  auto pending = std::move(found->second);
  pending_.erase(found);
  pending_per_host_.remove(host_identity(pending.requester.from.address));
  if (!pending.callback.empty()) subscription_quota_.end(pending.callback);
  return pending;
}

}  // namespace sense::datagram
