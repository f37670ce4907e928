// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <zmq.hpp>

#include "core/base/clock.hpp"
#include "core/bus/protocol.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense::bus {

// The requests of one client to the broker. Each is sent, and sent again with increasing pauses,
// until it is answered or its deadline is over. Owns the DEALER socket. One thread, but next_id()
// from any.
class RequestSender {
 public:
  // Registry requests under way: together with publish batches and fetches fewer than a broker
  // accepts of one client (broker.requests-per-client-max). Further ones wait here, in order.
  static constexpr std::size_t limited_max = 192;

  // Called once: with a reply of code noerror, or with the broker's refusal, timeout or the error
  // of interrupt(). It may start other requests.
  using Done = std::function<void(Result<Reply>)>;
  // One request.
  struct Sending {
    Operation operation = Operation::ping;
    std::shared_ptr<const std::string> octets;  // the encoded request
    Done done;
    MonoTime deadline = MonoTime::max();  // by default none
  };

  // Both must outlive it.
  RequestSender(zmq::context_t& context, const BusOptions& options);
  // Makes the socket, and as bus::connect, to options.service.
  [[nodiscard]] Status connect();
  [[nodiscard]] zmq::pollitem_t to_poll() { return readable(socket_); }

  [[nodiscard]] std::uint64_t next_id() { return next_id_.fetch_add(1); }
  // `id` is that in the octets, of next_id().
  void send(std::uint64_t id, Sending sending);
  // The same within limited_max.
  void send_limited(std::uint64_t id, Sending sending);

  // Passes waiting replies to their requests. Whether any message was received.
  bool receive();
  // Sends what waits, again what is late, and ends what is over its deadline.
  void tick(MonoTime now);
  // The broker is back: at the next tick() everything is sent again.
  void resend();
  // Ends all requests with this error.
  void interrupt(const Error& error);

 private:
  struct Pending {
    Sending sending;
    MonoTime sent{};    // the epoch: not yet
    Duration pause{0};  // until it is sent again
  };
  void try_send(Pending& pending);
  void connect_again(MonoTime now);
  void start_limited();
  void end_overdue(MonoTime now);

  zmq::context_t& context_;
  const BusOptions& options_;
  zmq::socket_t socket_;
  std::optional<MonoTime> unsent_since_;  // no connection takes a request
  std::atomic<std::uint64_t> next_id_ = 1;
  std::map<std::uint64_t, Pending> pending_;  // by id
  std::deque<std::pair<std::uint64_t, Sending>> limited_;
  std::size_t limited_pending_ = 0;
};

}  // namespace sense::bus
