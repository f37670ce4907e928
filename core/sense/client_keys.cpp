// SPDX-License-Identifier: Apache-2.0
#include "core/sense/client.hpp"
#include "core/sense/keyed.hpp"

// Authentication of messages with a shared key.
namespace sense::datagram {

namespace {
// Smaller differences are due to the network, and within the time window of every server.
constexpr std::chrono::seconds offset_min{2};
}  // namespace

std::string Client::octets_of(const Message& message, Timestamp now) const {
  auto octets = serialize(message);
  return options_.key ? sign(octets, *options_.key, now.wall + clock_offset_) : octets;
}

// The age of a message is not checked: a reply is bound to a fresh tag, an event to a number that
// is accepted once.
Client::Authenticity Client::authenticity_of(const Message& message,
                                             std::string_view octets) const {
  if (!options_.key || message.kind == Kind::verify) return Authenticity::full;
  if (is_keyed(message)) {
    const auto claim = read_claim(message, octets);
    if (claim && claim->key == options_.key->name && proves(*claim, options_.key->secret))
      return Authenticity::full;
  }
  const bool refusal =
      message.kind == Kind::reply && message.code == Code::noaccess && !message.has("Cookie");
  return refusal ? Authenticity::refusal_only : Authenticity::none;
}

bool Client::restart_with_server_time(Request& request, const Message& reply, Timestamp now,
                                      Output& out) {
  const auto times = reply.all("Time");
  if (!options_.key || reply.code != Code::noaccess || reply.has("Cookie") || times.empty() ||
      request.restarts >= restarts_max)
    return false;
  const auto server_time = parse_rfc3339(times.back());
  if (!server_time) return false;
  const auto offset = *server_time - now.wall;
  if (std::chrono::abs(offset - clock_offset_) < offset_min) return false;
  clock_offset_ = offset;
  restart_request(request, now, out);
  return true;
}

}  // namespace sense::datagram
