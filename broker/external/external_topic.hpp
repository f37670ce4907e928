// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/event.hpp"

// Maps topics of a foreign ZeroMQ proxy to event types, and back: docs/external-bus.md. Pure.
namespace sense {

// The local name of a topic: octets that an XML name may contain stay, each other one becomes
// `_xHHHH_` (ISO/IEC 9075-14, SQL/XML, section 9.1). Absent when the topic is empty or its name too
// long.
[[nodiscard]] std::optional<std::string> local_name_of(std::string_view topic);
[[nodiscard]] std::string external_topic_of(std::string_view local_name);

// The event for a message, without id: a single frame behind the topic is its data unchanged;
// several become a MessagePack array of bins. Absent when there is no such name, there are more
// than 64 frames, or the data is too big.
[[nodiscard]] std::optional<Event> event_of_message(std::string_view ns, std::string_view topic,
                                                    std::span<const std::string_view> frames);
// The frames behind the topic for an event.
[[nodiscard]] std::vector<std::string_view> frames_of_event(const Event& event);

}  // namespace sense
