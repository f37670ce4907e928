// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/event.hpp"

// How the topics of somebody else's ZeroMQ proxy become types, and back: docs/external-bus.md.
// Pure.
namespace sense {

// The local name of a topic: the octets that an XML name may have, and `_xHHHH_` for each other one
// (ISO/IEC 9075-14, SQL/XML, section 9.1). Nothing when the topic is empty or its name too long.
[[nodiscard]] std::optional<std::string> local_name_of(std::string_view topic);
[[nodiscard]] std::string external_topic_of(std::string_view local_name);

// The event that a message becomes, without id: one frame behind the topic is its data as it is;
// several are MessagePack, an array of bins. Nothing when there is no such name or data is too big.
[[nodiscard]] std::optional<Event> event_of_message(std::string_view ns, std::string_view topic,
                                                    std::span<const std::string_view> frames);
// The frames behind the topic that an event becomes.
[[nodiscard]] std::vector<std::string_view> frames_of_event(const Event& event);

}  // namespace sense
