// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "core/http/connection.hpp"

namespace sense::http {

class Channel;

// What a handshake of TLS comes to. A failed one is counted and, once in ten minutes for an address
// and a reason, logged.
enum class Handshake {
  done,
  plain,   // the client speaks plain HTTP; the channel is without TLS now
  failed,  // or header_timeout has passed
};

// REQUIRES: the channel has TLS, and outlives the call of `done`.
void shake_hands(std::shared_ptr<Service> service, Channel& channel,
                 std::function<void(Handshake)> done);

}  // namespace sense::http
