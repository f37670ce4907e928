// SPDX-License-Identifier: Apache-2.0
#include "core/sense/fetch_url.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::datagram {

namespace {

constexpr std::string_view expires_is = "expires=";
constexpr std::string_view mac_is = "&mac=";
constexpr std::size_t mac_octets = 18;  // 24 characters without padding
constexpr std::size_t number_length_max = 19;

std::string mac_of(std::uint64_t sequence, std::string_view expires, std::string_view secret) {
  std::string text = "sense fetch " + std::to_string(sequence) + " until ";
  text += expires;
  return to_base64url(hmac_sha256(secret, text).substr(0, mac_octets));
}

}  // namespace

std::string fetch_path(std::uint64_t sequence, WallTime expires, std::string_view secret) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(expires).time_since_epoch().count();
  const auto until = std::to_string(std::max<std::int64_t>(seconds, 0));
  return "/v1/events/" + std::to_string(sequence) + "?" + std::string(expires_is) + until +
         std::string(mac_is) + mac_of(sequence, until, secret);
}

bool may_fetch(std::uint64_t sequence, std::string_view query, std::string_view secret,
               WallTime now) {
  if (secret.empty() || !query.starts_with(expires_is)) return false;
  query.remove_prefix(expires_is.size());
  const auto mac_at = query.find(mac_is);
  if (mac_at == std::string_view::npos || mac_at == 0 || mac_at > number_length_max) return false;
  const auto until = query.substr(0, mac_at);
  const auto mac = query.substr(mac_at + mac_is.size());
  if (!equal_secret(mac_of(sequence, until, secret), mac)) return false;
  const auto seconds = parse_integer<std::int64_t>(until);
  return seconds && now.time_since_epoch() < Duration{std::chrono::seconds{std::min<std::int64_t>(
                                                 *seconds, to_micros(wall_time_max) / 1'000'000)}};
}

}  // namespace sense::datagram
