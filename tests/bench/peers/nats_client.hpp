// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nats/nats.h>

#include <string>

#include "tests/bench/harness/system_under_test.hpp"

// What the NATS peers share: nats-server with a configuration of its own, and libnats.
namespace sense::bench {

inline constexpr auto nats_subject = "bench.event";

// nats-server on a free port; answers when it listens. `more`: further lines of configuration.
// Answers its process and sets `url`.
[[nodiscard]] Result<pid_t> start_nats_server(Children& children, const std::string& more,
                                              std::string& url);

[[nodiscard]] Status check(natsStatus status, const std::string& what);

// A connection that is closed at the end of its life.
class NatsConnection {
 public:
  NatsConnection() = default;
  ~NatsConnection() { natsConnection_Destroy(connection_); }
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;

  [[nodiscard]] Status open(const std::string& url);
  operator natsConnection*() const { return connection_; }

 private:
  natsConnection* connection_ = nullptr;
};

// A message handler whose closure is a Receiver.
void take_nats_message(natsConnection*, natsSubscription*, natsMsg* message, void* receiver);
// Takes in whatever comes, in libnats' threads, until this process is killed.
[[nodiscard]] Status receive_for_ever(natsSubscription* subscription);

}  // namespace sense::bench
