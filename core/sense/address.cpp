// SPDX-License-Identifier: Apache-2.0
#include "core/sense/address.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/sense/message.hpp"

namespace sense::datagram {

namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

constexpr std::string_view scheme = "sense://";
constexpr std::string_view dtls_scheme = "sense+dtls://";
constexpr char dtls_bit = 0x40;  // in the octet of the kind
constexpr std::uint64_t ddp_socket_max = 254;

// Big-endian, the order of all these protocols.
template <class Octets>
void put(Octets& octets, std::size_t at, std::size_t size, std::uint64_t value) {
  for (std::size_t i = 0; i < size; ++i)
    octets[at + i] = static_cast<unsigned char>(value >> (8 * (size - 1 - i)));
}

std::uint64_t get(const std::array<unsigned char, 16>& octets, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8U | octets[at + i];
  return value;
}

// Characters that RFC 3986 allows in a path, except some that could be misread.
bool plain(char c) {
  return is_alphanumeric(c) || std::string_view("/-._~+,=:").find(c) != std::string_view::npos;
}

template <class Number>
std::optional<Number> read_number(std::string_view text, int base, std::size_t digits_max,
                                  std::uint64_t max) {
  if (text.size() > digits_max) return std::nullopt;
  return parse_integer<Number>(text, 0, static_cast<Number>(max), base);
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(Code::badparam, "'" + printable(text.substr(0, 200)) +
                                  "' is not an address of SENSE: " + std::string(why));
}

Result<Endpoint> parse_path(std::string_view text, const Uri& uri) {
  const auto path = percent_decode(uri.path);
  if (!path || !uri.query.empty() || !Endpoint::may_be_path(*path))
    return refuse(text, "a path is absolute, at most 107 octets long, and without NUL");
  return Endpoint::at_path(*path);
}

// Fast path for sense://192.0.2.7:7367 as to_uri writes it: the usual callback, read at each
// delivery. Other spellings are left to parse_uri.
std::optional<Endpoint> plain_ipv4(std::string_view text) {
  const bool dtls = text.starts_with(dtls_scheme);
  if (!dtls && !text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(dtls ? dtls_scheme.size() : scheme.size());
  const auto number = [](std::string_view digits, std::uint64_t max) {
    const bool odd = digits.size() > 1 && digits.front() == '0';
    return odd ? std::nullopt : read_number<std::uint32_t>(digits, 10, 5, max);
  };
  std::uint32_t address = 0;
  for (const char end : {'.', '.', '.', ':'}) {
    const auto size = text.find(end);
    if (size == std::string_view::npos) return std::nullopt;
    const auto octet = number(text.substr(0, size), 255);
    if (!octet) return std::nullopt;
    address = address << 8U | *octet;
    text.remove_prefix(size + 1);
  }
  const auto port = number(text, 65'535);
  if (!port) return std::nullopt;
  return Endpoint(address_v4(address), static_cast<std::uint16_t>(*port)).with_dtls(dtls);
}

// "0000002a.0000c0000207": network and node.
Result<Endpoint> parse_ipx(std::string_view text, std::string_view host,
                           std::optional<std::uint16_t> socket) {
  const auto parts = split(host, '.');
  const auto network = read_number<std::uint32_t>(parts[0], 16, 8, 0xffffffffU);
  const auto node = parts.size() == 2
                        ? read_number<std::uint64_t>(parts[1], 16, 12, Endpoint::node_max)
                        : std::nullopt;
  if (!network || !node || !socket)
    return refuse(text,
                  "an IPX address is NETWORK.NODE.ipx:SOCKET, such as "
                  "0000002a.0000c0000207.ipx:16385");
  return Endpoint::at_ipx(*network, *node, *socket);
}

// "12.34"
Result<Endpoint> parse_ddp(std::string_view text, std::string_view host,
                           std::optional<std::uint16_t> socket) {
  const auto parts = split(host, '.');
  const auto network = read_number<std::uint16_t>(parts[0], 10, 5, 0xffffU);
  const auto node = parts.size() == 2 ? read_number<unsigned>(parts[1], 10, 3, 255) : std::nullopt;
  if (!network || !node || !socket || *socket > ddp_socket_max)
    return refuse(text, "an AppleTalk address is NETWORK.NODE.ddp:SOCKET, such as 12.34.ddp:129");
  return Endpoint::at_ddp(*network, static_cast<std::uint8_t>(*node),
                          static_cast<std::uint8_t>(*socket));
}

}  // namespace

std::string_view to_text(TransportKind kind) {
  switch (kind) {
    case TransportKind::none: return "none";
    case TransportKind::ipv4: return "IPv4";
    case TransportKind::ipv6: return "IPv6";
    case TransportKind::unix_path: return "Unix";
    case TransportKind::ipx: return "IPX";
    case TransportKind::ddp: return "AppleTalk";
  }
  return "none";
}

Endpoint::Endpoint(const boost::asio::ip::address& address, std::uint16_t port) : port_(port) {
  if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
    kind_ = TransportKind::ipv6;
    zone_ = static_cast<std::uint32_t>(address.to_v6().scope_id());
    const auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), octets_.begin());
    return;
  }
  kind_ = TransportKind::ipv4;
  const auto four = address.is_v4() ? address.to_v4()
                                    : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped,
                                                                       address.to_v6());
  put(octets_, 0, 4, four.to_uint());
}

Endpoint Endpoint::at_path(std::string_view path) {
  SENSE_CHECK(may_be_path(path));
  Endpoint endpoint;
  endpoint.kind_ = TransportKind::unix_path;
  endpoint.path_ = path;
  return endpoint;
}

