// SPDX-License-Identifier: Apache-2.0
#include "core/bus/zmq_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "core/base/text.hpp"
#include "core/bus/endpoints.hpp"

namespace sense::bus {

namespace {

constexpr std::size_t frames_max = 64;

// libzmq replaces the socket file of a running broker without a word, so we look first.
bool somebody_listens(const std::string& path) {
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
                    "broker's key file, and add the line that it printed to the broker's allow "
                    "file; or set bus.allow-plaintext-tcp to true if the network is yours");
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

// Octets that libzmq sends without a copy, and gives back in a thread of its own. `given` orders
// the two for those who cannot see into libzmq, which ThreadSanitizer cannot.
struct Lent {
  explicit Lent(std::shared_ptr<const std::string> kept) : octets(std::move(kept)) {}
  std::shared_ptr<const std::string> octets;
  std::atomic<bool> given = false;
};

}  // namespace

zmq::socket_t make_socket(zmq::context_t& context, zmq::socket_type type, std::size_t message_max) {
  zmq::socket_t socket(context, type);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(message_max));
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::heartbeat_ivl, 1000);
  socket.set(zmq::sockopt::heartbeat_timeout, 3000);
  socket.set(zmq::sockopt::handshake_ivl, 3000);
  socket.set(zmq::sockopt::reconnect_ivl, 50);
  socket.set(zmq::sockopt::reconnect_ivl_max, 1000);
  return socket;
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

std::string Door::domain() const {
  const auto kind = !secret_key.empty() ? door_curve
                    : is_tcp(endpoint)  ? door_plaintext
                                        : door_local;
  return std::string(kind) + "/" + std::string(role);
}

Status bind(zmq::socket_t& socket, const Door& door) {
  // What is set here holds for the next bind only, not for those that were before.
  socket.set(zmq::sockopt::zap_domain, door.domain());
  // Room for those who are known while strangers stand at the door in masses.
  socket.set(zmq::sockopt::backlog, 1024);
  // An authenticator that is not there lets nobody in. Of libzmq's headers, only the draft ones
  // name this option; the library has had it since 4.3.1.
  constexpr int zap_enforce_domain = 93;
  constexpr int yes = 1;
  if (zmq_setsockopt(socket.handle(), zap_enforce_domain, &yes, sizeof yes) != 0)
    return fail(Code::notyetimplemented,
                "this libzmq cannot keep strangers out when it has no authenticator: version 4.3.4 "
                "or later is needed");
  socket.set(zmq::sockopt::curve_server, door.secret_key.empty() ? 0 : 1);
  if (!door.secret_key.empty()) socket.set(zmq::sockopt::curve_secretkey, door.secret_key);
  return bind(socket, door.endpoint);
}

Status bind(zmq::socket_t& socket, const std::string& endpoint) {
  constexpr std::string_view ipc = "ipc://";
  try {
    if (endpoint.starts_with(ipc)) {
      const std::filesystem::path path(endpoint.substr(ipc.size()));
      if (somebody_listens(path.native()))
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
    // Read to its end, and let go as a whole: half a message is nobody's.
    if (count > frames_max) frames.clear();
    return frames;
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
}

std::string_view user_id(const zmq::message_t& frame) {
  const char* id = zmq_msg_gets(frame.handle(), "User-Id");
  return id != nullptr ? std::string_view(id) : std::string_view();
}

bool send(zmq::socket_t& socket, const std::vector<std::string_view>& frames) {
  auto messages = copies_of(frames);
  return forward(socket, messages);
}

bool send(zmq::socket_t& socket, const std::vector<std::string_view>& frames,
          std::shared_ptr<const std::string> last) {
  const auto let_go = [](void*, void* lent) {
    const std::unique_ptr<Lent> back(static_cast<Lent*>(lent));
    static_cast<void>(back->given.load(std::memory_order_acquire));
  };
  const auto octets = std::string_view(*last);
  auto lent = std::make_unique<Lent>(std::move(last));
  lent->given.store(true, std::memory_order_release);
  // libzmq reads it only.
  zmq::message_t message(const_cast<char*>(octets.data()), octets.size(), let_go, lent.get());
  static_cast<void>(lent.release());
  auto messages = copies_of(frames);
  messages.push_back(std::move(message));
  return forward(socket, messages);
}

bool forward(zmq::socket_t& socket, std::vector<zmq::message_t>& frames) {
  try {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto flags = i + 1 < frames.size()
                             ? zmq::send_flags::dontwait | zmq::send_flags::sndmore
                             : zmq::send_flags::dontwait;
      if (!socket.send(frames[i], flags)) return false;
    }
    return true;
  } catch (const zmq::error_t&) {
    return false;  // the peer is not there any more
  }
}

}  // namespace sense::bus
