// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sense/gateway_system.hpp"

#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "core/base/check.hpp"
#include "tests/bench/harness/loopback.hpp"
#include "tests/bench/harness/work_folder.hpp"

namespace sense::bench {

namespace {

constexpr unsigned registrations_at_once = 512;
constexpr std::size_t batch = 64;
constexpr int buffer_octets = 8 * 1024 * 1024;
constexpr std::size_t datagram_max = 2048;

std::string source_of_client(std::uint64_t client) {
  return "//bench.example/" + std::to_string(client);
}

tl::unexpected<Error> socket_error(const char* what) {
  return fail(Code::system, std::string(what) + ": " + std::strerror(errno));
}

// Closes itself.
struct UdpSocket {
  int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  UdpSocket() = default;
  ~UdpSocket() { ::close(fd); }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
};

}  // namespace

void GatewaySystem::Unmap::operator()(Shared* shared) const { ::munmap(shared, sizeof(Shared)); }

GatewaySystem::GatewaySystem(Setup setup) : setup_(std::move(setup)) {
  auto* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  SENSE_CHECK(memory != MAP_FAILED);
  shared_.reset(new (memory) Shared);
}

std::string GatewaySystem::more_config() const {
  return "gateways:\n  sense:\n    listen: [\"127.0.0.1:" + std::to_string(port_) +
         "\"]\n    window: 1024\n    max-subscriptions: 1000000\n    max-pending: 100000\n    "
         "backlog-max: 10000000\n    waiting-per-owner-max: 0\n";
}

// In turn, so that every client gets its share; the first events warm up.
std::string GatewaySystem::source_of(std::uint64_t number) const {
  return source_of_client(number % setup_.clients);
}

Result<pid_t> GatewaySystem::start(const Workload& workload, Children& children) {
  const auto port = free_port();
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  if (auto broker = BusSystem::start(workload, children); !broker) return broker;
  return start_sense(children, {"gateway", "sense"}, config_file, setup_.plugins);
}

Status GatewaySystem::subscribe(const Workload&, Receiver& receiver) {
  LoadGenerator generator(setup_.clients, port_, setup_.network, shared_->events_sent);
  const auto begun = now_ns();
  const auto good = generator.register_all(
      [](unsigned client) {
        return "Type: " + std::string(type_text()) + "\nSource: " + source_of_client(client) + "\n";
      },
      registrations_at_once);
  if (!good) return good;
  shared_->registration_ns = now_ns() - begun;
  generator.receive([&](std::string_view data) { receiver.take(data); });
}

Result<pid_t> UdpSystem::start(const Workload&, Children&) {
  const auto port = free_port();
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  return ::getpid();
}

Status UdpSystem::publish(const Workload& workload, Sender& sender) {
  const UdpSocket socket;
  const auto to = loopback(port_);
  if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    return socket_error("no socket to send from");
  std::array<std::array<char, datagram_max>, batch> octets{};
  std::array<iovec, batch> parts{};
  std::array<mmsghdr, batch> messages{};
  for (std::size_t i = 0; i < batch; ++i) {
    parts[i] = {octets[i].data(), workload.octets};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  std::size_t filled = 0;
  const auto put = [&](std::string_view data) {
    std::memcpy(octets[filled++].data(), data.data(), std::min(data.size(), datagram_max));
  };
  const auto flush = [&] {
    ::sendmmsg(socket.fd, messages.data(), static_cast<unsigned>(std::exchange(filled, 0)), 0);
  };
  sender.warm_up([&](std::string_view probe) {
    put(probe);
    flush();
  });
  while (const auto data = sender.next()) {
    put(*data);
    sender.acknowledged();
    if (filled == batch) flush();
  }
  if (filled > 0) flush();
  return {};
}

Status UdpSystem::subscribe(const Workload&, Receiver& receiver) {
  const UdpSocket socket;
  const auto at = loopback(port_);
  if (::bind(socket.fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    return socket_error("no socket to receive at");
  if (::setsockopt(socket.fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_octets, sizeof buffer_octets) !=
      0)
    ::setsockopt(socket.fd, SOL_SOCKET, SO_RCVBUF, &buffer_octets, sizeof buffer_octets);
  std::array<std::array<char, datagram_max>, batch> octets{};
  std::array<iovec, batch> parts{};
  std::array<mmsghdr, batch> messages{};
  for (std::size_t i = 0; i < batch; ++i) {
    parts[i] = {octets[i].data(), octets[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    const int count = ::recvmmsg(socket.fd, messages.data(), batch, MSG_WAITFORONE, nullptr);
    if (count < 0 && errno != EINTR) return socket_error("receiving failed");
    for (int i = 0; i < count; ++i)
      receiver.take({octets[static_cast<std::size_t>(i)].data(),
                     messages[static_cast<std::size_t>(i)].msg_len});
  }
}

}  // namespace sense::bench
