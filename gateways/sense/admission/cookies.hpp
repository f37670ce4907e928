// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "gateways/sense/model/address.hpp"

namespace sense::datagram {

// Proofs that an address can receive what is sent to it, made and checked without memory of anyone:
// a MAC over the whole address, whatever its kind, and a time window. Valid for five to ten
// minutes. 20 characters, of which one says the window and 19 are the MAC, 114 bits: short enough
// that an answer to the shortest SOURCES stays within three times its octets.
class Cookies {
 public:
  // `key`: 32 unguessable octets, new at every start. A cookie from before is simply not valid, and
  // its owner is given another.
  explicit Cookies(std::string key) : key_(std::move(key)) {}

  enum class Age {
    none,     // not ours, or not for this address and port
    old,      // was good within the last hour: no proof, but nobody guessed it
    current,  // good
  };
  [[nodiscard]] std::string make(const Endpoint& endpoint, MonoTime now) const;
  [[nodiscard]] Age judge(std::string_view cookie, const Endpoint& endpoint, MonoTime now) const;

 private:
  [[nodiscard]] std::string make_for(const Endpoint& endpoint, std::int64_t window) const;
  std::string key_;
};

}  // namespace sense::datagram
