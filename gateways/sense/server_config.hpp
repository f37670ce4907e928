// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sense/transport/transport.hpp"
#include "gateways/sense/admission/listener_policy.hpp"
#include "gateways/sense/delivery/encoder.hpp"
#include "gateways/sense/model/actions.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// What a Server is made with. A value; lists are by listener.
struct ServerConfig {
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  Limits limits;
  std::vector<Listener> listeners;
  std::vector<ListenerPolicy> policies;  // a missing one is the default
  std::vector<SharedKey> keys;
  FetchLocation fetch;
  std::string cookie_key;  // 32 unguessable octets
  std::uint64_t seed = 0;  // of the jitter of retries
  // Further parameters of the service, listed after those of the limits.
  std::function<Parameters()> parameters;

  [[nodiscard]] const ListenerPolicy& policy_of(const Peer& from) const {
    static const ListenerPolicy none;
    return from.listener < policies.size() ? policies[from.listener] : none;
  }
  // "": the listener has no name.
  [[nodiscard]] std::string_view name_of(const Peer& from) const {
    return from.listener < listeners.size() ? std::string_view(listeners[from.listener].name) : "";
  }
};

// The sender of a request.
struct Requester {
  Peer from;
  // Name of the key that it proved, by a Mac or by its DTLS session; "": none.
  std::string key;
  // Its DTLS session, with the client certificate if there is one; null: none.
  std::shared_ptr<const SessionIdentity> session = {};
};

}  // namespace sense::datagram
