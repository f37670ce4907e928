// SPDX-License-Identifier: Apache-2.0
#include "core/base/hash.hpp"
#include "gateways/host/failover/replication_stream.hpp"
#include "tests/fuzz/fields.hpp"

// Any attributes and data as an event of a replication stream: no part, or one that goes out as it
// came; and without the secret of the pair none counts as signed, whatever it says.
namespace {

using namespace sense;
using fuzz::require;

const std::string secret = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

Event event_of(const fuzz::Fields& fields) {
  Event event;
  event.id = "1";
  event.type = QName::parse(fields.value("type")).value_or(*QName::parse("{a}b"));
  event.source = fields.value("source");
  event.subject = fields.value("subject");
  event.data = fields.rest;
  for (const auto& [name, value] : fields.lines) {
    if (name == "last")
      event.extensions[name] = value == "true";
    else if (name == "sum" && value == "<SUM>")
      event.extensions[name] = std::to_string(stable_hash(event.data));
    else if (name == "number")
      event.extensions[value] = std::int32_t{7};  // of another type than text
    else if (name != "type" && name != "source" && name != "subject")
      event.extensions[name] = value;
  }
  return event;
}

void check_part(const Event& event, const ReplicationPart& part) {
  require(part.token != 0 && part.number != 0 && !part.stream.empty());
  const auto out = to_event(part, "g", event.data, WallTime{}, secret);
  const auto back = replication_part(out);
  require(back && back->kind == part.kind && back->token == part.token);
  require(back->stream == part.stream && back->number == part.number);
  require(back->changes == part.changes && back->last == part.last);
  require(is_signed(out, secret) && !is_signed(out, secret + "x"));
  auto changed = out;
  changed.data += "x";
  require(!is_signed(changed, secret) && !replication_part(changed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = event_of(fuzz::fields_of(data, size));
  require(!is_signed(event, secret));
  require(is_signed(event, ""));
  if (const auto part = replication_part(event)) check_part(event, *part);
  if (const auto heartbeat = standby_heartbeat(event)) {
    const auto back = standby_heartbeat(to_event(*heartbeat, WallTime{}, secret));
    require(back && back->gateway == heartbeat->gateway && back->stream == heartbeat->stream);
  }
  return 0;
}
