// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "gateways/email/email_gateway.hpp"
#include "tests/core/egress/loopback_server.hpp"
#include "tests/gateways/api/fakes.hpp"

// A mail relay for tests, and options of a gateway that uses it.
namespace sense::test {

inline Settings mail_options(const std::string& key, const std::string& value) {
  auto settings = Settings::defaults(email::email_options());
  BOOST_REQUIRE(settings.set(key, value));
  BOOST_REQUIRE(settings.set("from", "sense@hq.example"));
  return settings;
}

// What the relay says at each step; "cut" closes the connection there, "hang" says nothing.
struct Script {
  std::string banner = "220 relay ready";
  std::string first = {};  // what the first connection hears in place of the banner, and its end
  std::string hello = "250 relay";
  std::string hello_later = {};  // in place of it, from the second connection on
  std::string starttls = "502 no";
  std::string helo = "250 relay";
  std::string mail = "250 ok";
  std::string rcpt = "250 ok";
  std::string data = "354 go on";
  std::string final = "250 taken";
};

// A relay that follows the script and keeps what it took.
class Relay {
 public:
  explicit Relay(Script script = {})
      : script_(std::move(script)), server_([this](LoopbackServer::Peer& peer) { serve(peer); }) {}

  [[nodiscard]] std::string url() const {
    return "smtp://127.0.0.1:" + std::to_string(server_.port());
  }
  std::vector<std::string> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::vector<std::string> commands() {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  [[nodiscard]] std::size_t connections() const { return server_.connections(); }

 private:
  static bool say(LoopbackServer::Peer& peer, const std::string& text) {
    if (text == "cut") return false;
    if (text == "hang") {
      peer.wait_for_close();
      return false;
    }
    peer.write(text + "\r\n");
    return true;
  }
  const std::string& answer_to(const std::string& command) {
    static const std::string ok = "250 ok";
    const bool later = connections() > 1 && !script_.hello_later.empty();
    if (command.starts_with("EHLO")) return later ? script_.hello_later : script_.hello;
    if (command.starts_with("STARTTLS")) return script_.starttls;
    if (command.starts_with("HELO")) return script_.helo;
    if (command.starts_with("MAIL")) return script_.mail;
    if (command.starts_with("RCPT")) return script_.rcpt;
    return command.starts_with("DATA") ? script_.data : ok;
  }
  void serve(LoopbackServer::Peer& peer) {
    if (!script_.first.empty() && server_.connections() == 1)
      return peer.write(script_.first + "\r\n");
    if (!say(peer, script_.banner)) return;
    while (const auto line = peer.read_until("\r\n")) {
      const auto command = line->substr(0, line->size() - 2);
      {
        const std::lock_guard lock(mutex_);
        commands_.push_back(command);
      }
      if (command == "QUIT") {
        peer.write("221 bye\r\n");
        return;
      }
      const auto& answer = answer_to(command);
      if (!say(peer, answer)) return;
      if (command != "DATA" || !answer.starts_with("354")) continue;
      const auto text = peer.read_until("\r\n.\r\n");
      if (!text) return;
      {
        const std::lock_guard lock(mutex_);
        messages_.push_back(text->substr(0, text->size() - 3));
      }
      if (!say(peer, script_.final)) return;
    }
  }

  Script script_;
  std::mutex mutex_;
  std::vector<std::string> messages_;
  std::vector<std::string> commands_;
  LoopbackServer server_;
};

}  // namespace sense::test
