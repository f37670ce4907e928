#pragma once

#include "core/base/error.hpp"
#include "core/event/event.hpp"
#include "core/sense/message.hpp"

// An event as properties of PUBLISH and EVENT. Pure functions: any thread.
namespace sense::datagram {

// Id, Type, Source and Time, those that the event has.
void add_identity(Message& message, const Event& event);
// Severity, Content-Type, Language, Edition and Subject, those that it has, and the data.
void add_details(Message& message, const Event& event);

// The event in a PUBLISH or EVENT; id, time and all details may be absent. Not validated as a
// whole: validate() follows at the edge. protoerror when Type or Source is missing, else badparam.
[[nodiscard]] Result<Event> read_event(const Message& message);

}  // namespace sense::datagram
