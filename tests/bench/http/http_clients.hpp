// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense::bench {

// Many connections to one HTTP listener of this machine, in one thread. One object at a time.
class HttpClients {
 public:
  explicit HttpClients(std::uint16_t port);
  ~HttpClients();
  HttpClients(const HttpClients&) = delete;
  HttpClients& operator=(const HttpClients&) = delete;

  // Opens so many connections.
  [[nodiscard]] Status open(unsigned connections);
  // The body of the answer to one request, by the first connection.
  [[nodiscard]] Result<std::string> ask(const std::string& request);
  // Each connection sends the request again as soon as it is answered, for that time. How many were
  // answered with 2xx; fails when one was not.
  [[nodiscard]] Result<std::uint64_t> repeat(const std::string& request, Duration time);
  // Each that has not done so sends the request, and gets the head of a response that goes on.
  [[nodiscard]] Status begin_streams(const std::string& request);
  // Seconds from `send`, which publishes an event, until each stream has got data.
  [[nodiscard]] Result<double> reach_all(const std::function<Status()>& send);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sense::bench
