// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bus/plain_subscriber.hpp"

#include <zmq.hpp>

namespace sense::bench {

Status subscribe_plainly(const std::string& endpoint, const BusKeys& keys,
                         const std::string& prefix, const std::function<void()>& on_message) {
  try {
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::sub);
    socket.set(zmq::sockopt::subscribe, prefix);
    if (!keys.key_file.empty()) {
      const auto own = read_key_file(keys.key_file);
      const auto broker = read_public_key(keys.broker_key);
      if (!own) return tl::unexpected(own.error());
      if (!broker) return tl::unexpected(broker.error());
      socket.set(zmq::sockopt::curve_serverkey, *broker);
      socket.set(zmq::sockopt::curve_publickey, own->public_key);
      socket.set(zmq::sockopt::curve_secretkey, own->secret_key);
    }
    socket.connect(endpoint);
    for (zmq::message_t frame;;)
      if (socket.recv(frame) && !frame.more()) on_message();
  } catch (const zmq::error_t& error) {
    return fail(Code::commerror, "cannot subscribe at " + endpoint + ": " + error.what());
  }
}

}  // namespace sense::bench
