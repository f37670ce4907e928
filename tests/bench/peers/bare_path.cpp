// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/harness/loopback.hpp"
#include "tests/bench/harness/system_under_test.hpp"

// What the machine can do at most: events of one length, through one program, over TCP, with
// nothing done to them. With SENSE_SYNCS what has arrived together is written to a file and synced
// before it is passed on and acknowledged; without, nothing is stored and nothing acknowledged.
// Both wait for a slow reader, and lose nothing.
namespace sense::bench {

namespace {

constexpr bool syncs = SENSE_SYNCS != 0;
constexpr std::size_t piece = 64 * 1024;  // written at once by a publisher that has as much
constexpr std::size_t read_octets = 1024 * 1024;

tl::unexpected<Error> failed(const std::string& what) {
  return fail(Code::system, what + ": " + std::strerror(errno));
}

// Closes itself.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

  [[nodiscard]] bool write_all(std::string_view octets) const {
    while (!octets.empty()) {
      const auto sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

 private:
  int fd_;
};

void send_at_once(const Socket& socket) {
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Says what it is by its first octet.
Result<Socket> connect_as(char role, std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto to = loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    return failed("no connection");
  send_at_once(socket);
  if (!socket.write_all({&role, 1})) return failed("no connection");
  return socket;
}

// One publisher, and subscribers that each get all that comes from then on. Until killed.
class Relay {
 public:
  [[nodiscard]] Status run(std::uint16_t port) {
    const int on = 1;
    ::setsockopt(listener_.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto at = loopback(port);
    if (::bind(listener_.fd(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
        ::listen(listener_.fd(), SOMAXCONN) != 0)
      return failed("no listener");
    if (syncs && file_.fd() < 0) return failed("no file");
    for (;;)
      if (auto good = once(); !good) return good;
  }

 private:
  Status once() {
    std::array<pollfd, 2> ready{
        {{listener_.fd(), POLLIN, 0}, {publisher_ ? publisher_->fd() : -1, POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return failed("poll");
    if (ready[0].revents != 0) accept_one();
    return ready[1].revents != 0 ? pass_on() : Status();
  }

  void accept_one() {
    Socket peer(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    char role = 0;
    if (peer.fd() < 0 || ::recv(peer.fd(), &role, 1, 0) != 1) return;
    send_at_once(peer);
    if (role == 'P')
      publisher_ = std::move(peer);
    else
      subscribers_.push_back(std::move(peer));
  }

  Status pass_on() {
    const auto size = ::recv(publisher_->fd(), buffer_.data(), buffer_.size(), 0);
    if (size <= 0) {
      publisher_.reset();
      return {};
    }
    const std::string_view octets(buffer_.data(), static_cast<std::size_t>(size));
    if (syncs &&
        (::write(file_.fd(), octets.data(), octets.size()) != size || ::fdatasync(file_.fd()) != 0))
      return failed("the file cannot be written");
    for (const auto& subscriber : subscribers_) (void)subscriber.write_all(octets);
    stored_ += octets.size();
    std::array<char, sizeof stored_> told{};
    std::memcpy(told.data(), &stored_, sizeof stored_);
    if (syncs && !publisher_->write_all({told.data(), told.size()})) publisher_.reset();
    return {};
  }

  Socket listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Socket file_{syncs ? ::open("events", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1};
  std::optional<Socket> publisher_;
  std::vector<Socket> subscribers_;
  std::string buffer_ = std::string(read_octets, '\0');
  std::uint64_t stored_ = 0;
};

// Its connection; events that are alike in length, so that counting octets counts them.
class Publisher {
 public:
  Publisher(Socket socket, const Workload& workload, Sender& sender)
      : socket_(std::move(socket)), workload_(workload), sender_(sender) {}

  Status run() {
    bool good = true;
    sender_.warm_up([&](std::string_view probe) {
      probes_ += probe.size();
      good = good && socket_.write_all(probe);
    });
    while (const auto data = sender_.next()) {
      waiting_ += *data;
      sent_ += data->size();
      if (workload_.kind == Workload::Kind::throughput && waiting_.size() < piece) continue;
      good = good && flush() && hear(workload_.kind == Workload::Kind::sync);
    }
    good = good && flush() && hear(true);
    return good ? Status() : failed("the relay hung up");
  }

 private:
  bool flush() {
    const bool good = socket_.write_all(waiting_);
    waiting_.clear();
    return good;
  }

  // What is acknowledged; `all`: until everything is.
  bool hear(bool all) {
    while (syncs) {
      std::uint64_t stored = 0;
      const bool wait = all && told_ < probes_ + sent_;
      const auto size = ::recv(socket_.fd(), &stored, sizeof stored,
                               wait ? MSG_WAITALL : MSG_DONTWAIT | MSG_PEEK);
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return false;
      if (size < static_cast<ssize_t>(sizeof stored) && !wait) return true;
      if (!wait && ::recv(socket_.fd(), &stored, sizeof stored, 0) != sizeof stored) return false;
      told_ = stored;
      const auto events = (told_ - std::min(told_, probes_)) / workload_.octets;
      if (events > acknowledged_) sender_.acknowledged(events - acknowledged_);
      acknowledged_ = std::max(acknowledged_, events);
    }
    return true;
  }

  const Socket socket_;
  const Workload& workload_;
  Sender& sender_;
  std::string waiting_;
  std::uint64_t probes_ = 0;  // octets, as the next two
  std::uint64_t sent_ = 0;
  std::uint64_t told_ = 0;
  std::uint64_t acknowledged_ = 0;  // events
};

class BarePath final : public SystemUnderTest {
 public:
  std::string absent(const Workload& workload) override {
    const bool acknowledges = syncs || workload.kind != Workload::Kind::sync;
    return acknowledges ? "" : "it acknowledges nothing";
  }

  Result<pid_t> start(const Workload&, Children& children) override {
    const auto port = free_port();
    if (!port) return tl::unexpected(port.error());
    port_ = *port;
    auto relay = children.run("relay", [this] { return Relay().run(port_); });
    if (!relay) return relay;
    if (auto open = await_port(children, port_); !open) return tl::unexpected(open.error());
    return relay;
  }

  Status publish(const Workload& workload, Sender& sender) override {
    auto socket = connect_as('P', port_);
    if (!socket) return tl::unexpected(socket.error());
    return Publisher(std::move(*socket), workload, sender).run();
  }

  Status subscribe(const Workload& workload, Receiver& receiver) override {
    const auto socket = connect_as('S', port_);
    if (!socket) return tl::unexpected(socket.error());
    std::string buffer(read_octets, '\0');
    std::size_t filled = 0;
    for (;;) {
      const auto size = ::recv(socket->fd(), buffer.data() + filled, buffer.size() - filled, 0);
      if (size <= 0) return failed("the relay hung up");
      filled += static_cast<std::size_t>(size);
      std::size_t read = 0;
      for (; filled - read >= workload.octets; read += workload.octets)
        receiver.take({buffer.data() + read, workload.octets});
      std::memmove(buffer.data(), buffer.data() + read, filled - read);
      filled -= read;
    }
  }

 private:
  std::uint16_t port_ = 0;
};

}  // namespace

}  // namespace sense::bench

int main(int argc, char** argv) {
  sense::bench::BarePath system;
  return sense::bench::run_system({argv + 1, argv + argc}, system);
}
