// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/sense/transport/transport.hpp"

// What all transports have in common: batches in and out of one datagram socket of the system.
namespace sense::datagram {

// An address as the system wants it. Length 0: none.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in four;
    sockaddr_in6 six;
    sockaddr_un path;
  };
  socklen_t length = 0;

  SocketAddress() : path{} {}
  // REQUIRES: an address of IP, or a path.
  explicit SocketAddress(const Endpoint& endpoint);
  // Kind none when it is neither of IP nor an absolute path.
  [[nodiscard]] Endpoint endpoint() const;
};

// Owned, used and closed as Transport says. A derived class opens and binds the socket in a
// function of its own, and says how a datagram of SENSE travels in one of the socket's.
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
  struct Shape {
    std::size_t header_max = 0;  // octets that stand before a datagram's own
    std::size_t sendable_max = 65'507;
  };
  SocketTransport(boost::asio::io_context& reactor, const TransportOptions& options, Shape shape,
                  Counters& counters);

  // Where a datagram of `size` octets goes, and what stands before it: writes both and answers how
  // many octets the header has. Nothing: it cannot be sent there.
  struct Outgoing {
    const Endpoint& to;
    std::size_t size;
    char* header;
    SocketAddress& address;
  };
  [[nodiscard]] virtual std::optional<std::size_t> wrap(Outgoing outgoing) = 0;
  // Reads what the socket received, which may have been cut; false: it is not handed on.
  [[nodiscard]] virtual bool unwrap(std::string_view octets, const SocketAddress& from,
                                    Datagram& datagram) = 0;
  // The socket is closed after this.
  virtual void on_close() {}

  // The steps of opening. The errors are sentences about `what_`.
  [[nodiscard]] Status open_socket(int family);
  [[nodiscard]] Status bind_socket(const SocketAddress& address);
  [[nodiscard]] Status set_option(int level, int option, const void* value, socklen_t size);
  [[nodiscard]] Status set_option(int level, int option, int value) {
    return set_option(level, option, &value, sizeof(value));
  }
  [[nodiscard]] SocketAddress bound_to();
  // "cannot bind sense://...: ", and why the system said no.
  [[nodiscard]] tl::unexpected<Error> cannot_bind(int error) const;
  [[nodiscard]] static std::string system_text(int error);
  [[nodiscard]] int socket() { return descriptor_.native_handle(); }

  const TransportOptions options_;
  Endpoint local_;  // what others know us by; until it is bound, what is wanted
  // The socket is connected: what became of an earlier datagram is told when the next is sent.
  bool connected_ = false;
  // A full buffer is that of one receiver, and the next may have room.
  bool buffer_of_peer_ = false;
  Counters::Counter& unanswerable_;
  Counters::Counter& misframed_;
  Counters::Counter& foreign_;

 private:
  struct Inbox;
  struct Outbox;
  void set_buffer_sizes(int family);
  void wait();
  void drain();
  // How many the socket gave; nothing: it has no more.
  std::optional<std::size_t> receive();
  void deliver_batch(std::size_t count);
  void count_drops(msghdr& header);
  // What the system could not send: how many datagrams are skipped for it.
  [[nodiscard]] std::size_t skip_failed(int error, bool again);

  boost::asio::posix::stream_descriptor descriptor_;
  const Shape shape_;
  std::unique_ptr<Inbox> in_;
  std::unique_ptr<Outbox> out_;
  OnBatch on_batch_;
  OnRefused on_refused_;
  bool peer_unreachable_ = false;  // noticed while flushing, to be told behind it
  std::uint32_t kernel_drops_seen_ = 0;
  Counters::Counter& kernel_drops_;
  Counters::Counter& sent_;
  Counters::Counter& send_failed_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

// The kinds of transport, each in a file of its own. `own` is of that kind.
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
