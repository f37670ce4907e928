// SPDX-License-Identifier: Apache-2.0
#include "core/bus/zmq_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/bus/endpoints.hpp"

namespace sense::bus {

namespace {

constexpr std::size_t frames_max = 64;

// libzmq silently replaces the socket file of a running broker, so this is checked first.
bool is_listened_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path || path.front() == '@') return false;
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool connected =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN || errno == EINPROGRESS;
  ::close(fd);
  return connected;
}

std::vector<zmq::message_t> copies_of(const std::vector<std::string_view>& frames) {
  std::vector<zmq::message_t> messages;
  messages.reserve(frames.size() + 1);
  for (const auto frame : frames) messages.emplace_back(frame.data(), frame.size());
  return messages;
}

Status set_keys(zmq::socket_t& socket, const std::string& endpoint, const BusKeys& keys) {
  if (keys.key_file.empty() || keys.broker_key.empty())
    return fail(Code::badparam,
                "cannot connect to " + endpoint +
                    " without keys: run `sense keys new NAME --file FILE`, set bus.key-file to "
                    "that FILE and bus.broker-key to what `sense keys show` prints for the "
                    "broker's key file, and add the line that it printed to the broker's access "
                    "file; or set bus.allow-plaintext-tcp to true if the network is trusted");
  const auto own = read_key_file(keys.key_file);
  if (!own) return tl::unexpected(own.error());
  const auto broker = valid_key(keys.broker_key) ? Result<std::string>(keys.broker_key)
                                                 : read_public_key(keys.broker_key);
  if (!broker) return fail(broker.error().code, "bus.broker-key: " + broker.error().message);
  socket.set(zmq::sockopt::curve_publickey, own->public_key);
  socket.set(zmq::sockopt::curve_secretkey, own->secret_key);
  socket.set(zmq::sockopt::curve_serverkey, *broker);
  return {};
}

// Octets that libzmq sends without a copy and releases in its own thread. `given` orders the two
// threads for ThreadSanitizer, which does not see the synchronisation within libzmq.
struct Lent {
  explicit Lent(std::shared_ptr<const std::string> kept) : octets(std::move(kept)) {}
  std::shared_ptr<const std::string> octets;
  std::atomic<bool> given = false;
};

// What is left out here is reported by poll(), which ends the loop of the socket.
void note_broken(const char* what, const zmq::error_t& error) {
  static log::RateLimiter log_limit{std::chrono::seconds{10}};
  if (error.num() == EINTR) return;
  if (const auto line = log_limit.check(what, mono_now()); line.allowed)
    log::error(std::string("cannot ") + what + " a socket of the bus",
               {{"reason", error.what()}, {"suppressed", std::to_string(line.suppressed)}});
}

}  // namespace

Result<zmq::socket_t> make_socket(zmq::context_t& context, zmq::socket_type type,
                                  std::size_t message_max) {
  try {
    zmq::socket_t socket(context, type);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(message_max));
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::heartbeat_ivl, 1000);
    socket.set(zmq::sockopt::heartbeat_timeout, 3000);
    socket.set(zmq::sockopt::handshake_ivl, 3000);
    socket.set(zmq::sockopt::reconnect_ivl, 50);
    socket.set(zmq::sockopt::reconnect_ivl_max, 1000);
    return socket;
  } catch (const zmq::error_t& error) {
    return fail(error.num() == EMFILE ? Code::nomoreroom : Code::system,
                std::string("a socket of the bus cannot be made: ") + error.what() +
                    ": raise the limit of open files (LimitNOFILE, ulimit -n)");
  }
}

zmq::pollitem_t readable(zmq::socket_t& socket) {
  // poll(2) ignores a negative descriptor.
  return {socket.handle(), socket.handle() == nullptr ? -1 : 0, ZMQ_POLLIN, 0};
}

Status poll(std::span<zmq::pollitem_t> items, std::chrono::milliseconds timeout) {
  try {
    zmq::poll(items.data(), items.size(), timeout);
    return {};
  } catch (const zmq::error_t& error) {
    for (auto& item : items) item.revents = 0;
    if (error.num() == EINTR) return {};
    return fail(Code::system, std::string("the sockets of the bus are broken: ") + error.what());
  }
}

Status connect(zmq::socket_t& socket, const std::string& endpoints, const BusKeys& keys) {
  const auto endpoint = client_endpoint(endpoints);
  if (is_tcp(endpoint) && !keys.plaintext_tcp)
    if (auto status = set_keys(socket, endpoint, keys); !status) return status;
  try {
    socket.connect(endpoint);
  } catch (const zmq::error_t& error) {
    return fail(Code::badparam, "cannot connect to " + endpoint + ": " + error.what() +
                                    ": check section `bus` of the configuration");
  }
  return {};
}

