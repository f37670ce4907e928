// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>
#include <zmq.hpp>

#include "broker/journal/request.hpp"
#include "broker/security/access_control.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

// The requests of the clients, and their answers: reads each request, refuses one that is
// malformed, too fast or one too many, and passes the others on with the rights of their sender.
// One that is sent again before its answer is not another one: that answer is for both.
// Owns the ROUTER socket, which AccessControl binds. Network thread.
class ServiceSocket {
 public:
  // A request under way; it is answered by answer() or refuse(), once.
  using Take = std::function<void(IncomingRef)>;
  // Called when a client has disconnected, as far as that is seen: at an answer to it.
  using Gone = std::function<void(const std::string& principal, const std::string& client)>;
  // `outstanding_max`: requests of one client without an answer. The others must outlive it.
  ServiceSocket(AccessControl& access, AnswerBudget& answers, Counters& counters,
                std::size_t outstanding_max, Gone gone);
  // Makes the socket.
  [[nodiscard]] Status open(zmq::context_t& context);
  [[nodiscard]] zmq::socket_t& socket() { return socket_; }

  // Reads what waits, up to a thousand messages.
  void receive(MonoTime now, const Take& take);
  // A client that does not read, or has disconnected, loses its answer and repeats the request. The
  // octets count as held until libzmq releases them, but for short answers, which libzmq bounds by
  // number.
  void answer(Outgoing::Answer answer);
  // And the audit trail tells it.
  void refuse(Incoming& incoming, const Error& error, MonoTime now);
  // REFUSED: what a gateway has refused its client, for the audit trail. Fails with noaccess when
  // it is said of no client, with badparam when it is no refusal of rights or room.
  [[nodiscard]] Status note_refusal(const Incoming& incoming, MonoTime now);

 private:
  void receive_one(std::vector<zmq::message_t>& frames, MonoTime now, const Take& take);
  [[nodiscard]] Status read(Incoming& incoming, const Principal* connection, MonoTime now);
  [[nodiscard]] Status read_events(Incoming& incoming, const Principal& connection, MonoTime now);
  [[nodiscard]] Result<SenderRef> speaker(const Principal& connection,
                                          const bus::PublishedEvent& event);
  void note_malformed(const Incoming& incoming, const Error& error, MonoTime now);

  // A request that is not answered.
  struct Outstanding {
    std::uint64_t id = 0;
    std::uint64_t hash = 0;  // of its octets: the id alone is chosen by the client
    friend bool operator==(const Outstanding&, const Outstanding&) = default;
  };
  // A client with such requests.
  struct Client {
    std::string principal;  // of the last request
    std::vector<Outstanding> outstanding;
  };
  [[nodiscard]] bus::Sent send(Outgoing::Answer& answer, const std::string& principal);

  AccessControl& access_;
  AnswerBudget& answers_;
  Counters& counters_;
  const std::size_t outstanding_max_;
  const Gone gone_;
  zmq::socket_t socket_;
  std::unordered_map<std::string, Client> clients_;  // by peer
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
