// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "broker/journal/request.hpp"
#include "broker/security/access_control.hpp"
#include "core/base/counters.hpp"

namespace sense {

// What plain ZeroMQ publishers send (docs/bus-protocol.md): SENSE events become PUBLISH requests
// without an answer, messages with foreign topics are forwarded to the live stream. What is refused
// is counted; there is no way to answer. Owns the XSUB socket, which AccessControl binds. Network
// thread.
class PlainInput {
 public:
  using Take = std::function<void(IncomingRef)>;
  // Whether the message could be queued.
  using Forward = std::function<bool(std::vector<zmq::message_t>&)>;

  // All must outlive it.
  PlainInput(AccessControl& access, Counters& counters) : access_(access), counters_(counters) {}
  // Makes the socket.
  [[nodiscard]] Status open(zmq::context_t& context);
  [[nodiscard]] zmq::socket_t& socket() { return socket_; }
  // Subscribes to every topic, once it is bound: subscriptions of clients are not forwarded to
  // publishers.
  [[nodiscard]] Status subscribe();

  // Reads what waits, up to a thousand messages.
  void receive(MonoTime now, const Take& take, const Forward& forward);

 private:
  enum class Fate { taken, forwarded, unsent, refused };
  [[nodiscard]] Fate receive_one(std::vector<zmq::message_t>& frames, MonoTime now,
                                 const Take& take, const Forward& forward);
  void take_event(std::string_view topic, const zmq::message_t& event, const Principal& sender,
                  const Take& take);
  void note_refused(const zmq::message_t& frame, const Principal& sender, std::string_view topic,
                    Code code, const char* reason, MonoTime now);

  AccessControl& access_;
  Counters& counters_;
  zmq::socket_t socket_;
};

}  // namespace sense