std::string Listener::domain() const {
  const auto kind = !secret_key.empty() ? listener_curve
                    : is_tcp(endpoint)  ? listener_plaintext
                                        : listener_local;
  return std::string(kind) + "/" + std::string(role);
}

Status bind(zmq::socket_t& socket, const Listener& listener) {
  // Options apply to the following bind only.
  socket.set(zmq::sockopt::zap_domain, listener.domain());
  // Room for clients with keys while many unauthenticated peers connect.
  socket.set(zmq::sockopt::backlog, 1024);
  // Refuses all connections when there is no authenticator. The library has this option
  // since 4.3.1; only the draft headers declare it.
  constexpr int zap_enforce_domain = 93;
  constexpr int yes = 1;
  if (zmq_setsockopt(socket.handle(), zap_enforce_domain, &yes, sizeof yes) != 0)
    return fail(
        Code::notyetimplemented,
        "this libzmq cannot refuse unauthenticated peers when it has no authenticator: version "
        "4.3.4 or later is needed");
  socket.set(zmq::sockopt::curve_server, listener.secret_key.empty() ? 0 : 1);
  if (!listener.secret_key.empty()) socket.set(zmq::sockopt::curve_secretkey, listener.secret_key);
  return bind(socket, listener.endpoint);
}

Status bind(zmq::socket_t& socket, const std::string& endpoint) {
  constexpr std::string_view ipc = "ipc://";
  try {
    if (endpoint.starts_with(ipc)) {
      const std::filesystem::path path(endpoint.substr(ipc.size()));
      if (is_listened_on(path.native()))
        return fail(Code::addrnotavail, "cannot listen on " + endpoint +
                                            ": another process does: stop it, or set another "
                                            "endpoint in section `bus` of the configuration");
      const auto folder = path.parent_path();
      if (!folder.empty() && std::filesystem::create_directories(folder))
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
    }
    socket.bind(endpoint);
  } catch (const std::exception& error) {
    return fail(Code::addrnotavail,
                "cannot listen on " + endpoint + ": " + error.what() +
                    ": is another broker running, or is the endpoint in section "
                    "`bus` of the configuration wrong?");
  }
  return {};
}

std::optional<std::vector<zmq::message_t>> receive(zmq::socket_t& socket) {
  try {
    std::vector<zmq::message_t> frames;
    std::size_t count = 0;
    bool more = true;
    while (more) {
      zmq::message_t frame;
      if (!socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
      more = frame.more();
      count += 1;
      if (count <= frames_max) frames.push_back(std::move(frame));
    }
    // Read to its end and dropped as a whole.
    if (count > frames_max) frames.clear();
    return frames;
  } catch (const zmq::error_t& error) {
    note_broken("receive from", error);
    return std::nullopt;
  }
}

std::string_view user_id(const zmq::message_t& frame) {
  const char* id = zmq_msg_gets(frame.handle(), "User-Id");
  return id != nullptr ? std::string_view(id) : std::string_view();
}

std::string_view peer_address(const zmq::message_t& frame) {
  const char* address = zmq_msg_gets(frame.handle(), "Peer-Address");
  return address != nullptr ? std::string_view(address) : std::string_view();
}

Sent send(zmq::socket_t& socket, const std::vector<std::string_view>& frames) {
  auto messages = copies_of(frames);
  return forward(socket, messages);
}

Sent send(zmq::socket_t& socket, const std::vector<std::string_view>& frames,
          std::shared_ptr<const std::string> last) {
  const auto release = [](void*, void* lent) {
    const std::unique_ptr<Lent> back(static_cast<Lent*>(lent));
    static_cast<void>(back->given.load(std::memory_order_acquire));
  };
  const auto octets = std::string_view(*last);
  auto lent = std::make_unique<Lent>(std::move(last));
  lent->given.store(true, std::memory_order_release);
  // libzmq does not write to it.
  zmq::message_t message(const_cast<char*>(octets.data()), octets.size(), release, lent.get());
  static_cast<void>(lent.release());
  auto messages = copies_of(frames);
  messages.push_back(std::move(message));
  return forward(socket, messages);
}

Sent forward(zmq::socket_t& socket, std::vector<zmq::message_t>& frames) {
  if (socket.handle() == nullptr) return Sent::unsent;
  try {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto flags = i + 1 < frames.size()
                             ? zmq::send_flags::dontwait | zmq::send_flags::sndmore
                             : zmq::send_flags::dontwait;
      if (!socket.send(frames[i], flags)) return Sent::unsent;
    }
    return Sent::queued;
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH) return Sent::gone;
    note_broken("send to", error);
    return Sent::unsent;
  }
}

}  // namespace sense::bus
