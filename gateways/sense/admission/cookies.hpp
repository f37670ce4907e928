// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "gateways/sense/model/address.hpp"

namespace sense::datagram {

// Return-routability proofs, made and checked without per-client state: a MAC over the whole
// address, of any kind, and a time window. Valid for five to ten minutes. 20 characters: one names
// the window, 19 are the MAC (114 bits). That is short enough for a reply to the shortest SOURCES
// to stay within three times its octets. Pure; any thread.
class Cookies {
 public:
  // `key`: 32 unguessable octets, new at every start. Cookies of an earlier start are invalid;
  // their clients get new ones.
  explicit Cookies(std::string key) : key_(std::move(key)) {}

  // How good a cookie is.
  enum class Age {
    none,     // not issued here, or for another address or port
    old,      // expired within the last hour: no proof, but issued here
    current,  // valid
  };
  [[nodiscard]] std::string make(const Endpoint& endpoint, MonoTime now) const;
  [[nodiscard]] Age judge(std::string_view cookie, const Endpoint& endpoint, MonoTime now) const;

 private:
  [[nodiscard]] std::string make_for(const Endpoint& endpoint, std::int64_t window) const;
  std::string key_;
};

}  // namespace sense::datagram
