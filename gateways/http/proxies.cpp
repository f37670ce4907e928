// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/proxies.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/base/text.hpp"

namespace sense::http {

namespace {

using boost::asio::ip::address;

// "192.0.2.7", "192.0.2.7:80", "2001:db8::1" or "[2001:db8::1]:80".
std::optional<address> address_in(std::string_view text) {
  text = trim(text);
  const auto colon = text.find(':');
  if (text.starts_with('['))
    text = text.substr(1, text.find(']') - 1);
  else if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos)
    text = text.substr(0, colon);
  boost::system::error_code wrong;
  const auto read = boost::asio::ip::make_address(std::string(text), wrong);
  return wrong ? std::nullopt : std::optional(unmapped(read));
}

bool is_in(const std::vector<Network>& networks, const address& one) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(one); });
}

}  // namespace

Result<std::vector<Network>> parse_proxies(const std::vector<std::string>& texts) {
  std::vector<Network> networks;
  for (const auto& text : texts) {
    auto network = Network::parse(text);
    if (!network)
      return fail(Code::badparam, "trusted-proxies: '" + printable(text.substr(0, 100)) + "' " +
                                      network.error().message);
    networks.push_back(std::move(*network));
  }
  return networks;
}

bool is_of_proxy(const Request& request, const std::vector<Network>& proxies) {
  if (proxies.empty()) return false;
  const auto peer = address_in(request.peer);
  return peer && is_in(proxies, *peer);
}

bool is_of_this_machine(const Request& request, const std::vector<Network>& proxies) {
  const auto peer = address_in(request.peer);
  return peer && peer->is_loopback() && !is_of_proxy(request, proxies);
}

std::string scheme_of(const Request& request, bool tls, const std::vector<Network>& proxies) {
  if (!is_of_proxy(request, proxies)) return tls ? "https" : "http";
  const auto* forwarded = request.header("x-forwarded-proto");
  return forwarded != nullptr && lower(trim(*forwarded)) == "https" ? "https" : "http";
}

std::string client_address(const Request& request, const std::vector<Network>& proxies) {
  if (!is_of_proxy(request, proxies)) return request.peer;
  std::vector<std::string_view> forwarded;
  for (const auto& [name, value] : request.headers)
    if (name == "x-forwarded-for")
      for (const auto each : split(value, ',')) forwarded.push_back(each);
  for (auto each = forwarded.rbegin(); each != forwarded.rend(); ++each) {
    const auto client = address_in(*each);
    if (!client || client->is_loopback()) return unknown_client;
    if (is_in(proxies, *client)) continue;
    return client->is_v6() ? "[" + client->to_string() + "]:0" : client->to_string() + ":0";
  }
  return unknown_client;
}

}  // namespace sense::http
