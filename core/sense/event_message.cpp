// SPDX-License-Identifier: Apache-2.0
#include "core/sense/event_message.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t attributes_max = Event::extensions_max;

Status read_severity(const Message& message, Event& event) {
  if (!message.has("Severity")) return {};
  const auto severity = message.number("Severity");
  if (!severity || *severity > 7)
    return fail(Code::badparam, "Severity is not a digit from 0 to 7");
  event.severity = static_cast<std::uint8_t>(*severity);
  return {};
}

Status read_time(const Message& message, Event& event) {
  const auto text = message.get("Time");
  if (!text) return {};
  const auto time = parse_precise_rfc3339(*text);
  if (!time) return fail(Code::badparam, "Time: " + time.error().message);
  event.time = *time;
  return {};
}

Status read_attribute(std::string_view text, EventOrigin origin,
                      std::vector<std::string_view>& seen, Event& event) {
  const auto name = text.substr(0, text.find(' '));
  if (name.size() == text.size()) return fail(Code::badparam, "Attribute: it is not NAME VALUE");
  const auto shown = printable(name.substr(0, 64));
  if (!is_in_attribute(name))
    return fail(Code::badparam, "Attribute: " + shown + " has a property of its own");
  if (std::find(seen.begin(), seen.end(), name) != seen.end())
    return fail(Code::badparam, "Attribute: " + shown + " is there twice");
  if (seen.size() >= attributes_max)
    return fail(Code::varvaltoobig, "Attribute: there are too many");
  seen.push_back(name);
  const auto good = set_attribute(event, name, text.substr(name.size() + 1), origin);
  return good ? good : fail(good.error().code, "Attribute: " + good.error().message);
}

// What a later server sends is no reason for a client to leave an event unacknowledged.
Status read_attributes(const Message& message, EventOrigin origin, Event& event) {
  std::vector<std::string_view> seen;
  for (const auto text : message.all("Attribute")) {
    const auto good = read_attribute(text, origin, seen, event);
    if (!good && origin == EventOrigin::producer) return good;
  }
  return {};
}

}  // namespace

bool is_in_attribute(std::string_view name) {
  // `sequence` is EVENT's Sequence.
  constexpr std::array others{
      "specversion",     "id",       "type",    "source",  "time",    "severity",
      "datacontenttype", "language", "edition", "subject", "sequence"};
  return std::find(others.begin(), others.end(), name) == others.end();
}

Result<Event> read_event(const Message& message, EventOrigin origin) {
  const auto type = message.get("Type");
  const auto source = message.get("Source");
  if (!type || !source)
    return fail(Code::protoerror, std::string(type ? "Source" : "Type") + " is missing");
  Event event;
  auto name = QName::parse(*type);
  if (!name) return tl::unexpected(name.error());
  event.type = std::move(*name);
  event.source = *source;
  event.id = message.text("Id");
  if (auto status = read_time(message, event); !status) return tl::unexpected(status.error());
  if (auto status = read_severity(message, event); !status) return tl::unexpected(status.error());
  event.datacontenttype = message.text("Content-Type");
  event.language = message.text("Language");
  event.edition = message.text("Edition");
  event.subject = message.text("Subject");
  if (auto status = read_attributes(message, origin, event); !status)
    return tl::unexpected(status.error());
  if (origin == EventOrigin::service)
    if (const auto observed = parse_precise_rfc3339(message.text("Observed")))
      event.observedtime = *observed;
  event.data = message.data;
  return event;
}

}  // namespace sense::datagram
