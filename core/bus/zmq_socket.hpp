// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "core/base/error.hpp"
#include "core/bus/keys.hpp"

// ZeroMQ functions that broker and client share; only core/bus and broker include this. Exceptions
// of libzmq are caught here. A socket is used by one thread at a time; nothing here blocks, but
// poll(), and bind of an ipc endpoint for the time of a local connect.
namespace sense::bus {

// A socket with the limits common to all sockets: message size, heartbeats, handshake time. Fails
// with nomoreroom when the process has no file descriptor left. The context must outlive the
// socket.
[[nodiscard]] Result<zmq::socket_t> make_socket(zmq::context_t& context, zmq::socket_type type,
                                                std::size_t message_max);
// What poll() waits for: that the socket can be read. A socket that is not there never can.
[[nodiscard]] zmq::pollitem_t readable(zmq::socket_t& socket);
// Waits until an item is ready, at most for `timeout`. A signal ends that early, with none ready. A
// failure (system) stays: the caller ends its loop, and says why.
[[nodiscard]] Status poll(std::span<zmq::pollitem_t> items, std::chrono::milliseconds timeout);
// Connects to the first of `endpoints`; by CURVE when it is tcp:// and plaintext is not allowed.
// Fails when its keys are missing or unusable.
[[nodiscard]] Status connect(zmq::socket_t& socket, const std::string& endpoints,
                             const BusKeys& keys);

// A listening endpoint and how its connections are authenticated: each by a ZAP request (ZeroMQ RFC
// 27) in the domain KIND/ROLE; without a reply the connection is refused.
struct Listener {
  std::string endpoint;
  std::string_view role;        // "service", "events" or "publish"
  std::string secret_key = {};  // empty: no CURVE
  [[nodiscard]] std::string domain() const;
};
// The kinds in a domain.
inline constexpr std::string_view listener_local = "local";          // ipc://
inline constexpr std::string_view listener_plaintext = "plaintext";  // tcp:// without CURVE
inline constexpr std::string_view listener_curve = "curve";

// Creates an ipc endpoint's folder (0700) when it is absent. One socket may have several listeners
// of different kinds.
[[nodiscard]] Status bind(zmq::socket_t& socket, const Listener& listener);
// The same without authentication, for sockets of tests and between threads of this process.
[[nodiscard]] Status bind(zmq::socket_t& socket, const std::string& endpoint);

// All frames of the next message; absent when none waits, or when the socket is broken, which is
// logged and which poll() reports. Never blocks. A message of more than 64 frames is returned
// without frames.
[[nodiscard]] std::optional<std::vector<zmq::message_t>> receive(zmq::socket_t& socket);
// What became of a message.
enum class Sent {
  queued,
  unsent,  // the queue is full; or the socket is not there, or broken, as with receive()
  gone     // the peer has disconnected
};
[[nodiscard]] Sent send(zmq::socket_t& socket, const std::vector<std::string_view>& frames);
// The same with a last frame that is not copied but kept alive until libzmq releases it.
[[nodiscard]] Sent send(zmq::socket_t& socket, const std::vector<std::string_view>& frames,
                        std::shared_ptr<const std::string> last);
[[nodiscard]] Sent forward(zmq::socket_t& socket, std::vector<zmq::message_t>& frames);

// The user id that the authenticator gave to the sender's connection; empty without authentication,
// and for libzmq's own notifications.
[[nodiscard]] std::string_view user_id(const zmq::message_t& frame);
// The address of the sender's connection: "192.0.2.7", or ":UID:GID:PID" through a Unix socket.
[[nodiscard]] std::string_view peer_address(const zmq::message_t& frame);

[[nodiscard]] inline std::string_view view(const zmq::message_t& frame) {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

}  // namespace sense::bus
