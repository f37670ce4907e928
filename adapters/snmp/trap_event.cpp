// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/trap_event.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::snmp {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 6> standard_names = {
    "coldStart", "warmStart", "linkDown", "linkUp", "authenticationFailure", "egpNeighborLoss"};
// Proxies put the community of an SNMPv1 trap into this variable (RFC 3584 section 3.1, (4)).
constexpr std::string_view community_oid = "1.3.6.1.6.3.18.1.4.0";

// Devices send line ends and tabs in text.
bool readable(std::string_view text) {
  if (!valid_utf8(text)) return false;
  std::string rest;
  for (const char c : text)
    if (c != '\n' && c != '\r' && c != '\t') rest += c;
  return printable(rest) == rest;
}

void put_octets(Json& json, const Bytes& octets, bool may_be_text) {
  const std::string text(octets.begin(), octets.end());
  if (may_be_text && readable(text)) {
    json["value"] = text;
    return;
  }
  json["value"] = to_hex(text);
  json["encoding"] = "hex";
}

void put_value(Json& json, const Varbind& varbind) {
  if (const auto* number = std::get_if<std::int64_t>(&varbind.value))
    json["value"] = *number;
  else if (const auto* real = std::get_if<double>(&varbind.value))
    // JSON has neither infinity nor NaN.
    json["value"] = std::isfinite(*real) ? Json(*real) : Json(std::to_string(*real));
  else if (const auto* text = std::get_if<std::string>(&varbind.value))
    json["value"] = *text;
  else if (const auto* octets = std::get_if<Bytes>(&varbind.value))
    put_octets(json, *octets, varbind.type == "OctetString");
  else
    json["value"] = nullptr;
}

Json varbind_json(const Varbind& varbind) {
  Json json;
  json["oid"] = varbind.oid;
  json["type"] = varbind.type;
  if (varbind.oid == community_oid)
    json["redacted"] = true;
  else
    put_value(json, varbind);
  return json;
}

std::string data_of(const Trap& trap, const Sender& sender) {
  Json json;
  json["version"] = trap.version == 1 ? "1" : "2c";
  json["sender"] = sender.address;
  if (!trap.agent.empty()) json["agent"] = trap.agent;
  json["uptime"] = trap.uptime;
  if (!trap.enterprise.empty()) json["enterprise"] = trap.enterprise;
  json["trap"] = trap.trap_oid;
  json["varbinds"] = Json::array();
  for (const auto& varbind : trap.varbinds) json["varbinds"].push_back(varbind_json(varbind));
  if (trap.varbinds_left_out != 0) json["varbindsLeftOut"] = trap.varbinds_left_out;
  return json_text(json);
}

}  // namespace

std::string type_name_of(std::string_view trap_oid) {
  if (trap_oid.starts_with(standard_traps)) {
    const auto number = trap_oid.substr(standard_traps.size());
    for (std::size_t i = 0; i < standard_names.size(); ++i)
      if (number == std::to_string(i + 1)) return std::string(standard_names[i]);
  }
  std::string name = "oid." + std::string(trap_oid);
  if (name.size() <= QName::local_length_max) return name;
  // An identifier may have 128 numbers; shortened names must stay different.
  const auto digest = sha256_hex(trap_oid).substr(0, 32);
  return name.substr(0, QName::local_length_max - digest.size() - 1) + "-" + digest;
}

std::string source_of(std::string_view prefix, std::string_view address) {
  const bool brackets = address.find(':') != std::string_view::npos;
  return std::string(prefix) + (brackets ? "[" : "") + std::string(address) +
         (brackets ? "]" : "") + "/snmp";
}

Result<Event> trap_event(const Trap& trap, const Sender& sender, const EventRules& rules,
                         WallTime received) {
  Event event;
  auto type = QName::make(rules.ns, type_name_of(trap.trap_oid));
  if (!type) return tl::unexpected(type.error());
  event.type = std::move(*type);
  event.source = source_of(rules.source_prefix, trap.agent.empty() ? sender.address : trap.agent);
  event.time = received;
  event.datacontenttype = "application/json";
  event.edition = "SNMP.TRAP";
  event.data = data_of(trap, sender);
  event.id = "-";  // validate() requires one
  if (auto good = validate(event); !good) return tl::unexpected(good.error());
  event.id.clear();
  return event;
}

std::string InformIds::id_of(const Trap& trap, const Sender& sender, const Event& event,
                             const Timestamp& now) {
  forget(now.mono);
  const std::string what = sender.address + " " + std::to_string(sender.port) + " " +
                           std::to_string(trap.request_id) + " " + event.type.clark() + " " +
                           event.data;
  const auto key = sha256_hex(what);
  if (const auto known = ids_.find(key); known != ids_.end()) return known->second.id;
  const auto number = to_micros(now.wall) / window.count();
  auto id = "inform-" + sha256_hex(key + " " + std::to_string(number)).substr(0, 40);
  ids_.emplace(key, Entry{id, now.mono});
  order_.emplace_back(now.mono, key);
  return id;
}

void InformIds::forget(MonoTime now) {
  while (!order_.empty() && (order_.size() >= limit_ || now - order_.front().first >= window)) {
    ids_.erase(order_.front().second);
    order_.pop_front();
  }
}

}  // namespace sense::snmp
