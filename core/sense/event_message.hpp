// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/event/attributes.hpp"
#include "core/event/cloudevents_json.hpp"
#include "core/event/event.hpp"
#include "core/sense/message.hpp"

// Events as properties of PUBLISH and EVENT. Pure functions: any thread.
namespace sense::datagram {

namespace event_message {
template <class Sink>
void add_text(Sink& sink, std::string_view name, std::string_view value) {
  if (!value.empty()) sink.add(name, value);
}
}  // namespace event_message

// `Sink`: Message or MessageWriter.

// Adds Id, Type, Source and Time, as far as present; `otherwise`: Time of an event that has none.
template <class Sink>
void add_identity(Sink& sink, const Event& event, std::optional<WallTime> otherwise = {}) {
  event_message::add_text(sink, "Id", event.id);
  sink.add("Type", event.type.display());
  sink.add("Source", event.source);
  if (event.time || otherwise)
    sink.add("Time", to_rfc3339(event.time ? *event.time : PreciseTime(*otherwise)));
}
// Adds Severity, Content-Type, Language, Edition and Subject, as far as present. Not the data.
template <class Sink>
void add_details(Sink& sink, const Event& event) {
  if (event.severity) sink.add("Severity", std::uint64_t{*event.severity});
  event_message::add_text(sink, "Content-Type", event.datacontenttype);
  event_message::add_text(sink, "Language", event.language);
  event_message::add_text(sink, "Edition", event.edition);
  event_message::add_text(sink, "Subject", event.subject);
}

// Whether the property Attribute carries it: it is in no property of its own.
[[nodiscard]] bool is_in_attribute(std::string_view name);

// Adds an Attribute for each attribute that no other property carries: `NAME VALUE`, the value as
// CloudEvents writes it in strings. `stamped`: also those that the broker gave.
template <class Sink>
void add_attributes(Sink& sink, const Event& event, bool stamped) {
  for (const auto& [name, text] : attributes_of(event)) {
    const auto* const known = find_attribute(name);
    if (is_in_attribute(name) && (stamped || known == nullptr || !known->stamped))
      sink.add("Attribute", name + " " + text);
  }
}

// The event of a PUBLISH (of a producer) or EVENT (of the service); id, time and all details may be
// absent. The caller validates it with validate(). protoerror: Type or Source is missing; else
// badparam.
[[nodiscard]] Result<Event> read_event(const Message& message, EventOrigin origin);

}  // namespace sense::datagram
