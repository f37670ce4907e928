// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "core/base/error.hpp"
#include "core/bus/keys.hpp"

// The little of ZeroMQ that broker and client share; included only in .cpp files of core/bus and
// broker. libzmq's exceptions end here.
namespace sense::bus {

// A socket with the limits that every socket of ours has: message size, heartbeats, handshake time.
[[nodiscard]] zmq::socket_t make_socket(zmq::context_t& context, zmq::socket_type type,
                                        std::size_t message_max);
// To the first of `endpoints`; with CURVE when it is tcp:// and plaintext is not allowed. Fails
// when the keys for that are missing or cannot be used.
[[nodiscard]] Status connect(zmq::socket_t& socket, const std::string& endpoints,
                             const BusKeys& keys);

// How the connections of a listening endpoint are authenticated. All of them are asked about by ZAP
// (ZeroMQ RFC 27), in the domain KIND/ROLE; without an answer nobody gets in.
struct Door {
  std::string endpoint;
  std::string_view role;        // "service", "events" or "publish"
  std::string secret_key = {};  // empty: no CURVE
  [[nodiscard]] std::string domain() const;
};
// The kinds in a domain.
inline constexpr std::string_view door_local = "local";          // ipc://
inline constexpr std::string_view door_plaintext = "plaintext";  // tcp:// without CURVE
inline constexpr std::string_view door_curve = "curve";

// An ipc endpoint's folder is made (0700) when it is not there. One socket may have several doors,
// each of its own kind.
[[nodiscard]] Status bind(zmq::socket_t& socket, const Door& door);
// The same without authentication, for a socket that only tests or this process's threads reach.
[[nodiscard]] Status bind(zmq::socket_t& socket, const std::string& endpoint);

// All frames of the next message, or nothing when none waits. Never blocks. A message of more than
// 64 frames comes as none at all.
[[nodiscard]] std::optional<std::vector<zmq::message_t>> receive(zmq::socket_t& socket);
// False when the message would have to wait or the peer is gone: it is then not sent at all.
[[nodiscard]] bool send(zmq::socket_t& socket, const std::vector<std::string_view>& frames);
// Likewise, with a last frame that is not copied but kept until libzmq is done with it.
[[nodiscard]] bool send(zmq::socket_t& socket, const std::vector<std::string_view>& frames,
                        std::shared_ptr<const std::string> last);
[[nodiscard]] bool forward(zmq::socket_t& socket, std::vector<zmq::message_t>& frames);

// Who sent it, as the authenticator said; empty when nobody was asked, or libzmq made it itself.
[[nodiscard]] std::string_view user_id(const zmq::message_t& frame);

[[nodiscard]] inline std::string_view view(const zmq::message_t& frame) {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

}  // namespace sense::bus
