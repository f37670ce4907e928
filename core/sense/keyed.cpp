// SPDX-License-Identifier: Apache-2.0
#include "core/sense/keyed.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t time_length = 24;  // 2026-11-21T09:15:00.250Z
constexpr std::size_t mac_length = 44;   // 32 octets in base64

std::string time_text(WallTime time) {
  const auto bounded = std::clamp(time, WallTime{}, wall_time_max);
  return to_rfc3339(WallTime(std::chrono::floor<std::chrono::milliseconds>(bounded)));
}

std::string mac_text(std::string_view head, std::string_view data, std::string_view secret) {
  std::string covered(head);
  covered += data;
  return to_base64(hmac_sha256(secret, covered));
}

// Offsets of the empty line after the properties, of the two lines before it, and of the data.
struct Layout {
  std::size_t line_before_last = 0;
  std::size_t last_line = 0;
  std::size_t empty_line = 0;
  std::size_t data = 0;
};

Layout layout_of(std::string_view octets) {
  Layout layout;
  for (std::size_t at = 0; at < octets.size();) {
    const auto end = octets.find('\n', at);
    if (end == std::string_view::npos) break;
    if (octets.substr(at, end - at) == "" || octets.substr(at, end - at) == "\r") {
      layout.empty_line = at;
      layout.data = end + 1;
      return layout;
    }
    layout.line_before_last = layout.last_line;
    layout.last_line = at;
    at = end + 1;
  }
  return layout;
}

bool begins_with(std::string_view line, std::string_view name) {
  return lower(line.substr(0, name.size())) == name;
}

tl::unexpected<Error> bad_mac(std::string why) { return fail(Code::protoerror, std::move(why)); }

}  // namespace

std::size_t trailer_size(std::string_view key_name) {
  constexpr std::string_view names = "Time: \nKey: \nMac: \n";
  return names.size() + time_length + key_name.size() + mac_length;
}

std::string sign(std::string_view octets, const SharedKey& key, WallTime time) {
  // serialize() encodes control characters, so the first empty line ends the properties.
  const auto end = octets.find("\n\n");
  SENSE_CHECK(end != std::string_view::npos);
  std::string head(octets.substr(0, end + 1));
  head.append("Time: ").append(time_text(time)).append("\nKey: ").append(key.name).append("\n");
  const auto data = octets.substr(end + 2);
  const auto mac = mac_text(head, data, key.secret);
  head.append("Mac: ").append(mac).append("\n\n").append(data);
  return head;
}

bool is_keyed(const Message& message) { return message.has("Key") || message.has("Mac"); }

Result<Claim> read_claim(const Message& message, std::string_view octets) {
  const auto keys = message.all("Key");
  const auto macs = message.all("Mac");
  const auto times = message.all("Time");
  if (keys.empty()) return bad_mac("Mac without Key");
  if (macs.empty()) return bad_mac("Key without Mac");
  if (times.empty()) return bad_mac("Time is missing, which a keyed message has");
  if (keys.size() > 1 || macs.size() > 1) return bad_mac("Key or Mac stands there twice");
  const auto layout = layout_of(octets);
  if (!begins_with(octets.substr(layout.last_line), "mac:"))
    return bad_mac("Mac is not the last property");
  // Length separates properties from data, but not in a message whose data was left out. There,
  // lines of the data of another message could be presented as properties, unless Key stands
  // directly before Mac: a second Key has been refused above.
  if (message.truncated_length && !begins_with(octets.substr(layout.line_before_last), "key:"))
    return bad_mac("Key does not stand directly before Mac, as it must where data was left out");
  auto time = parse_rfc3339(times.back());
  if (!time) return bad_mac("Time: " + time.error().message);
  Claim claim;
  claim.key = keys.front();
  claim.time = *time;
  claim.mac = macs.front();
  claim.head = octets.substr(0, layout.last_line);
  claim.data = octets.substr(layout.data);
  return claim;
}

bool proves(const Claim& claim, std::string_view secret) {
  return equal_secret(mac_text(claim.head, claim.data, secret), claim.mac);
}

}  // namespace sense::datagram
