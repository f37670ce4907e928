// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/counters.hpp"
#include "core/sense/message.hpp"
#include "gateways/sense/admission/keys.hpp"
#include "gateways/sense/admission/rate_limits.hpp"
#include "gateways/sense/reply_cache.hpp"
#include "gateways/sense/server_config.hpp"

namespace sense::datagram {

// A received datagram while it is processed.
struct DatagramContext {
  Requester requester;
  std::size_t octets = 0;    // its length; bounds the reply to an unproved address
  bool seen_before = false;  // it has a cookie of its address, perhaps expired
  Timestamp now;
};

// Writes, signs, bounds and remembers replies. A reply that does not fit loses its reason; one that
// may not be sent even so is counted. Pure; one thread.
class ReplySender {
 public:
  // All must outlive this.
  ReplySender(const ServerConfig& config, const Keys& keys, RateLimits& rates, Counters& counters)
      : config_(config),
        keys_(keys),
        rates_(rates),
        unanswered_(counters["sense.datagrams.unanswered"]),
        unproved_dropped_(counters["sense.answers.too-many"]) {}

  // Octets that a reply to a proved address may have, before it is signed.
  [[nodiscard]] std::size_t octets_max(const Requester& requester) const;

  // To an address that has proved nothing: at most three times the octets of the datagram, and
  // within the rate limits; else nothing.
  void reply_unproved(const DatagramContext& context, Message reply, Actions& out);

  // To a request of a proved address: begin() before it is executed, reply() when it is; the reply
  // is kept for repeats.
  void begin(const Requester& requester, const Message& request, MonoTime now) {
    cache_.begin(requester.from.address, request.tag, request.text("Cookie"), requester.key, now);
  }
  void reply(const Requester& requester, Message reply, Timestamp now, Actions& out);
  // Null: the request is no repeat. Valid until the next call.
  [[nodiscard]] const ReplyCache::Entry* find(const Requester& requester, std::string_view tag,
                                              MonoTime now) const;
  // The stored reply once more, if there is one already.
  void repeat(const Requester& requester, const ReplyCache::Entry& stored, Timestamp now,
              Actions& out);

  void expire(MonoTime now) { cache_.expire(now); }
  [[nodiscard]] const ReplyCache& cache() const { return cache_; }

 private:
  void send_signed(const Requester& requester, std::string octets, Timestamp now, Actions& out);

  const ServerConfig& config_;
  const Keys& keys_;
  RateLimits& rates_;
  Counters::Counter& unanswered_;
  Counters::Counter& unproved_dropped_;
  ReplyCache cache_;
};

}  // namespace sense::datagram
