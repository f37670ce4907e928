// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <zmq.hpp>

#include "broker/security/event_stream.hpp"
#include "broker/security/listeners.hpp"
#include "broker/security/rate_limit.hpp"
#include "broker/security/zap.hpp"

namespace sense {

// What stands between the broker's sockets and strangers: authenticates connections, tells who sent
// a message, and what he may do. Network thread only; the context and the sockets must outlive it.
class Guard {
 public:
  Guard(zmq::context_t& context, Counters& counters) : context_(context), counters_(counters) {}

  // `settings`: of broker_options(). Binds all endpoints, authenticator first, and tries those with
  // CURVE with a key that nobody has. Fails when one cannot be bound, and when the stranger gets
  // in. `events` is made, and now and then replaced, by the guard.
  [[nodiscard]] Status open(const BusEndpoints& endpoints, const Settings& settings,
                            zmq::socket_t& service, zmq::socket_t& events, zmq::socket_t& publish);
  // As they were bound.
  [[nodiscard]] BusEndpoints endpoints() const;

  // Once in each round of the network thread, before anything is sent: takes in what has changed in
  // the allow file, and the subscriptions that came. False: come again soon.
  bool look(MonoTime now);

  // Who sent this; null when he may not send anything (any more), which is then counted and logged.
  // Valid until look() is called.
  [[nodiscard]] const Principal* sender(const zmq::message_t& frame, MonoTime now);
  // Whether the principal may publish so many events more now.
  [[nodiscard]] bool within_rate(const Principal& principal, std::size_t events, MonoTime now);

 private:
  zmq::context_t& context_;
  Counters& counters_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<EventStream> stream_;
  Doors doors_;
  std::shared_ptr<const Access> access_;
  std::uint64_t version_ = 0;
  RateLimit rate_{0};
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
