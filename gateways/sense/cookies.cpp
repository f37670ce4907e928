#include "gateways/sense/cookies.hpp"

#include "core/base/random.hpp"

namespace sense::datagram {

namespace {

constexpr std::chrono::minutes window_length{5};
constexpr std::size_t octets_used = 15;

std::int64_t window_of(MonoTime now) { return now.time_since_epoch() / Duration{window_length}; }

std::string base64url(std::string_view octets) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char octet : octets) {
    bits = (bits << 8U) | static_cast<unsigned char>(octet);
    for (count += 8; count >= 6; count -= 6) text += digits[(bits >> (count - 6)) & 63U];
  }
  return text;
}

}  // namespace

std::string Cookies::make_for(const Endpoint& endpoint, std::int64_t window) const {
  // The window has no colon, so no two inputs have the same text.
  const auto text = std::to_string(window) + ':' + endpoint.identity();
  return base64url(hmac_sha256(key_, text).substr(0, octets_used));
}

std::string Cookies::make(const Endpoint& endpoint, MonoTime now) const {
  return make_for(endpoint, window_of(now));
}

bool Cookies::valid(std::string_view cookie, const Endpoint& endpoint, MonoTime now) const {
  if (cookie.empty()) return false;
  const auto window = window_of(now);
  return equal_secret(cookie, make_for(endpoint, window)) ||
         equal_secret(cookie, make_for(endpoint, window - 1));
}

}  // namespace sense::datagram
