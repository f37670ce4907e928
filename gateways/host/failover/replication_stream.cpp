// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/replication_stream.hpp"

#include "core/base/encoding.hpp"
#include "core/base/hash.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

constexpr std::string_view source_prefix = "/sense/gateway/";

Event gateway_event(std::string_view local, const std::string& gateway, const std::string& kind,
                    const std::string& stream, WallTime now) {
  Event event;
  event.id = make_ulid(now);
  event.type = *QName::make(gateway_namespace, local);
  event.source = std::string(source_prefix) + gateway;
  event.subject = kind;
  event.time = now;
  event.extensions["stream"] = stream;
  return event;
}

std::string text_of(const Event& event, std::string_view name) {
  const auto found = event.extensions.find(name);
  const auto* text =
      found == event.extensions.end() ? nullptr : std::get_if<std::string>(&found->second);
  return text == nullptr ? std::string() : *text;
}

// 0 when it is no number.
std::uint64_t number_of(const Event& event, std::string_view name) {
  return parse_integer<std::uint64_t>(text_of(event, name)).value_or(0);
}

bool is_gateway_event(const Event& event, std::string_view local) {
  return event.type.ns() == gateway_namespace && event.type.local() == local;
}

std::string mac_of(const Event& event, const std::string& secret) {
  const auto last = event.extensions.find("last");
  const auto* flag = last == event.extensions.end() ? nullptr : std::get_if<bool>(&last->second);
  std::string text;
  for (const auto& part :
       {event.type.clark(), event.source, event.subject, text_of(event, "stream"),
        text_of(event, "token"), text_of(event, "part"),
        std::string(flag != nullptr && *flag ? "last" : ""), sha256_hex(event.data)})
    text += std::to_string(part.size()) + ":" + part;
  return to_hex(hmac_sha256(secret, text));
}

Event sign(Event event, const std::string& secret) {
  if (!secret.empty()) event.extensions["mac"] = mac_of(event, secret);
  return event;
}

}  // namespace

Event to_event(const ReplicationPart& part, const std::string& gateway, std::string octets,
               WallTime now, const std::string& secret) {
  auto event =
      gateway_event(part.changes ? "changes" : "copy", gateway, part.kind, part.stream, now);
  event.extensions["token"] = std::to_string(part.token);
  event.extensions["part"] = std::to_string(part.number);
  event.extensions["last"] = part.last;
  event.extensions["sum"] = std::to_string(stable_hash(octets));
  event.data = std::move(octets);
  event.datacontenttype = "application/octet-stream";
  return sign(std::move(event), secret);
}

std::optional<ReplicationPart> replication_part(const Event& event) {
  const bool changes = is_gateway_event(event, "changes");
  if (!changes && !is_gateway_event(event, "copy")) return std::nullopt;
  const auto last = event.extensions.find("last");
  const auto* flag = last == event.extensions.end() ? nullptr : std::get_if<bool>(&last->second);
  ReplicationPart part{
      event.subject, number_of(event, "token"), text_of(event, "stream"), number_of(event, "part"),
      changes,       flag != nullptr && *flag};
  if (flag == nullptr || part.token == 0 || part.number == 0 || part.stream.empty() ||
      text_of(event, "sum") != std::to_string(stable_hash(event.data)))
    return std::nullopt;
  return part;
}

Event to_event(const StandbyHeartbeat& heartbeat, WallTime now, const std::string& secret) {
  return sign(gateway_event("standby", heartbeat.gateway, heartbeat.kind, heartbeat.stream, now),
              secret);
}

bool is_signed(const Event& event, const std::string& secret) {
  return secret.empty() || equal_secret(text_of(event, "mac"), mac_of(event, secret));
}

std::optional<StandbyHeartbeat> standby_heartbeat(const Event& event) {
  if (!is_gateway_event(event, "standby") || !event.source.starts_with(source_prefix))
    return std::nullopt;
  return StandbyHeartbeat{event.source.substr(source_prefix.size()), event.subject,
                          text_of(event, "stream")};
}

}  // namespace sense
