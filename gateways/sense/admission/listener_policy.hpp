// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/egress/network.hpp"
#include "core/sense/message.hpp"
#include "gateways/sense/model/address.hpp"

namespace sense::datagram {

// What a listener lets in: the words behind its address in `listen`. A value.
struct ListenerPolicy {
  // Requests but PARAMETERS, and ACKs of keyed subscriptions, need a Mac.
  bool key_required = false;
  bool may_publish = true;
  bool may_register = true;
  // Datagrams from elsewhere are dropped; none: from everywhere. Of IP and IPX only.
  std::vector<Network> from;
  std::optional<std::uint32_t> rate;  // instead of the parameter `rate`; holds on this machine too

  [[nodiscard]] bool admits(const Endpoint& from) const;
  // noaccess, with the reason. `keyed`: the request has a Mac that proved its key.
  [[nodiscard]] Status may_request(Kind kind, bool keyed) const;
};

// "0.0.0.0:7367 key=required publish=no register=no from=10.0.0.0/8,fd00::/8 rate=50": an address
// as of parse_listen(), and words. Strict: an unknown word is refused with the nearest known one, a
// repeated one by name, and one that means nothing at such an address with the reason.
struct ListenEntry {
  std::string address;  // as it stands there: the listener's name
  Endpoint endpoint;
  ListenerPolicy policy;
};
[[nodiscard]] Result<ListenEntry> read_listen_entry(std::string_view text);

}  // namespace sense::datagram
