// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/cookies.hpp"

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"

namespace sense::datagram {

namespace {

constexpr std::chrono::minutes window_length{5};
constexpr std::int64_t windows_current = 2;
constexpr std::int64_t windows_old = 12;
constexpr std::size_t mac_octets = 15;
constexpr std::size_t mac_characters = 19;
constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::int64_t window_of(MonoTime now) { return now.time_since_epoch() / Duration{window_length}; }

char digit_of(std::int64_t window) { return digits[static_cast<std::uint64_t>(window) & 63U]; }

}  // namespace

std::string Cookies::make_for(const Endpoint& endpoint, std::int64_t window) const {
  // The window contains no colon: no two inputs give the same text.
  const auto text = std::to_string(window) + ':' + endpoint.identity();
  const auto mac = to_base64url(hmac_sha256(key_, text).substr(0, mac_octets));
  return digit_of(window) + mac.substr(0, mac_characters);
}

std::string Cookies::make(const Endpoint& endpoint, MonoTime now) const {
  return make_for(endpoint, window_of(now));
}

Cookies::Age Cookies::judge(std::string_view cookie, const Endpoint& endpoint, MonoTime now) const {
  if (cookie.size() != 1 + mac_characters) return Age::none;
  const auto current = window_of(now);
  // At most one of the last windows has this digit: one MAC is computed, whatever is received.
  for (std::int64_t age = 0; age < windows_old; ++age) {
    if (digit_of(current - age) != cookie[0]) continue;
    if (!equal_secret(cookie, make_for(endpoint, current - age))) return Age::none;
    return age < windows_current ? Age::current : Age::old;
  }
  return Age::none;
}

}  // namespace sense::datagram
