// SPDX-License-Identifier: Apache-2.0
#include "core/egress/policy.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/base/text.hpp"
#include "core/egress/network.hpp"

namespace sense {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct Denied {
  Network network;
  const char* what;
};

// IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), and a cloud's metadata service
// on a public address. The first entry that contains an address counts.
const std::vector<Denied>& denied() {
  static const auto entries = [] {
    std::vector<Denied> made;
    for (const auto& [text, what] : std::initializer_list<std::pair<const char*, const char*>>{
             {"0.0.0.0/8", "this network"},
             {"10.0.0.0/8", "a private network"},
             {"100.64.0.0/10", "a carrier's shared network"},
             {"127.0.0.0/8", "this host"},
             {"169.254.0.0/16", "link-local, where metadata services are"},
             {"172.16.0.0/12", "a private network"},
             {"192.0.0.0/24", "reserved for protocols"},
             {"192.0.2.0/24", "for documents only"},
             {"192.88.99.0/24", "the 6to4 relay"},
             {"192.168.0.0/16", "a private network"},
             {"198.18.0.0/15", "for benchmarks only"},
             {"198.51.100.0/24", "for documents only"},
             {"203.0.113.0/24", "for documents only"},
             {"168.63.129.16", "a metadata service"},
             {"224.0.0.0/4", "multicast"},
             {"255.255.255.255", "broadcast"},
             {"240.0.0.0/4", "reserved"},
             {"::1", "this host"},
             {"::", "no address"},
             {"ff00::/8", "multicast"},
             {"fe80::/10", "link-local"},
             {"fc00::/7", "a unique-local network"},
             {"2001::/23", "reserved for protocols"},
             {"2001:db8::/32", "for documents only"},
             {"3fff::/20", "for documents only"}})
      made.push_back({*Network::parse(text), what});
    return made;
  }();
  return entries;
}

const char* why_listed(const address& given) {
  for (const auto& entry : denied())
    if (entry.network.contains(given)) return entry.what;
  return nullptr;
}

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

// Of IPv6, only global unicast (2000::/3) and NAT64's well-known prefix lead to the public
// internet.
const char* why_denied(const address& given) {
  if (const auto* why = why_listed(given)) return why;
  if (given.is_v4()) return nullptr;
  const auto bytes = given.to_v6().to_bytes();
  const bool nat64 = starts_with(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  if ((bytes[0] & 0xe0U) != 0x20U && !nat64) return "not a public address";
  if (const auto inner = embedded(given.to_v6())) return why_listed(*inner);
  return nullptr;
}

// Services with ports from 1024 that act on what a web hook would send them, or show what they hold
// without a password: NFS, Docker, etcd, databases, remote desktops, SIP, message brokers, X11,
// Redis, IRC, Elasticsearch, kubelet, memcached. Those below 1024 are all refused but the web's
// own.
constexpr std::array<std::uint16_t, 32> reserved_ports = {
    1433, 1521, 2049, 2375, 2376,  2379,  2380,  3306,  3389,  4369, 5060,
    5061, 5432, 5672, 5900, 5984,  5985,  5986,  6000,  6379,  6667, 8500,
    9042, 9092, 9200, 9300, 10250, 10255, 11211, 25672, 27017, 27018};
static_assert(std::is_sorted(reserved_ports.begin(), reserved_ports.end()));

bool is_web_port(std::uint16_t port) {
  if (port < 1024) return port == 80 || port == 443;
  return !std::binary_search(reserved_ports.begin(), reserved_ports.end(), port);
}

Status refuse_port(std::uint16_t port) {
  return fail(Code::noaccess,
              "port " + std::to_string(port) +
                  " is not one that HTTP deliveries go to; to allow it, add the network with this "
                  "port to egress: allow: in the configuration file, e.g. 192.0.2.7:" +
                  std::to_string(port));
}

}  // namespace

struct EgressPolicy::Entry {
  Network network;
  std::optional<PortRange> ports;  // none: every port, and for HTTP those of the web

  [[nodiscard]] static Result<Entry> parse(std::string_view text);
  [[nodiscard]] bool names(std::uint16_t port) const { return ports && ports->contains(port); }
};

Result<EgressPolicy::Entry> EgressPolicy::Entry::parse(std::string_view text) {
  auto network_text = text;
  std::optional<PortRange> ports;
  const bool bracketed = text.starts_with('[');
  if (bracketed || std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = bracketed ? text.find("]:") : text.find(':');
    if (colon == std::string_view::npos) return fail(Code::badparam, "has no ports behind its ]");
    ports = PortRange::parse(text.substr(colon + (bracketed ? 2 : 1)));
    if (!ports) return fail(Code::badparam, "has no valid port, or range of ports");
    network_text = bracketed ? text.substr(1, colon - 1) : text.substr(0, colon);
  }
  auto network = Network::parse(network_text);
  if (!network) return tl::unexpected(network.error());
  return Entry{*network, ports};
}

template <class Match>
bool EgressPolicy::any_entry(Match match) const {
  return allowed_ && std::any_of(allowed_->begin(), allowed_->end(), match);
}

Result<EgressPolicy> EgressPolicy::make(const std::vector<std::string>& entries) {
  std::vector<Entry> allowed;
  for (const auto& text : entries) {
    auto entry = Entry::parse(text);
    if (!entry)
      return fail(Code::badparam, "egress allow: '" + printable(text.substr(0, 100)) + "' " +
                                      entry.error().message +
                                      "; write an address or a network such as 10.0.0.0/8 or "
                                      "fd00::/8, or with ports 10.0.0.0/8:443 or "
                                      "[fd00::/8]:8080-8090");
    allowed.push_back(std::move(*entry));
  }
  EgressPolicy policy;
  policy.allowed_ = std::make_shared<const std::vector<Entry>>(std::move(allowed));
  return policy;
}

Status EgressPolicy::check(const address& given, std::uint16_t port) const {
  const auto actual = unmapped(given);
  const char* why = why_denied(actual);
  if (why == nullptr) return {};
  const bool allowed = any_entry([&](const Entry& entry) {
    return entry.network.contains(actual) && (!entry.ports || entry.names(port));
  });
  if (allowed) return {};
  boost::system::error_code ignored;
  return fail(Code::noaccess, "the address " + actual.to_string(ignored) + " (" + why + "), port " +
                                  std::to_string(port) +
                                  ", is not allowed for deliveries; to allow it, add it or its "
                                  "network to egress: allow: in the configuration file");
}

Status EgressPolicy::check_http(const address& given, std::uint16_t port) const {
  if (auto status = check(given, port); !status || is_web_port(port)) return status;
  const auto actual = unmapped(given);
  const bool named = any_entry(
      [&](const Entry& entry) { return entry.names(port) && entry.network.contains(actual); });
  return named ? Status() : refuse_port(port);
}

Status EgressPolicy::check_http_port(std::uint16_t port) const {
  const bool named = any_entry([port](const Entry& entry) { return entry.names(port); });
  return is_web_port(port) || named ? Status() : refuse_port(port);
}

Status EgressPolicy::check_http_host(const std::string& host, std::uint16_t port) const {
  boost::system::error_code is_name;
  auto address = boost::asio::ip::make_address(host, is_name);
  const bool local = host == "localhost" || host.ends_with(".localhost");
  if (local) address = boost::asio::ip::address_v4::loopback();
  return is_name && !local ? check_http_port(port) : check_http(address, port);
}

}  // namespace sense
