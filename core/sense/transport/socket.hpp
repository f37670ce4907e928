// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/sense/transport/system_socket.hpp"
#include "core/sense/transport/transport.hpp"

// Common part of all transports: batches in and out of one datagram socket of the system. Reactor
// thread only.
namespace sense::datagram {

// Ownership, use and closing as in Transport. A derived class opens and binds the socket, and
// defines how a datagram of SENSE is framed in one of the socket.
class SocketTransport : public Transport {
 public:
  ~SocketTransport() override;

  void start(OnBatch on_batch, OnRefused on_refused) override;
  void send(const Endpoint& to, std::string_view octets) override;
  void flush() override;
  [[nodiscard]] const Endpoint& local() const override { return local_; }
  [[nodiscard]] std::size_t sendable_max() const override { return shape_.sendable_max; }
  void close() override;

 protected:
  // What a kind of transport adds to a datagram, and how long one may be. Octets.
  struct Shape {
    std::size_t header_max = 0;  // octets before those of a datagram
    std::size_t sendable_max = 65'507;
  };
  SocketTransport(boost::asio::io_context& reactor, const TransportOptions& options, Shape shape,
                  Counters& counters);

  // Writes the destination and the header of a datagram of `size` octets; returns the size of the
  // header. Nothing: it cannot be sent to that address.
  struct Outgoing {
    const Endpoint& to;
    std::size_t size;
    char* header;
    SocketAddress& address;
  };
  [[nodiscard]] virtual std::optional<std::size_t> wrap(Outgoing outgoing) = 0;
  // Reads a received packet, which may have been cut; false: nothing is passed on.
  [[nodiscard]] virtual bool unwrap(std::string_view octets, const SocketAddress& from,
                                    Datagram& datagram) = 0;
  // Called before the socket is closed.
  virtual void on_close() {}

  // Opens socket_ for our address.
  [[nodiscard]] Status open_socket(int family) {
    return socket_.open(family, local_, options_.receive_buffer);
  }

  const TransportOptions options_;
  SystemSocket socket_;
  Endpoint local_;  // our address; until it is bound, the requested one
  // The socket is connected: errors of an earlier datagram are reported when the next one is sent.
  bool connected_ = false;
  // A full buffer belongs to one receiver; datagrams to others may still be sent.
  bool buffer_of_peer_ = false;
  Counters::Counter& unanswerable_;
  Counters::Counter& misframed_;
  Counters::Counter& foreign_;

 private:
  struct Inbox;
  struct Outbox;
  void wait();
  void drain();
  // Number of datagrams received; nothing: none are left.
  std::optional<std::size_t> receive();
  void deliver_batch(std::size_t count);
  void count_drops(msghdr& header);
  // Handles an error of sending; returns how many datagrams to skip.
  [[nodiscard]] std::size_t skip_failed(int error, bool again);

  const Shape shape_;
  std::unique_ptr<Inbox> in_;
  std::unique_ptr<Outbox> out_;
  OnBatch on_batch_;
  OnRefused on_refused_;
  bool peer_unreachable_ = false;  // set while flushing, reported afterwards
  std::uint32_t kernel_drops_seen_ = 0;
  Counters::Counter& kernel_drops_;
  Counters::Counter& sent_;
  Counters::Counter& send_failed_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

// The kinds of transport, each in its own file. `own` is of that kind.
[[nodiscard]] Result<std::unique_ptr<Transport>> open_udp(boost::asio::io_context& reactor,
                                                          const Endpoint& own,
                                                          const TransportOptions& options,
                                                          Counters& counters);
[[nodiscard]] Result<std::unique_ptr<Transport>> open_unix(boost::asio::io_context& reactor,
                                                           const Endpoint& own,
                                                           const TransportOptions& options,
                                                           Counters& counters);
[[nodiscard]] Result<std::unique_ptr<Transport>> open_ipx(boost::asio::io_context& reactor,
                                                          const Endpoint& own,
                                                          const TransportOptions& options,
                                                          Counters& counters);
[[nodiscard]] Result<std::unique_ptr<Transport>> open_ddp(boost::asio::io_context& reactor,
                                                          const Endpoint& own,
                                                          const TransportOptions& options,
                                                          Counters& counters);

}  // namespace sense::datagram
