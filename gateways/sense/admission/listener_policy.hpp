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

// Access policy of a listener: the options after its address in `listen`. A value.
struct ListenerPolicy {
  // All requests except PARAMETERS, and ACKs of keyed subscriptions, need a Mac.
  bool key_required = false;
  // All requests except PARAMETERS are refused here, where datagrams are in the clear.
  bool dtls_required = false;
  bool may_publish = true;
  bool may_register = true;
  // Datagrams from other addresses are dropped; empty: all are accepted. At most 64; IP and IPX
  // only.
  std::vector<Network> from;
  std::optional<std::uint32_t>
      rate;  // overrides the parameter `rate`; applies to local senders too

  [[nodiscard]] bool admits(const Endpoint& from) const;
  // noaccess, with the reason. `keyed`: the request is authenticated by a Mac.
  [[nodiscard]] Status may_request(Kind kind, bool keyed) const;
};

// "0.0.0.0:7367 key=required publish=no register=no from=10.0.0.0/8,fd00::/8 rate=50": an address
// as of parse_listen(), then options. Strict: an error names the nearest known option for an
// unknown one, an option given twice, or an option that does not apply to the kind of address.
struct ListenEntry {
  std::string address;  // as written: the name of the listener
  Endpoint endpoint;
  ListenerPolicy policy;
};
[[nodiscard]] Result<ListenEntry> read_listen_entry(std::string_view text);

}  // namespace sense::datagram
