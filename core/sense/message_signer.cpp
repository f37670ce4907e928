// SPDX-License-Identifier: Apache-2.0
#include "core/sense/message_signer.hpp"

#include "core/sense/keyed.hpp"

namespace sense::datagram {

namespace {
// Smaller differences are due to the network, and within the time window of every server.
constexpr std::chrono::seconds offset_min{2};
}  // namespace

std::size_t MessageSigner::trailer() const { return key_ ? trailer_size(key_->name) : 0; }

std::string MessageSigner::octets_of(const Message& message, Timestamp now) const {
  auto octets = serialize(message);
  return key_ ? sign(octets, *key_, now.wall + clock_offset_) : octets;
}

MessageSigner::Authenticity MessageSigner::judge(const Message& message,
                                                 std::string_view octets) const {
  if (!key_ || message.kind == Kind::verify) return Authenticity::full;
  if (is_keyed(message)) {
    const auto claim = read_claim(message, octets);
    if (claim && claim->key == key_->name && proves(*claim, key_->secret))
      return Authenticity::full;
  }
  const bool refusal =
      message.kind == Kind::reply && message.code == Code::noaccess && !message.has("Cookie");
  return refusal ? Authenticity::refusal_only : Authenticity::none;
}

bool MessageSigner::correct_clock(const Message& refusal, Timestamp now) {
  const auto times = refusal.all("Time");
  if (!key_ || refusal.code != Code::noaccess || refusal.has("Cookie") || times.empty())
    return false;
  const auto server_time = parse_rfc3339(times.back());
  if (!server_time) return false;
  const auto offset = *server_time - now.wall;
  if (std::chrono::abs(offset - clock_offset_) < offset_min) return false;
  clock_offset_ = offset;
  return true;
}

}  // namespace sense::datagram
