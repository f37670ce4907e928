// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/event.hpp"

// The one table of the attributes that Event has fields for: how they are called outside and where
// they are kept. Pure functions of any thread.
namespace sense {

// A row of the table. A value that lives as long as the process.
struct Attribute {
  // What it holds, and thereby which of the pointers below is set.
  enum class Kind : std::uint8_t { version, type, text, time, list, severity, sequence };
  std::string_view name;
  Kind kind;
  bool stamped = false;                               // given by the broker, never by a producer
  std::string Event::*text = nullptr;                 // of Kind::text
  std::optional<PreciseTime> Event::*time = nullptr;  // of Kind::time
  std::vector<std::string> Event::*list = nullptr;    // of Kind::list
};

// In the order in which CloudEvents texts list them.
[[nodiscard]] std::span<const Attribute> attributes();
// Null for a name without a field: an extension attribute, or no attribute.
[[nodiscard]] const Attribute* find_attribute(std::string_view name);

// Whether the event has the attribute; specversion and type it always has.
[[nodiscard]] bool has_attribute(const Event& event, const Attribute& attribute);
// The attribute as a string (CloudEvents 1.0.2, section 3.1): a type as QName::display() has it, a
// time in UTC, a list as cloudevents_json.hpp says; empty when it is absent.
[[nodiscard]] std::string text_of(const Event& event, const Attribute& attribute);
// Likewise of an extension attribute: octets in base 64.
[[nodiscard]] std::string text_of(const Value& value);
// Whether a character of an entry stands for itself in the text of a list.
[[nodiscard]] constexpr bool is_plain_in_list(char c) { return c != ',' && c != '%'; }

}  // namespace sense
