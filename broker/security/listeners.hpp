// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/bus/endpoints.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

// Where the broker listens, and how each of these endpoints is guarded.
struct Doors {
  std::vector<bus::Door> service;
  std::vector<bus::Door> events;
  std::vector<bus::Door> publish;
  std::string public_key;  // of the broker; empty when no door needs one
};

// Fails, and says which commands to run, when a tcp:// endpoint needs the broker's key and there is
// none, or it cannot be used.
[[nodiscard]] Result<Doors> make_doors(const BusEndpoints& endpoints, const std::string& key_file,
                                       const std::string& allow_file);

// Tries each door that has a lock with a key that nobody has; see check_door.
[[nodiscard]] Status check_doors(const Doors& doors, const KeyPair& stranger);

}  // namespace sense
