// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"

// What a subscriber may expect of a callback's scheme, in the taxonomy of Khare and Rifkin's survey
// of 1998 (docs/writing-a-gateway.md). Pure values; any thread.
namespace sense {

// Which side begins each exchange.
enum class Initiator { gateway, subscriber, either };
// What is between the gateway and the subscriber.
enum class Intermediation { none, relays, store_and_forward };
// What "delivered" means: it was written, the next relay has it, the subscriber has it.
enum class Acknowledgement { none, relay, subscriber };
// The strongest that deliveries may have: nothing; a proof of who sent them; secrecy too on each
// connection; or on the whole way, across relays.
enum class Privacy { none, signature, tls, end_to_end };
// How a callback agrees to deliveries: it is the one that asks, the operator has named it, or it
// has answered a question that it alone got.
enum class Consent { implied, configuration, challenge };

// Two spans; lowest <= highest.
struct Bounds {
  Duration lowest{0};
  Duration highest{0};
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

// What one scheme can do. A value, also of static data.
struct Capabilities {
  // From the broker's journal to where it is acknowledged, while nothing fails.
  Bounds latency;
  // Likewise of a digest, from the end of its window. Absent: there are no digests.
  std::optional<Bounds> digest_latency = {};
  Initiator initiator = Initiator::gateway;
  Intermediation intermediation = Intermediation::none;
  Acknowledgement acknowledgement = Acknowledgement::none;
  Privacy privacy = Privacy::none;
  Consent consent = Consent::challenge;
  std::uint64_t payload_max = 0;  // octets of an event's data
  // How often a subscriber asks: not sooner and not later again than this. Absent: never.
  std::optional<Bounds> poll = {};

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

// A callback's scheme, as a gateway declares it. Static data.
struct Scheme {
  std::string_view name;  // lower case
  Capabilities capabilities;
};

[[nodiscard]] std::string_view to_text(Initiator initiator);
[[nodiscard]] std::string_view to_text(Intermediation intermediation);
[[nodiscard]] std::string_view to_text(Acknowledgement acknowledgement);
[[nodiscard]] std::string_view to_text(Privacy privacy);
[[nodiscard]] std::string_view to_text(Consent consent);

// {"latency":{"lowest":"1ms","highest":"1s"},...}; absent members are left out.
[[nodiscard]] std::string to_json(const Capabilities& capabilities);
// Members that are unknown are ignored. Absent: one that is needed is missing or cannot be read.
[[nodiscard]] std::optional<Capabilities> capabilities_from_json(JsonView json);

}  // namespace sense
