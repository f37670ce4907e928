// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/sense/sense_socket.hpp"

namespace sense::cli {

// What `sense listen` was asked for, as typed; the durations and patterns were checked. A value
// that outlives the listener.
struct ListenOptions {
  std::string uri;
  std::vector<std::string> types;
  std::vector<std::string> sources;
  std::string period = "10min";
  SenseSocketOptions socket;
  std::string subscribe;  // base URL of an HTTP gateway
  std::string filter;
  std::string edition;
  std::string language;
  std::string ack_delay = "10ms";
  std::uint64_t count = 0;     // end after so many events; 0: never
  std::string timeout = "0s";  // end after that time; "0s": never
  bool json = false;
};

// Main thread. Each sets up its listener on a loop and runs it until SIGINT, SIGTERM, SIGHUP,
// `count` or `timeout`; what it subscribed to is cancelled then. Answers the exit code.
[[nodiscard]] int listen_sense(const ListenOptions& options);
[[nodiscard]] int listen_http(const ListenOptions& options);
[[nodiscard]] int listen_maildir(const ListenOptions& options);

}  // namespace sense::cli
