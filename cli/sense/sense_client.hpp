// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "cli/sense/sense_socket.hpp"
#include "core/sense/client.hpp"

namespace sense::cli {

// The thin shell around a datagram::Client: one transport, one timer. Notices are handed out before
// anything is sent, so that what is acknowledged has been dealt with. The loop's thread; lives
// until the loop has ended.
class SenseShell {
 public:
  using OnNotice = std::function<void(const datagram::Notice&)>;

  // `on_silence`: the server's machine said that nobody listens there; may come often.
  SenseShell(SensePeer peer, datagram::ClientOptions options, OnNotice on_notice,
             std::function<void()> on_silence);
  SenseShell(const SenseShell&) = delete;
  SenseShell& operator=(const SenseShell&) = delete;

  [[nodiscard]] datagram::Client& client() { return client_; }
  // As URIs.
  [[nodiscard]] std::string local() const { return to_uri(peer_.transport->local()); }
  [[nodiscard]] std::string remote() const { return to_uri(peer_.server); }

  [[nodiscard]] const std::optional<datagram::SharedKey>& key() const { return peer_.key; }

  void receive();
  // What a call of client() answered.
  void handle(const datagram::Output& output);

 private:
  void take(const datagram::Output& output);
  void set_timer();

  SensePeer peer_;
  datagram::Client client_;
  OnNotice on_notice_;
  std::function<void()> on_silence_;
};

}  // namespace sense::cli
