// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/sense/address.hpp"

// Sends and receives SENSE/1 datagrams: the only interface to sockets (docs/transports.md).
namespace sense::datagram {

// What a session below SENSE/1 has proved about the other side: of DTLS. A value. A session that
// was made without a shared key and without a client certificate proves its address alone.
struct SessionIdentity {
  std::string key;                      // name of the shared key; "": none
  std::string certificate_subject;      // of the verified client certificate, RFC 2253; "": none
  std::string certificate_fingerprint;  // its SHA-256, 64 hexadecimal digits; "": none
};

// One received datagram. The octets are valid during the handler's call only.
struct Datagram {
  std::string_view octets;
  Endpoint from;
  bool cut = false;  // it was longer than TransportOptions::octets_max
  std::shared_ptr<const SessionIdentity> session;  // null: none, the datagram came by itself
};

// A multicast group of UDP that serves as LocalTalk cable (LToUDP), and the IPv4 address of the
// interface of this machine on it; 0.0.0.0: the kernel chooses.
struct DdpGroup {
  boost::asio::ip::address_v4 group{0xefc04c54U};  // 239.192.76.84
  std::uint16_t port = 1954;
  boost::asio::ip::address_v4 interface;
  // "239.192.76.84:1954", "239.192.76.84:1954@127.0.0.1".
  [[nodiscard]] static Result<DdpGroup> parse(std::string_view text);
};

// How a transport is opened. A value; each kind of transport reads the members that concern it.
struct TransportOptions {
  std::size_t octets_max = 65'507;  // longest datagram that is received whole
  // The only remote address. Where the system supports it, it then drops datagrams of other senders
  // and reports when no socket listens there.
  std::optional<Endpoint> peer;
  std::size_t receive_buffer = 4 * 1024 * 1024;  // octets requested of the kernel; 0: its default
  unsigned unix_mode = 0660;                     // of the socket file
  std::uint16_t ipx_port = 213;                  // UDP port of all nodes of the IPX network
  DdpGroup ddp_group;
};

// A bound socket that sends and receives batches. One thread: the reactor's. Never blocks: a
// datagram that cannot be sent at once is dropped and counted, as in a network; the protocol
// repeats it. Counters, each sense.datagrams.NAME: `sent`, `send-failed`, `kernel-drops` (the
// receive buffer was full), `unanswerable` (the sender has no address for a reply), `misframed`
// (not valid IPX or DDP), `foreign` (for another node or socket of IPX or DDP).
class Transport {
 public:
  // The datagrams received together, at least one. The handler may send, flush and close; it must
  // not destroy the transport.
  using OnBatch = std::function<void(std::span<const Datagram> batch)>;
  // No socket listens at TransportOptions::peer; may be called often, also from within flush().
  using OnRefused = std::function<void()>;

  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Starts receiving. Call once.
  virtual void start(OnBatch on_batch, OnRefused on_refused = {}) = 0;
  // Queues one datagram; a full queue is flushed. A datagram longer than sendable_max() or to
  // another kind of address is counted as failed.
  virtual void send(const Endpoint& to, std::string_view octets) = 0;
  // Sends the queued datagrams. One that cannot be sent does not delay the others.
  virtual void flush() = 0;
  // Our address, with the port chosen by the system.
  [[nodiscard]] virtual const Endpoint& local() const = 0;
  [[nodiscard]] virtual std::size_t sendable_max() const = 0;  // octets of one datagram
  // Nothing is sent, and no handler is called, from now on; a socket file is removed.
  virtual void close() = 0;

 protected:
  Transport() = default;
};

// Binds `own`: port or socket 0 is any; so is node 0 of DDP. The error names the address and the
// reason. `reactor` and `counters` must outlive the transport.
[[nodiscard]] Result<std::unique_ptr<Transport>> open_transport(boost::asio::io_context& reactor,
                                                                const Endpoint& own,
                                                                const TransportOptions& options,
                                                                Counters& counters);

}  // namespace sense::datagram
