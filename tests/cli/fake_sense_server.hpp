// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/sense/message.hpp"

namespace sense::test {

// A SENSE/1 server whose answers a test makes up. It asks for a cookie first, as servers do, keeps
// what came with one, and answers a repeated request as it did before, if it did.
class FakeSenseServer {
 public:
  // Datagrams to send back for a message that had the cookie. On the server's own thread.
  using Answer = std::function<std::vector<std::string>(const datagram::Message&)>;

  // Port 0: any that is free.
  explicit FakeSenseServer(Answer answer, std::uint16_t port = 0);
  ~FakeSenseServer();
  FakeSenseServer(const FakeSenseServer&) = delete;
  FakeSenseServer& operator=(const FakeSenseServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string uri() const { return "sense://127.0.0.1:" + std::to_string(port_); }
  // Those of a kind that had the cookie, and every ACK.
  [[nodiscard]] std::vector<datagram::Message> received(datagram::Kind kind) const;
  [[nodiscard]] std::vector<datagram::Message> received() const;

 private:
  void run();
  [[nodiscard]] std::vector<std::string> take(const std::string& octets);

  Answer answer_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::map<std::string, std::vector<std::string>> answered_;  // by tag
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::vector<datagram::Message> received_;
  std::thread thread_;
};

// A REPLY with the properties, and with data.
using Properties = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string reply_to(const datagram::Message& request, const Properties& properties,
                                   const std::string& data = {}, Code code = Code::noerror);

// A port that was bound a moment ago and is closed now.
[[nodiscard]] std::uint16_t closed_port();

}  // namespace sense::test
