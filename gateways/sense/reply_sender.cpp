// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/reply_sender.hpp"

#include <algorithm>

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

std::size_t ReplySender::octets_max(const Requester& requester) const {
  return octets_max_of(config_.limits, config_.listeners, requester.from) -
         trailer_of(requester.key);
}

void ReplySender::reply_unproved(const DatagramContext& context, Message reply, Actions& out) {
  const auto& requester = context.requester;
  const auto trailer = trailer_of(requester.key);
  // A session has returned a cookie of DTLS.
  const auto bound =
      requester.session ? octets_max(requester) + trailer : context.octets * amplification_max;
  auto octets = bound > trailer ? octets_of(reply, std::min(bound - trailer, octets_max(requester)))
                                : std::nullopt;
  if (!octets) {
    ++unanswered_;
  } else if (!rates_.may_reply_unproved(requester.from.address, context.seen_before,
                                        context.now.mono)) {
    ++unproved_dropped_;
    ++unanswered_;
  } else {
    send_signed(requester, std::move(*octets), context.now, out);
  }
}

void ReplySender::reply(const Requester& requester, Message reply, Timestamp now, Actions& out) {
  // Replies to unproved addresses carry no Reason-Language: the few octets allowed are needed for
  // the reason itself.
  if (reply.has("Reason")) reply.add("Reason-Language", "en");
  auto octets = octets_of(reply, octets_max(requester));
  if (!octets) {
    ++unanswered_;
    return;
  }
  cache_.finish(requester.from.address, reply.tag, *octets);
  send_signed(requester, std::move(*octets), now, out);
}

// A key that has been removed since the request cannot sign the reply, and an unsigned one would
// not be accepted: nothing is sent.
void ReplySender::send_signed(const Requester& requester, std::string octets, Timestamp now,
                              Actions& out) {
  if (!requester.key.empty() && !keys_.sign(requester.key, octets, now.wall)) {
    ++unanswered_;
    return;
  }
  out.emplace_back(Send{requester.from, std::move(octets), requester.key});
}

const ReplyCache::Entry* ReplySender::find(const Requester& requester, std::string_view tag,
                                           MonoTime now) const {
  const auto* stored = cache_.find(requester.from.address, tag, now);
  return stored != nullptr && stored->key == requester.key ? stored : nullptr;
}

void ReplySender::repeat(const Requester& requester, const ReplyCache::Entry& stored, Timestamp now,
                         Actions& out) {
  if (stored.octets) send_signed(requester, *stored.octets, now, out);
}

}  // namespace sense::datagram
