// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <zmq.hpp>

#include "broker/journal/request.hpp"
#include "broker/security/access_control.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"

namespace sense {

// The requests of the clients, and their answers: reads each request, refuses one that is
// malformed, too fast or one too many, and passes the others on with the rights of their sender.
// Owns the ROUTER socket, which AccessControl binds. Network thread.
class ServiceSocket {
 public:
  // A request under way; it is answered by answer() or refuse(), once.
  using Take = std::function<void(IncomingRef)>;
  // `outstanding_max`: requests of one client without an answer. The others must outlive it.
  ServiceSocket(AccessControl& access, Counters& counters, std::size_t outstanding_max)
      : access_(access), counters_(counters), outstanding_max_(outstanding_max) {}
  // Makes the socket.
  [[nodiscard]] Status open(zmq::context_t& context);
  [[nodiscard]] zmq::socket_t& socket() { return socket_; }

  // Reads what waits, up to a thousand messages.
  void receive(MonoTime now, const Take& take);
  // A client that does not read, or has disconnected, loses its answer and repeats the request.
  void answer(const Outgoing::Answer& answer);
  void refuse(const Incoming& incoming, const Error& error);

 private:
  void receive_one(std::vector<zmq::message_t>& frames, MonoTime now, const Take& take);
  [[nodiscard]] Status read(Incoming& incoming, const Principal* connection, MonoTime now);
  [[nodiscard]] Status read_events(Incoming& incoming, const Principal& connection, MonoTime now);
  [[nodiscard]] Result<SenderRef> speaker(const Principal& connection,
                                          const bus::PublishedEvent& event);
  void note_malformed(const Incoming& incoming, const Error& error, MonoTime now);

  AccessControl& access_;
  Counters& counters_;
  const std::size_t outstanding_max_;
  zmq::socket_t socket_;
  std::unordered_map<std::string, std::size_t> outstanding_;  // by peer; none is 0
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
