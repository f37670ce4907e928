// SPDX-License-Identifier: Apache-2.0
#include "core/egress/callback_address.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/egress/network.hpp"

namespace sense {

namespace {

constexpr std::size_t kept_as_written_max = 128;
constexpr std::size_t network_prefix_octets = 8;  // of an IPv6 address

// Long texts are kept as their hash: what a table takes is bounded by its entries.
std::string bounded(std::string_view text) {
  return text.size() <= kept_as_written_max ? std::string(text) : sha256_hex(text);
}

std::string mailbox_of(const Uri& uri) {
  const auto written = uri.path.substr(0, uri.path.find('?'));
  const auto mailbox = lower(percent_decode(written).value_or(written));
  const auto at = mailbox.rfind('@');
  if (at == std::string::npos) return mailbox;
  // A plus sign in front is the whole name.
  const auto plus = mailbox.find('+', 1);
  return mailbox.substr(0, std::min(plus, at)) + mailbox.substr(at);
}

std::string host_of(const Uri& uri) {
  boost::system::error_code error;
  const auto address = unmapped(boost::asio::ip::make_address(uri.host, error));
  const bool local = error ? uri.host == "localhost" : address.is_loopback();
  if (local) return uri.authority();
  if (!error && address.is_v6()) {
    const auto bytes = address.to_v6().to_bytes();
    return "v6/" + std::string(bytes.begin(), bytes.begin() + network_prefix_octets);
  }
  auto host = error ? uri.host : address.to_string();
  while (host.ends_with('.')) host.pop_back();
  return host;
}

}  // namespace

std::string callback_address(std::string_view callback) {
  const auto uri = parse_uri(callback);
  if (!uri) return bounded(callback);
  if (uri->scheme == "mailto") return bounded(mailbox_of(*uri));
  return bounded(uri->host.empty() ? std::string(callback) : host_of(*uri));
}

}  // namespace sense
