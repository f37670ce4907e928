// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http/http_clients.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/text.hpp"
#include "tests/bench/harness/loopback.hpp"

namespace sense::bench {

namespace {

constexpr Duration answer_patience = std::chrono::seconds{30};
constexpr std::size_t read_octets = 64 * 1024;
constexpr std::size_t streams_at_once = 64;

tl::unexpected<Error> client_error(const char* what) {
  return fail(Code::system, std::string(what) + ": " + std::strerror(errno));
}

// The octets of a whole response at the beginning; 0: it is not all there. `ok`: its status is 2xx.
std::size_t response_length(std::string_view text, bool& ok) {
  const auto head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  ok = text.size() > 9 && text[9] == '2';
  constexpr std::string_view field = "Content-Length: ";
  const auto at = text.substr(0, head).find(field);
  std::size_t body = 0;
  if (at != std::string_view::npos) {
    const auto value = text.substr(at + field.size());
    body = parse_integer<std::size_t>(value.substr(0, value.find('\r'))).value_or(0);
  }
  const auto whole = head + 4 + body;
  return text.size() < whole ? 0 : whole;
}

}  // namespace

class HttpClients::Impl {
 public:
  explicit Impl(std::uint16_t port) : port_(port), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~Impl() {
    for (const auto& connection : connections_) ::close(connection.fd);
    ::close(poll_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status open(unsigned count) {
    const auto to = loopback(port_);
    for (unsigned i = 0; i < count; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0) return client_error("no socket for a client (raise the limit of open files)");
      connections_.push_back({fd, {}, false});
      if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        return client_error("a client cannot connect");
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u32 = static_cast<std::uint32_t>(connections_.size() - 1);
      if (::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) != 0)
        return client_error("a client cannot wait");
    }
    return {};
  }

  Result<std::string> ask(const std::string& request) {
    if (auto sent = send(connections_.front(), request); !sent) return tl::unexpected(sent.error());
    std::string body;
    for (bool answered = false; !answered;) {
      const auto good = wait([&](Connection& connection) -> Status {
        bool ok = false;
        const auto length = response_length(connection.in, ok);
        if (length == 0) return {};
        const auto head = connection.in.find("\r\n\r\n") + 4;
        body = connection.in.substr(head, length - head);
        connection.in.erase(0, length);
        answered = true;
        return ok ? Status() : fail(Code::commerror, "the gateway refused it: " + printable(body));
      });
      if (!good) return tl::unexpected(good.error());
    }
    return body;
  }

  Result<std::uint64_t> repeat(const std::string& request, Duration time) {
    const auto until = mono_now() + time;
    std::uint64_t answered = 0;
    std::size_t outstanding = 0;
    for (auto& connection : connections_) {
      if (auto sent = send(connection, request); !sent) return tl::unexpected(sent.error());
      ++outstanding;
    }
    while (outstanding > 0) {
      const auto good = wait([&](Connection& connection) -> Status {
        bool ok = false;
        const auto length = response_length(connection.in, ok);
        if (length == 0) return {};
        if (!ok)
          return fail(Code::commerror, "the gateway answered " + printable(connection.in.substr(
                                                                     0, connection.in.find('\r'))));
        connection.in.erase(0, length);
        if (mono_now() >= until) {
          --outstanding;
          return {};
        }
        ++answered;
        return send(connection, request);
      });
      if (!good) return tl::unexpected(good.error());
    }
    return answered;
  }

  Status begin_streams(const std::string& request) {
    std::size_t sent = 0, begun = 0;
    for (auto& connection : connections_) {
      if (connection.done) continue;
      if (auto good = send(connection, request); !good) return good;
      // The gateway has a bound for requests that wait.
      for (++sent; sent - begun > streams_at_once;)
        if (auto good = wait_for_heads(begun); !good) return good;
    }
    while (begun < sent)
      if (auto good = wait_for_heads(begun); !good) return good;
    return {};
  }

  Result<double> reach_all(const std::function<Status()>& send_event) {
    for (auto& connection : connections_) connection.done = false;
    const auto begin = mono_now();
    if (auto sent = send_event(); !sent) return tl::unexpected(sent.error());
    for (std::size_t reached = 0; reached < connections_.size();) {
      const auto good = wait([&](Connection& connection) -> Status {
        if (!connection.done && connection.in.find("data: ") != std::string::npos) {
          connection.done = true;
          ++reached;
        }
        connection.in.clear();
        return {};
      });
      if (!good) return tl::unexpected(good.error());
    }
    return std::chrono::duration<double>(mono_now() - begin).count();
  }

 private:
  struct Connection {
    int fd = -1;
    std::string in;
    bool done = false;
  };

  static Status send(const Connection& connection, const std::string& octets) {
    for (std::size_t sent = 0; sent < octets.size();) {
      const auto count =
          ::send(connection.fd, octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
      if (count < 0 && errno != EINTR) return client_error("a client cannot send");
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    return {};
  }

  Status wait_for_heads(std::size_t& begun) {
    return wait([&](Connection& connection) -> Status {
      if (connection.done || connection.in.find("\r\n\r\n") == std::string::npos) return {};
      if (connection.in.find(" 200 ") == std::string::npos)
        return fail(Code::commerror,
                    "a stream was refused: " + printable(connection.in.substr(0, 200)));
      connection.done = true;
      connection.in.clear();
      ++begun;
      return {};
    });
  }

  // Reads what is there, and calls for each connection that has got something.
  Status wait(const std::function<Status(Connection&)>& on_octets) {
    std::array<epoll_event, 256> events{};
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(answer_patience);
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(milliseconds.count()));
    if (count < 0 && errno != EINTR) return client_error("the clients cannot wait");
    if (count == 0) return fail(Code::timeout, "the gateway answered nothing for 30 s");
    static std::array<char, read_octets> buffer;
    for (int i = 0; i < count; ++i) {
      auto& connection = connections_[events[static_cast<std::size_t>(i)].data.u32];
      const auto octets = ::recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (octets == 0) return fail(Code::commerror, "the gateway closed a client's connection");
      if (octets < 0) continue;
      connection.in.append(buffer.data(), static_cast<std::size_t>(octets));
      if (auto good = on_octets(connection); !good) return good;
    }
    return {};
  }

  const std::uint16_t port_;
  const int poll_;
  std::vector<Connection> connections_;
};

HttpClients::HttpClients(std::uint16_t port) : impl_(std::make_unique<Impl>(port)) {}
HttpClients::~HttpClients() = default;
Status HttpClients::open(unsigned connections) { return impl_->open(connections); }
Result<std::string> HttpClients::ask(const std::string& request) { return impl_->ask(request); }
Result<std::uint64_t> HttpClients::repeat(const std::string& request, Duration time) {
  return impl_->repeat(request, time);
}
Status HttpClients::begin_streams(const std::string& request) {
  return impl_->begin_streams(request);
}
Result<double> HttpClients::reach_all(const std::function<Status()>& send) {
  return impl_->reach_all(send);
}

}  // namespace sense::bench
