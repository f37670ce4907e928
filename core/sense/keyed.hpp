// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/sense/message.hpp"
#include "core/sense/shared_keys.hpp"

// Messages that are authenticated with a shared key: their last properties are Time, Key and Mac
// (docs/sense-protocol.md, rule 6). Pure functions: any thread.
namespace sense::datagram {

// Octets that Time, Key and Mac add to a message.
[[nodiscard]] std::size_t trailer_size(std::string_view key_name);

// The octets of serialize() with Time, Key and Mac added. REQUIRES: they have none yet.
[[nodiscard]] std::string sign(std::string_view octets, const SharedKey& key, WallTime time);

// Whether a message claims to be keyed: it has Key or Mac.
[[nodiscard]] bool is_keyed(const Message& message);

// The claims of a keyed message, not authenticated yet. Views into the octets.
struct Claim {
  std::string key;  // its name
  WallTime time;    // when it was sent: the last Time property
  std::string mac;
  std::string_view head;  // covered by the Mac: all octets before its line ...
  std::string_view data;  // ... and the data
};

// REQUIRES: `message` is parse(octets). protoerror: one of the three is missing, unreadable or
// misplaced.
[[nodiscard]] Result<Claim> read_claim(const Message& message, std::string_view octets);

// Whether the Mac is valid for this secret. Constant time.
[[nodiscard]] bool proves(const Claim& claim, std::string_view secret);

}  // namespace sense::datagram
