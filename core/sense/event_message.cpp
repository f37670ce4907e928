// SPDX-License-Identifier: Apache-2.0
#include "core/sense/event_message.hpp"

namespace sense::datagram {

namespace {

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

}  // namespace

Result<Event> read_event(const Message& message) {
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
  event.data = message.data;
  return event;
}

}  // namespace sense::datagram
