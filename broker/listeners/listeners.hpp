// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/bus/endpoints.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

// The listeners of the broker: endpoints and their authentication. A value that holds a secret.
struct Listeners {
  std::vector<bus::Listener> service;
  std::vector<bus::Listener> events;
  std::vector<bus::Listener> publish;
  std::string public_key;  // of the broker; empty when no listener uses CURVE
};

// Reads the key file, if an endpoint needs it. Fails, naming the commands to run, when a tcp://
// endpoint needs the broker's key and the key is missing or unusable.
[[nodiscard]] Result<Listeners> make_listeners(const BusEndpoints& endpoints,
                                               const std::string& key_file,
                                               const std::string& access_file);

// Runs check_listener for each listener with CURVE; each blocks for at most its timeout.
[[nodiscard]] Status check_listeners(const Listeners& listeners, const KeyPair& unknown_key);

}  // namespace sense