Endpoint Endpoint::at_ipx(std::uint32_t network, std::uint64_t node, std::uint16_t socket) {
  SENSE_CHECK(node <= node_max);
  Endpoint endpoint;
  endpoint.kind_ = TransportKind::ipx;
  put(endpoint.octets_, 0, 4, network);
  put(endpoint.octets_, 4, 6, node);
  endpoint.port_ = socket;
  return endpoint;
}

Endpoint Endpoint::at_ddp(std::uint16_t network, std::uint8_t node, std::uint8_t socket) {
  Endpoint endpoint;
  endpoint.kind_ = TransportKind::ddp;
  put(endpoint.octets_, 0, 2, network);
  put(endpoint.octets_, 2, 1, node);
  endpoint.port_ = socket;
  return endpoint;
}

bool Endpoint::may_be_path(std::string_view path) {
  return path.size() > 1 && path.size() <= path_length_max && path.front() == '/' &&
         path.find('\0') == std::string_view::npos;
}

boost::asio::ip::address Endpoint::address() const {
  if (kind_ == TransportKind::ipv6) return address_v6(octets_, zone_);
  if (kind_ == TransportKind::ipv4)
    return address_v4(static_cast<std::uint32_t>(get(octets_, 0, 4)));
  return address_v4();
}

std::string_view Endpoint::host() const {
  const auto first = [this](std::size_t size) {
    return std::string_view(reinterpret_cast<const char*>(octets_.data()), size);
  };
  switch (kind_) {
    case TransportKind::none: return {};
    case TransportKind::ipv4: return first(4);
    case TransportKind::ipv6: return first(16);
    case TransportKind::unix_path: return path_;
    case TransportKind::ipx: return first(10);
    case TransportKind::ddp: return first(3);
  }
  return {};
}

std::uint32_t Endpoint::network() const {
  return static_cast<std::uint32_t>(get(octets_, 0, kind_ == TransportKind::ipx ? 4 : 2));
}

std::uint64_t Endpoint::node() const {
  return kind_ == TransportKind::ipx ? get(octets_, 4, 6) : get(octets_, 2, 1);
}

Endpoint Endpoint::with_port(std::uint16_t port) const {
  auto endpoint = *this;
  endpoint.port_ = port;
  return endpoint;
}

Endpoint Endpoint::with_dtls(bool dtls) const {
  SENSE_CHECK(!dtls || is_ip());
  auto endpoint = *this;
  endpoint.dtls_ = dtls;
  return endpoint;
}

// The only part of variable length is last.
std::string Endpoint::identity() const {
  std::string octets(7, '\0');
  octets[0] = static_cast<char>(static_cast<char>(kind_) | (dtls_ ? dtls_bit : 0));
  put(octets, 1, 2, port_);
  put(octets, 3, 4, zone_);
  return octets.append(host());
}

std::size_t Endpoint::Hasher::operator()(const Endpoint& endpoint) const {
  static const auto secret = HashSecret::random();
  return Hash128::Hasher()(keyed_hash(secret, endpoint.identity()));
}

bool same_host(const Endpoint& left, const Endpoint& right) {
  return left.kind() == right.kind() && left.dtls() == right.dtls() &&
         left.zone() == right.zone() && left.host() == right.host();
}

std::string to_uri(const Endpoint& endpoint) {
  std::array<char, 48> text{};
  const std::string begin(endpoint.dtls() ? dtls_scheme : scheme);
  switch (endpoint.kind()) {
    case TransportKind::none: return std::string(scheme);
    case TransportKind::unix_path:
      return std::string(scheme) + percent_encode(endpoint.path(), plain);
    case TransportKind::ipv4:
      return begin + endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
    case TransportKind::ipv6:
      return begin + "[" + endpoint.address().to_string() + "]:" + std::to_string(endpoint.port());
    case TransportKind::ipx:
      std::snprintf(text.data(), text.size(), "sense://%08x.%012llx.ipx:%u", endpoint.network(),
                    static_cast<unsigned long long>(endpoint.node()), endpoint.port());
      break;
    case TransportKind::ddp:
      std::snprintf(text.data(), text.size(), "sense://%u.%u.ddp:%u", endpoint.network(),
                    static_cast<unsigned>(endpoint.node()), endpoint.port());
      break;
  }
  return text.data();
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (const auto plain = plain_ipv4(text)) return *plain;
  const bool whole = text.find("://") != std::string_view::npos;
  const auto uri = parse_uri(whole ? std::string(text) : std::string(scheme) + std::string(text));
  if (!uri) return tl::unexpected(uri.error());
  const bool dtls = uri->scheme == "sense+dtls";
  if (!dtls && uri->scheme != "sense")
    return refuse(text, "it does not begin with sense:// or sense+dtls://");
  if (uri->host.empty()) return parse_path(text, *uri);
  if ((!uri->path.empty() && uri->path != "/") || !uri->query.empty())
    return refuse(text, "nothing may follow the host and its port");
  const std::string_view host = uri->host;
  if (dtls && (host.ends_with(".ipx") || host.ends_with(".ddp")))
    return refuse(text, "DTLS is for IPv4 and IPv6");
  if (host.ends_with(".ipx")) return parse_ipx(text, host.substr(0, host.size() - 4), uri->port);
  if (host.ends_with(".ddp")) return parse_ddp(text, host.substr(0, host.size() - 4), uri->port);
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(uri->host, problem);
  if (problem || host.find('%') != std::string_view::npos)
    return refuse(text,
                  "write sense://ADDRESS:PORT with a numeric address, or a Unix path, IPX or "
                  "AppleTalk address");
  return Endpoint(address, uri->port.value_or(dtls ? default_dtls_port : default_port))
      .with_dtls(dtls);
}

}  // namespace sense::datagram
