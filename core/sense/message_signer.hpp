// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/sense/message.hpp"
#include "core/sense/shared_keys.hpp"

namespace sense::datagram {

// The messages of a client with its key, or without one: signs what is sent, judges what is
// received, and keeps the difference between the server's clock and ours. Pure; one thread.
class MessageSigner {
 public:
  explicit MessageSigner(std::optional<SharedKey> key) : key_(std::move(key)) {}

  // Octets that signing adds; 0 without a key.
  [[nodiscard]] std::size_t trailer() const;
  // The octets of a message; signed when there is a key.
  [[nodiscard]] std::string octets_of(const Message& message, Timestamp now) const;

  // What the key says about a received message.
  enum class Authenticity {
    none,          // not of the server, as far as the key can tell: to be ignored
    refusal_only,  // a refusal by a server that does not know the key
    full,          // a valid Mac, or there is no key
  };
  // The age of a message is not judged: a reply is bound to a fresh tag, an event to a number that
  // is accepted once. VERIFY is never signed. REQUIRES: message is parse(octets).
  [[nodiscard]] Authenticity judge(const Message& message, std::string_view octets) const;

  // Sets our clock by an authenticated refusal that carries the server's time. False: it carries
  // none, or ours was right.
  [[nodiscard]] bool correct_clock(const Message& refusal, Timestamp now);

 private:
  std::optional<SharedKey> key_;
  Duration clock_offset_{0};  // server clock minus our clock, once known
};

}  // namespace sense::datagram
