#include "core/bus/zmq_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

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

Status connect(zmq::socket_t& socket, const std::string& endpoint) {
  try {
    socket.connect(endpoint);
  } catch (const zmq::error_t& error) {
    return fail(Code::badparam, "cannot connect to " + endpoint + ": " + error.what() +
                                    ": check section `bus` of the configuration");
  }
  return {};
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

bool send(zmq::socket_t& socket, const std::vector<std::string_view>& frames) {
  auto messages = copies_of(frames);
  return forward(socket, messages);
}

bool send(zmq::socket_t& socket, const std::vector<std::string_view>& frames,
          std::shared_ptr<const std::string> last) {
  const auto let_go = [](void*, void* kept) {
    delete static_cast<std::shared_ptr<const std::string>*>(kept);
  };
  const auto octets = std::string_view(*last);
  auto kept = std::make_unique<std::shared_ptr<const std::string>>(std::move(last));
  // libzmq reads it only.
  zmq::message_t message(const_cast<char*>(octets.data()), octets.size(), let_go, kept.get());
  static_cast<void>(kept.release());
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
