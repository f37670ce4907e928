// SPDX-License-Identifier: Apache-2.0
#include "core/egress/network.hpp"

#include <string>

#include "core/base/text.hpp"

namespace sense {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;

address unmapped(const address& given) {
  if (!given.is_v6() || !given.to_v6().is_v4_mapped()) return given;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, given.to_v6());
}

Result<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  const auto written = boost::asio::ip::make_address(std::string(text.substr(0, slash)), error);
  if (error || text.find('%') != std::string_view::npos)
    return fail(Code::badparam, "is neither an address nor a network");
  const unsigned short most = written.is_v4() ? 32 : 128;
  auto bits = slash == std::string_view::npos
                  ? most
                  : parse_integer<unsigned short>(text.substr(slash + 1), 0, most);
  if (!bits) return fail(Code::badparam, "has no valid prefix length");
  const auto address = *bits + 32 >= most ? unmapped(written) : written;
  Network network;
  if (address.is_v6())
    network.range_ = V6(address.to_v6(), *bits).canonical();
  else
    network.range_ = V4(address.to_v4(), written.is_v4() ? *bits : *bits - 96).canonical();
  return network;
}

bool Network::contains(const address& given) const {
  const auto actual = unmapped(given);
  if (const auto* range = std::get_if<V6>(&range_))
    return actual.is_v6() && V6(actual.to_v6(), range->prefix_length()).canonical() == *range;
  const auto& range = std::get<V4>(range_);
  return actual.is_v4() && V4(actual.to_v4(), range.prefix_length()).canonical() == range;
}

std::optional<PortRange> PortRange::parse(std::string_view text) {
  constexpr std::uint16_t port_max = 65535;
  const auto dash = text.find('-');
  const auto first = parse_integer<std::uint16_t>(text.substr(0, dash), 1, port_max);
  const auto last = dash == std::string_view::npos
                        ? first
                        : parse_integer<std::uint16_t>(text.substr(dash + 1), 1, port_max);
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{*first, *last};
}

}  // namespace sense
