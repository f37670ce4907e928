// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/trap_event.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::snmp {

namespace {

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

void put_octets(JsonObject& json, const Bytes& octets, bool may_be_text) {
  const std::string text(octets.begin(), octets.end());
  if (may_be_text && readable(text)) {
    json.put("value", text);
    return;
  }
  json.put("value", to_hex(text)).put("encoding", "hex");
}

// JSON has neither infinity nor NaN.
void put_real(JsonObject& json, double real) {
  if (std::isfinite(real))
    json.put("value", real);
  else
    json.put("value", std::to_string(real));
}

// The double whose shortest text is that of the float: 13.7, and not 13.699999809265137.
double widened(float real) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), real);
  double wide = real;
  std::from_chars(text.data(), written.ptr, wide);
  return wide;
}

void put_value(JsonObject& json, const Varbind& varbind) {
  if (const auto* number = std::get_if<std::int64_t>(&varbind.value))
    json.put("value", *number);
  else if (const auto* real = std::get_if<double>(&varbind.value))
    put_real(json, *real);
  else if (const auto* narrow = std::get_if<float>(&varbind.value))
    put_real(json, widened(*narrow));
  else if (const auto* text = std::get_if<std::string>(&varbind.value))
    json.put("value", *text);
  else if (const auto* octets = std::get_if<Bytes>(&varbind.value))
    put_octets(json, *octets, varbind.type == "OctetString");
  else
    json.put_raw("value", "null");
}

std::string hex_tag(std::uint32_t tag) {
  std::string octets;
  for (; octets.empty() || tag != 0; tag >>= 8U)
    octets.insert(octets.begin(), static_cast<char>(tag & 0xffU));
  return to_hex(octets);
}

std::string varbind_json(const Varbind& varbind) {
  JsonObject json;
  json.put("oid", varbind.oid).put("type", varbind.type);
  if (varbind.tag) json.put("tag", hex_tag(*varbind.tag));
  if (varbind.oid == community_oid)
    json.put("redacted", true);
  else
    put_value(json, varbind);
  return json.take();
}

std::string varbinds_json(const Trap& trap) {
  std::string list;
  for (const auto& varbind : trap.varbinds)
    list += (list.empty() ? "" : ",") + varbind_json(varbind);
  return "[" + list + "]";
}

std::string data_of(const Trap& trap, const Sender& sender) {
  JsonObject json;
  json.put("version", trap.version == 1 ? "1" : "2c").put("sender", sender.address);
  if (!trap.agent.empty()) json.put("agent", trap.agent);
  if (trap.uptime) json.put("uptime", *trap.uptime);
  if (!trap.enterprise.empty()) json.put("enterprise", trap.enterprise);
  json.put("trap", trap.trap_oid).put_raw("varbinds", varbinds_json(trap));
  if (trap.varbinds_left_out != 0) json.put("varbindsLeftOut", trap.varbinds_left_out);
  if (trap.truncated) json.put("truncated", true);
  return json.take();
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
  address = address.substr(0, address.find('%'));
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
  if (auto good = validate(event, EventId::made_later); !good) return tl::unexpected(good.error());
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
