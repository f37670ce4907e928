// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/security/subscription_gate.hpp"
#include "broker/security/zap.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

// The broker's XPUB: who subscribes to what. When somebody's rights change, its socket is replaced:
// everybody connects again by himself, is authenticated and judged anew, and fetches what he
// missed. libzmq has no other way to end a subscription of somebody else. One thread.
class EventStream {
 public:
  static constexpr std::size_t subscription_octets_max = 4096;  // what a peer may send at once

  // `socket` is made here, and replaced; its owner sends through it. All must outlive this.
  EventStream(zmq::context_t& context, zmq::socket_t& socket, Authenticator& authenticator,
              Counters& counters, std::size_t units_max);

  // Binds all doors, or fails.
  [[nodiscard]] Status open(std::vector<bus::Door> doors, std::shared_ptr<const Access> access);
  // As they were bound: a port that the system chose is named.
  [[nodiscard]] const std::vector<bus::Door>& doors() const { return doors_; }

  // Rights have changed. They hold when it returns, but for the binding, which tick() ends.
  void allow(std::shared_ptr<const Access> access, MonoTime now);
  // Reads and judges all that waits. Call it before anything is sent.
  void receive(MonoTime now);
  // Binds what could not be bound at once. False: not all is bound yet.
  bool tick(MonoTime now);

 private:
  void make();
  void replace(MonoTime now);
  void judge(const std::vector<zmq::message_t>& frames, MonoTime now);
  void refuse(std::string_view user_id, std::string_view topic, MonoTime now);
  void on_excess(std::string_view user_id, MonoTime now);
  void on_foreign(std::string_view user_id, MonoTime now);
  void keep_away(std::string_view user_id, const char* why, MonoTime now);
  [[nodiscard]] std::string name_of(std::string_view user_id) const;
  [[nodiscard]] bool old_one_is_there(const bus::Door& door, MonoTime now) const;

  zmq::context_t& context_;
  zmq::socket_t& socket_;
  Authenticator& authenticator_;
  Counters& counters_;
  SubscriptionGate gate_;
  std::shared_ptr<const Access> access_;
  bool manual_ = false;
  std::vector<bus::Door> doors_;
  std::vector<bus::Door> unbound_;
  MonoTime replaced_{};
  std::map<std::string, MonoTime, std::less<>> recounted_;  // by user id
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
