// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/config/settings.hpp"
#include "core/sense/pause.hpp"

namespace sense::datagram {

// The parameters that the server chooses and clients can query (docs/sense-protocol.md, rule 5). A
// value; the functions here are pure.
struct Limits {
  std::uint32_t max_subscriptions = 10'000;
  std::uint32_t max_subscriptions_per_client = 16;   // of one address and port
  std::uint32_t max_subscriptions_per_host = 2'500;  // at its addresses, or owned by it
  std::uint32_t max_sources_per_subscription = 64;
  std::chrono::seconds max_period{86'400};
  std::uint32_t max_retries = 14;  // tries in all
  Duration retry_interval = std::chrono::seconds{1};
  Duration retry_span = std::chrono::minutes{5};
  std::uint32_t window = 32;            // events in flight for one subscription
  std::size_t max_message = 1'200;      // octets of a datagram
  std::uint32_t max_pending = 1'000;    // requests in progress, and as many verifications
  std::uint32_t rate = 1'000;           // requests per second of one host; 0: no limit
  std::uint32_t burst = 2'000;          // after a pause
  std::uint32_t unproved_rate = 5'000;  // replies per second to all unproved addresses; 0: no limit
  std::chrono::seconds key_window{
      60};  // largest difference between Time of a keyed message and our clock
  std::uint32_t dtls_sessions = 1'000;  // of one listener, handshakes included
  std::uint32_t dtls_sessions_per_host = 64;
  std::chrono::seconds dtls_handshake{10};  // deadline
  std::chrono::seconds dtls_idle{3'600};    // a session without a datagram from the client ends

  // As listed by PARAMETERS: durations in seconds, sizes in octets.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> shown() const;
  // The wait after try `attempt`, counted from 1, before jitter.
  [[nodiscard]] Duration pause_after(std::uint32_t attempt) const;
  // Tries that begin within retry-span, at most max-retries.
  [[nodiscard]] std::uint32_t tries() const;
  // Of max_subscriptions, what other machines leave to this one.
  [[nodiscard]] std::uint32_t reserve() const { return max_subscriptions / 8; }
  // The share of max_pending that one host may use.
  [[nodiscard]] std::uint32_t pending_per_host() const;
};

// The keys of this gateway in the configuration file.
[[nodiscard]] std::span<const Option> sense_options();
// REQUIRES: settings of sense_options().
[[nodiscard]] Limits limits_of(const Settings& settings);

// Seconds without trailing zeros: "0.25", "1".
[[nodiscard]] std::string seconds_text(Duration duration);

}  // namespace sense::datagram
