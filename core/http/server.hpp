// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/http/message.hpp"

namespace sense::http {

struct FrontDoorOptions {
  std::string listen = "127.0.0.1:8080";  // IP address and port; [::1]:8080
  std::vector<std::string> hosts;  // names that Host may have besides the address listened on
  bool allow_anonymous = false;    // serve other machines, too
  std::size_t connections_max = 256;
  Duration header_timeout = std::chrono::seconds{10};  // from the connection or the last answer
  Duration body_timeout = std::chrono::seconds{30};
  Duration answer_timeout = std::chrono::seconds{30};  // for the handler
  // Whether a GET of this target carries its own permission: then it may come from anywhere.
  std::function<bool(std::string_view target)> permitted = {};
  std::size_t header_max = 64 * 1024;
  std::size_t body_max = 2 * 1024 * 1024;
};

// An HTTP/1.1 server on the reactor. Every deadline is absolute: octets that drip in do not extend
// it. Checks what must be checked before a request is looked at: that it comes from this machine
// (unless others are allowed), that Host names this service (a foreign page may have pointed its
// own name here) and that Origin, when a browser sends one, does, too. Reactor thread only.
class FrontDoor {
 public:
  // Fails with addrnotavail and the address. The references outlive the front door and its
  // connections, which end with the reactor at the latest; `handler` is not called after close().
  [[nodiscard]] static Result<std::unique_ptr<FrontDoor>> open(boost::asio::io_context& reactor,
                                                               FrontDoorOptions options,
                                                               Counters& counters, Handler handler);
  ~FrontDoor();  // closes
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  // "127.0.0.1:8080", with the port that was taken.
  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] std::uint16_t port() const;
  // Stops listening and cuts the connections.
  void close();

 private:
  class Impl;
  explicit FrontDoor(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sense::http
