// SPDX-License-Identifier: Apache-2.0
#include "core/egress/network.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace sense {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;

using Bytes16 = boost::asio::ip::address_v6::bytes_type;

bool same_prefix_v6(const Bytes16& left, const Bytes16& right, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(left.begin(), left.begin() + whole, right.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((left[whole] ^ right[whole]) >> (8 - rest)) == 0;
}

}  // namespace

bool same_prefix(std::uint32_t left, std::uint32_t right, unsigned bits) {
  return bits == 0 || ((left ^ right) >> (32 - bits)) == 0;
}

address unmapped(const address& given) {
  if (!given.is_v6() || !given.to_v6().is_v4_mapped()) return given;
  const auto bytes = given.to_v6().to_bytes();
  return address_v4({bytes[12], bytes[13], bytes[14], bytes[15]});
}

Result<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  Network network;
  network.address_ = boost::asio::ip::make_address(std::string(text.substr(0, slash)), error);
  if (error || text.find('%') != std::string_view::npos)
    return fail(Code::badparam, "is neither an address nor a network");
  const unsigned most = network.address_.is_v4() ? 32 : 128;
  network.bits_ = most;
  if (slash != std::string_view::npos) {
    const auto length = text.substr(slash + 1);
    const auto* const last = length.data() + length.size();
    const auto [end, wrong] = std::from_chars(length.data(), last, network.bits_);
    if (wrong != std::errc{} || end != last || network.bits_ > most)
      return fail(Code::badparam, "has no valid prefix length");
  }
  if (network.address_.is_v6() && network.address_.to_v6().is_v4_mapped() && network.bits_ >= 96) {
    network.address_ = unmapped(network.address_);
    network.bits_ -= 96;
  }
  return network;
}

bool Network::contains(const address& given) const {
  const auto actual = unmapped(given);
  if (address_.is_v4() != actual.is_v4()) return false;
  if (actual.is_v4())
    return same_prefix(address_.to_v4().to_uint(), actual.to_v4().to_uint(), bits_);
  return same_prefix_v6(address_.to_v6().to_bytes(), actual.to_v6().to_bytes(), bits_);
}

}  // namespace sense
