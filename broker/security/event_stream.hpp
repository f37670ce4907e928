// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/audit/audit_trail.hpp"
#include "broker/listeners/bound_listeners.hpp"
#include "broker/security/subscription_gate.hpp"
#include "broker/security/zap.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

// The broker's XPUB and its subscriptions. When rights change, the socket is replaced: all
// subscribers reconnect, are authenticated and checked again, and fetch the events that they
// missed. libzmq has no other way to end a subscription of a peer. When there is no descriptor for
// the new socket, there is none, and no peer receives events, until tick() can make it. At most
// 1,000 messages wait for one subscriber; it loses the others, and a follower fetches them. One
// thread.
class EventStream {
 public:
  static constexpr std::size_t subscription_octets_max = 4096;  // of one message of a peer
  static constexpr Duration make_interval = std::chrono::milliseconds{100};

  // `socket` is created and replaced here; its owner sends through it. `audit` gets refusals; null:
  // there is none. All must outlive this.
  EventStream(zmq::context_t& context, zmq::socket_t& socket, Authenticator& authenticator,
              Counters& counters, std::size_t units_max, AuditTrail* audit = nullptr);

  // Binds all listeners, or fails.
  [[nodiscard]] Status open(const std::vector<bus::Listener>& listeners,
                            std::shared_ptr<const AccessList> access);
  [[nodiscard]] const BoundListeners& listeners() const { return listeners_; }

  // Applies changed rights. They are in effect when it returns; tick() completes the binding.
  void allow(std::shared_ptr<const AccessList> access, MonoTime now);
  // Reads and checks all waiting messages. Call it before sending.
  void receive(MonoTime now);
  // Makes the socket that is not there; then as BoundListeners::tick.
  [[nodiscard]] bool tick(MonoTime now);

 private:
  [[nodiscard]] Status make();
  void make_again(MonoTime now);
  void replace(MonoTime now);
  void judge(const std::vector<zmq::message_t>& frames, MonoTime now);
  void refuse(const zmq::message_t& frame, std::string_view topic, MonoTime now);
  void on_excess(const zmq::message_t& frame, MonoTime now);
  void on_foreign(std::string_view user_id, MonoTime now);
  void suspend_access(std::string_view user_id, const char* why, MonoTime now);
  void note_refused(const zmq::message_t& frame, std::string_view topic, Code code,
                    const char* reason, MonoTime now);
  [[nodiscard]] std::string name_of(std::string_view user_id) const;

  zmq::context_t& context_;
  zmq::socket_t& socket_;
  Authenticator& authenticator_;
  Counters& counters_;
  AuditTrail* audit_;
  SubscriptionGate gate_;
  std::shared_ptr<const AccessList> access_;
  bool manual_ = false;
  MonoTime tried_{};  // make_again()
  BoundListeners listeners_;
  bool replaced_ = false;                                   // within receive()
  std::map<std::string, MonoTime, std::less<>> recounted_;  // by user id
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
