// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "cli/sense/sense_socket.hpp"
#include "core/sense/client.hpp"

namespace sense::cli {

// A datagram::Client with one transport and one timer. Notices are delivered before anything is
// sent, so that an event is acknowledged after it was processed. The loop's thread; must live until
// the loop has ended.
class SenseClient {
 public:
  using OnNotice = std::function<void(const datagram::Notice&)>;

  // `on_silence`: the server's machine reported that the port is closed; may be called often.
  SenseClient(SenseSocket socket, datagram::ClientOptions options, OnNotice on_notice,
              std::function<void()> on_silence);
  SenseClient(const SenseClient&) = delete;
  SenseClient& operator=(const SenseClient&) = delete;

  [[nodiscard]] datagram::Client& protocol() { return protocol_; }
  // As URIs.
  [[nodiscard]] std::string local() const { return to_uri(socket_.transport->local()); }
  [[nodiscard]] std::string remote() const { return to_uri(socket_.server); }

  [[nodiscard]] const std::optional<datagram::SharedKey>& key() const { return socket_.key; }

  void receive();
  // Processes what a call of protocol() returned.
  void handle(const datagram::Output& output);

 private:
  void take(const datagram::Output& output);
  void set_timer();

  SenseSocket socket_;
  datagram::Client protocol_;
  OnNotice on_notice_;
  std::function<void()> on_silence_;
};

}  // namespace sense::cli
