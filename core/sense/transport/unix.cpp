// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/sense/transport/socket.hpp"

// Unix datagram sockets: an address is the path of a socket file.
namespace sense::datagram {

namespace {

class UnixTransport final : public SocketTransport {
 public:
  UnixTransport(boost::asio::io_context& reactor, const TransportOptions& options,
                Counters& counters)
      : SocketTransport(reactor, options, {}, counters) {
    buffer_of_peer_ = true;
  }
  ~UnixTransport() override { close(); }

  Status open(const Endpoint& own) {
    local_ = own;
    if (auto status = open_socket(AF_UNIX); !status) return status;
    // Linux creates the file with the mode of the socket: no access is possible before chmod().
    (void)::fchmod(socket_.handle(), options_.unix_mode);
    const SocketAddress address(own);
    if (auto status = remove_stale(address); !status) return status;
    if (auto status = socket_.bind(address); !status) return status;
    struct stat file {};
    if (::lstat(own.path().c_str(), &file) == 0) file_ = {file.st_dev, file.st_ino};
    if (::chmod(own.path().c_str(), options_.unix_mode) < 0) return socket_.cannot_bind(errno);
    return {};
  }

 protected:
  std::optional<std::size_t> wrap(Outgoing outgoing) override {
    if (outgoing.to.kind() != TransportKind::unix_path) return std::nullopt;
    outgoing.address = SocketAddress(outgoing.to);
    return 0;
  }

  bool unwrap(std::string_view octets, const SocketAddress& from, Datagram& datagram) override {
    datagram.octets = octets;
    datagram.from = from.endpoint();
    // A sender without a name, or with a name that is not a path, cannot be answered.
    if (datagram.from.kind() == TransportKind::unix_path) return true;
    ++unanswerable_;
    return false;
  }

  void on_close() override {
    struct stat file {};
    const auto& path = local_.path();
    // Only our own file: another process may have replaced it.
    if (file_.second != 0 && ::lstat(path.c_str(), &file) == 0 &&
        file_ == std::pair(file.st_dev, file.st_ino))
      ::unlink(path.c_str());
  }

 private:
  // Removes the file that a killed process left: a socket without a receiver.
  Status remove_stale(const SocketAddress& address) {
    struct stat file {};
    if (::lstat(address.path.sun_path, &file) < 0) return {};
    if (!S_ISSOCK(file.st_mode))
      return fail(Code::addrnotavail, "cannot bind " + to_uri(local_) +
                                          ": a file there is not a socket; remove it, or "
                                          "choose another path");
    const int probe = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool lives = probe >= 0 && ::connect(probe, &address.any, address.length) == 0;
    const int error = errno;
    if (probe >= 0) ::close(probe);
    if (lives || error != ECONNREFUSED) return socket_.cannot_bind(lives ? EADDRINUSE : error);
    if (::unlink(address.path.sun_path) < 0) return socket_.cannot_bind(errno);
    return {};
  }

  std::pair<dev_t, ino_t> file_{};
};

}  // namespace

Result<std::unique_ptr<Transport>> open_unix(boost::asio::io_context& reactor, const Endpoint& own,
                                             const TransportOptions& options, Counters& counters) {
  auto transport = std::make_unique<UnixTransport>(reactor, options, counters);
  if (auto status = transport->open(own); !status) return tl::unexpected(status.error());
  return transport;
}

}  // namespace sense::datagram
