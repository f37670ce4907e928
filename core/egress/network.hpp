// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "core/base/error.hpp"

namespace sense {

// A CIDR network, or a single address. A value. IPv4-mapped IPv6 counts as IPv4.
class Network {
 public:
  // Parses "10.0.0.0/8", "192.0.2.7", "fd00::/8". The error is the end of a sentence.
  [[nodiscard]] static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;

 private:
  using V4 = boost::asio::ip::network_v4;
  using V6 = boost::asio::ip::network_v6;
  std::variant<V4, V6> range_;  // canonical: the bits behind the prefix are 0
};

// Ports from `first` to `last`, both included. A value.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  // Parses "443" and "8080-8090"; nothing when it is neither.
  [[nodiscard]] static std::optional<PortRange> parse(std::string_view text);
  [[nodiscard]] bool contains(std::uint16_t port) const { return first <= port && port <= last; }
};

// The address as the kernel treats it: ::ffff:a.b.c.d is a.b.c.d.
[[nodiscard]] boost::asio::ip::address unmapped(const boost::asio::ip::address& given);

}  // namespace sense
