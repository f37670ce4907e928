// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "adapters/snmp/trap.hpp"
#include "adapters/snmp/trap_event.hpp"
#include "core/base/error.hpp"

namespace sense::snmp {

// Where to listen, as net-snmp writes it: "udp:127.0.0.1:162", "udp6:[::1]:162", or without "udp:".
// Addresses are numbers, so that nothing waits for a name server.
struct ListenAddress {
  bool ipv6 = false;
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

// "5.9.3", "5.9.3.rc1": whether a libsnmp of that version may parse what unauthenticated peers
// send. Older versions have known memory errors.
[[nodiscard]] bool version_is_safe(std::string_view version);

// One UDP socket and the net-snmp session on it. net-snmp is not thread-safe: everything on one
// thread, which for all listeners of a process must be the same.
class Listener {
 public:
  struct Handler {
    std::function<void(const snmp_pdu&, const Sender&)> message;
    std::function<void(const Sender&, const std::string& why)> malformed;
  };

  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(const ListenAddress& address,
                                                              std::int64_t receive_buffer,
                                                              Handler handler);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // The socket, to wait for input on. Owned by the session.
  [[nodiscard]] int descriptor() const;
  // Reads the datagrams that wait, at most `limit`, and passes each to the handler. Never blocks.
  void read(int limit);
  // A copy of a message that the handler got, from which to answer it later.
  [[nodiscard]] static PduOwner copy(const snmp_pdu& pdu);
  // Answers an inform (RFC 3416 section 4.2.7). Whether the answer was sent.
  bool answer(PduOwner inform);

  [[nodiscard]] const ListenAddress& address() const { return address_; }  // the port as bound
  [[nodiscard]] std::int64_t receive_buffer() const { return receive_buffer_; }  // as granted
  // Datagrams that the kernel dropped because the buffer was full.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Hooks;
  Listener(ListenAddress address, Handler handler)
      : address_(std::move(address)), handler_(std::move(handler)) {}
  [[nodiscard]] Status bind();
  [[nodiscard]] Status prepare_socket(std::int64_t receive_buffer);

  ListenAddress address_;
  Handler handler_;
  void* session_ = nullptr;
  std::int64_t receive_buffer_ = 0;
  std::string fault_;  // of the message being read
};

}  // namespace sense::snmp
