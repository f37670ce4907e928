// SPDX-License-Identifier: Apache-2.0
#include "broker/listeners/listener_check.hpp"

#include <zmq.h>

#include <array>
#include <cstring>
#include <optional>
#include <zmq.hpp>

#include "core/base/clock.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {

constexpr auto monitor_address = "inproc://listener-check";
constexpr int events_watched = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

zmq::socket_type type_for(std::string_view role) {
  if (role == "events") return zmq::socket_type::sub;
  return role == "publish" ? zmq::socket_type::pub : zmq::socket_type::dealer;
}

// The endpoint to connect to, on this machine, for one that is bound to all addresses.
std::string reachable(std::string endpoint) {
  for (const auto& [all, one] :
       {std::pair{"tcp://0.0.0.0:", "tcp://127.0.0.1:"}, std::pair{"tcp://[::]:", "tcp://[::1]:"}})
    if (endpoint.starts_with(all)) return one + endpoint.substr(std::strlen(all));
  return endpoint;
}

// The next event of a monitor.
std::optional<int> next_event(zmq::socket_t& monitor, std::chrono::milliseconds timeout) {
  std::array<zmq::pollitem_t, 1> items = {{{monitor.handle(), 0, ZMQ_POLLIN, 0}}};
  if (!bus::poll(items, timeout)) return std::nullopt;
  const auto frames = bus::receive(monitor);
  std::uint16_t event = 0;
  if (!frames || frames->empty() || frames->front().size() < sizeof event) return std::nullopt;
  std::memcpy(&event, frames->front().data(), sizeof event);
  return event;
}

}  // namespace

Status check_listener(const std::string& endpoint, std::string_view role,
                      const std::string& broker_key, const KeyPair& unknown_key,
                      std::chrono::milliseconds timeout) {
  const auto refuse = [&](const std::string& what) {
    return fail(Code::noaccess, "the test of " + endpoint + " with a random key " + what +
                                    ": the broker does not start, since the endpoint might accept "
                                    "unauthenticated peers; check that the authenticator works");
  };
  try {
    zmq::context_t context{1};
    auto made = bus::make_socket(context, type_for(role), 1024);
    if (!made) return refuse("cannot be run: " + made.error().message);
    auto socket = std::move(*made);
    socket.set(zmq::sockopt::curve_publickey, unknown_key.public_key);
    socket.set(zmq::sockopt::curve_secretkey, unknown_key.secret_key);
    socket.set(zmq::sockopt::curve_serverkey, broker_key);
    if (zmq_socket_monitor(socket.handle(), monitor_address, events_watched) != 0)
      return refuse(std::string("cannot be run: ") + zmq_strerror(zmq_errno()));
    zmq::socket_t monitor(context, zmq::socket_type::pair);
    monitor.set(zmq::sockopt::linger, 0);
    monitor.connect(monitor_address);
    socket.connect(reachable(endpoint));
    const auto deadline = mono_now() + timeout;
    for (auto left = timeout; left.count() > 0;
         left = std::chrono::ceil<std::chrono::milliseconds>(deadline - mono_now())) {
      const auto event = next_event(monitor, left);
      if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return {};
      if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return refuse("was accepted");
    }
    return refuse("had no result within " + std::to_string(timeout.count()) + " ms");
  } catch (const zmq::error_t& error) {
    return refuse(std::string("cannot be run: ") + error.what());
  }
}

}  // namespace sense
