// SPDX-License-Identifier: Apache-2.0
#include "core/egress/policy.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "core/base/text.hpp"
#include "core/egress/network.hpp"

namespace sense {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct Denied4 {
  std::uint32_t network;
  unsigned bits;
  const char* what;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

// IANA IPv4 Special-Purpose Address Registry (RFC 6890), and a cloud's metadata service on a public
// address.
constexpr std::array<Denied4, 17> denied_v4 = {{
    {v4(0, 0, 0, 0), 8, "this network"},
    {v4(10, 0, 0, 0), 8, "a private network"},
    {v4(100, 64, 0, 0), 10, "a carrier's shared network"},
    {v4(127, 0, 0, 0), 8, "this host"},
    {v4(169, 254, 0, 0), 16, "link-local, where metadata services are"},
    {v4(172, 16, 0, 0), 12, "a private network"},
    {v4(192, 0, 0, 0), 24, "reserved for protocols"},
    {v4(192, 0, 2, 0), 24, "for documents only"},
    {v4(192, 88, 99, 0), 24, "the 6to4 relay"},
    {v4(192, 168, 0, 0), 16, "a private network"},
    {v4(198, 18, 0, 0), 15, "for benchmarks only"},
    {v4(198, 51, 100, 0), 24, "for documents only"},
    {v4(203, 0, 113, 0), 24, "for documents only"},
    {v4(168, 63, 129, 16), 32, "a metadata service"},
    {v4(224, 0, 0, 0), 4, "multicast"},
    {v4(255, 255, 255, 255), 32, "broadcast"},
    {v4(240, 0, 0, 0), 4, "reserved"},
}};

using Bytes16 = address_v6::bytes_type;

bool starts_with(const Bytes16& bytes, std::initializer_list<unsigned> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                    [](unsigned left, unsigned char right) { return left == right; });
}

address_v4 embedded_at(const Bytes16& bytes, std::size_t at) {
  return address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

// The IPv4 address that a translator or tunnel would deliver to: NAT64 (RFC 6052), 6to4 (RFC 3056),
// IPv4-compatible (RFC 4291 section 2.5.5.1), ISATAP (RFC 5214 section 6.1).
std::optional<address_v4> embedded(const address_v6& given) {
  const auto bytes = given.to_bytes();
  if (starts_with(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}))
    return embedded_at(bytes, 12);
  if (starts_with(bytes, {0x20, 0x02})) return embedded_at(bytes, 2);
  const bool compatible = starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const bool isatap =
      (bytes[8] & 0xfcU) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
  if (compatible || isatap) return embedded_at(bytes, 12);
  return std::nullopt;
}

const char* why_denied(const address_v4& given) {
  for (const auto& entry : denied_v4)
    if (same_prefix(given.to_uint(), entry.network, entry.bits)) return entry.what;
  return nullptr;
}

// Only global unicast (2000::/3) and NAT64's well-known prefix lead to the public internet, except
// for the ranges of the IANA IPv6 Special-Purpose Address Registry within them.
const char* why_denied(const address_v6& given) {
  const auto bytes = given.to_bytes();
  if (given.is_loopback()) return "this host";
  if (given.is_unspecified()) return "no address";
  if (given.is_multicast()) return "multicast";
  if (given.is_link_local()) return "link-local";
  if ((bytes[0] & 0xfeU) == 0xfcU) return "a unique-local network";
  const bool nat64 = starts_with(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  if ((bytes[0] & 0xe0U) != 0x20U && !nat64) return "not a public address";
  if (starts_with(bytes, {0x20, 0x01}) && (bytes[2] & 0xfeU) == 0) return "reserved for protocols";
  if (starts_with(bytes, {0x20, 0x01, 0x0d, 0xb8})) return "for documents only";
  if (starts_with(bytes, {0x3f, 0xff}) && (bytes[2] & 0xf0U) == 0) return "for documents only";
  if (const auto inner = embedded(given)) return why_denied(*inner);
  return nullptr;
}

}  // namespace

Result<EgressPolicy> EgressPolicy::make(const std::vector<std::string>& networks) {
  std::vector<Network> allowed;
  for (const auto& text : networks) {
    const auto network = Network::parse(text);
    if (!network)
      return fail(Code::badparam,
                  "egress allow: '" + printable(text.substr(0, 100)) + "' " +
                      network.error().message +
                      "; write an address or a network such as 10.0.0.0/8 or fd00::/8");
    allowed.push_back(*network);
  }
  EgressPolicy policy;
  policy.allowed_ = std::make_shared<const std::vector<Network>>(std::move(allowed));
  return policy;
}

Status EgressPolicy::check(const address& given) const {
  const auto actual = unmapped(given);
  const char* why = actual.is_v4() ? why_denied(actual.to_v4()) : why_denied(actual.to_v6());
  if (why == nullptr) return {};
  const auto allowed = [&](const Network& network) { return network.contains(actual); };
  if (allowed_ && std::any_of(allowed_->begin(), allowed_->end(), allowed)) return {};
  boost::system::error_code ignored;
  return fail(Code::noaccess, "the address " + actual.to_string(ignored) + " (" + why +
                                  ") is not allowed for deliveries; to allow it, add it or its "
                                  "network to egress: allow: in the configuration file");
}

}  // namespace sense
