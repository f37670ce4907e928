// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/journal/request.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/bus/endpoints.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

// The broker's connection to a foreign ZeroMQ proxy: messages taken from it are published as the
// principal `external`, and stored events are given to it. The transfer between proxy and broker
// has no delivery guarantee (docs/external-bus.md): libzmq drops what is beyond 10,000 unread
// messages. Network thread only.
class ExternalLink {
 public:
  // Both must outlive it.
  ExternalLink(zmq::context_t& context, Counters& counters)
      : context_(context), counters_(counters) {}

  // Connects in the background; badparam: an endpoint cannot be used.
  [[nodiscard]] Status open(const ExternalBus& external);
  [[nodiscard]] bool takes() const { return !external_.events.empty(); }
  // Never ready when it does not take anything.
  [[nodiscard]] zmq::pollitem_t to_poll() { return bus::readable(take_); }
  // The waiting messages as PUBLISH requests without a reply, with these rights; at most a
  // thousand.
  [[nodiscard]] std::vector<IncomingRef> take(WallTime now, const RightsRef& rights);
  // Gives the stored events whose topics are to be given; each that cannot be queued is counted.
  void give(const Outgoing& out);

 private:
  [[nodiscard]] bool gives(std::string_view topic) const;
  void note_unmapped(std::string_view topic);

  zmq::context_t& context_;
  Counters& counters_;
  ExternalBus external_;
  std::string prefix_;  // of the SENSE topics that may be given
  zmq::socket_t take_;
  zmq::socket_t give_;
  log::RateLimiter log_limit_{std::chrono::minutes{1}};
};

}  // namespace sense
