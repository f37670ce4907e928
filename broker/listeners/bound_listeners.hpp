// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>
#include <zmq.hpp>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

// The listeners of one socket, kept bound while the broker runs: a listener is bound again
// when its socket has been replaced, and when the file of an ipc listener has been removed, without
// which no new client would find the broker. Connections that exist are not affected by that.
// Network thread.
class BoundListeners {
 public:
  static constexpr Duration look_interval = std::chrono::seconds{1};
  // libzmq has no way to end a listener that keeps its connections, so each removal of a file costs
  // a file descriptor. After so many, the broker has to be restarted, which is logged.
  static constexpr int restored_max = 100;

  explicit BoundListeners(Counters& counters) : counters_(counters) {}

  // Binds all, or fails with the endpoint. The socket must outlive it; its owner may replace what
  // it holds, see on_replaced().
  [[nodiscard]] Status open(zmq::socket_t& socket, const std::vector<bus::Listener>& listeners);
  // Their endpoints as bound, with the ports that the system chose, as a list (endpoint_list).
  [[nodiscard]] std::string endpoints() const;
  [[nodiscard]] std::vector<bus::Listener> listeners() const;

  // The socket holds a new one: nothing is bound until tick().
  void on_replaced(MonoTime now);
  // Binds what is not bound. False: call it again within milliseconds.
  [[nodiscard]] bool tick(MonoTime now);

 private:
  struct FileId {
    dev_t device = 0;
    ino_t inode = 0;  // 0: there is no file
    friend bool operator==(const FileId&, const FileId&) = default;
  };
  struct Bound {
    bus::Listener listener;
    bool bound = false;
    FileId file;  // of an ipc listener
    int restored = 0;
  };
  [[nodiscard]] static FileId file_of(const bus::Listener& listener);
  [[nodiscard]] Status bind(Bound& one);
  void look_at_file(Bound& one, MonoTime now);
  void retry(Bound& one, MonoTime now);

  Counters& counters_;
  zmq::socket_t* socket_ = nullptr;
  std::vector<Bound> all_;
  MonoTime replaced_{};
  MonoTime looked_{};
  log::RateLimiter log_limit_{std::chrono::minutes{1}};
};

}  // namespace sense
