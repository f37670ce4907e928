// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/event/event.hpp"

// The octets of an event on the bus and in the journal: core/event/format.md. Pure functions of any
// thread. A failure leaves nothing behind but what `into` had taken so far.
namespace sense {

inline constexpr std::size_t encoded_event_length_max = Event::data_length_max + 320 * 1024;

// REQUIRES: validate(event) succeeded.
[[nodiscard]] std::string encode(const Event& event);
void append_event(std::string& out, const Event& event);

// Caches the type and the source that were checked last, since consecutive events mostly share them
// and need no second check. A value of one thread.
struct CheckedNames {
  QName type;
  std::string source;
};

// Strict: refuses what format.md does not allow, and checks depth, counts and sizes before it takes
// memory for them. The event has been validated; sequence, observedtime and principal are empty.
[[nodiscard]] Result<Event> decode_event(std::string_view octets);
// The same into a new event, which avoids a move when decoding many.
[[nodiscard]] Status decode_event(std::string_view octets, CheckedNames& names, Event& into);

// The part of an event that the broker reads, as views into the octets. Allocates nothing for the
// event, but checks all that decode_event checks: decoding it succeeds afterwards.
struct EventHead {
  std::string_view id;
  std::string_view type;  // as QName::from_clark reads it
  std::string_view source;
  bool has_recipients = false;  // an audience or an except; of peek_event alone
};
[[nodiscard]] Result<EventHead> peek_event(std::string_view octets, CheckedNames* names = nullptr);
// The same without a check, of octets that were checked when they were accepted; absent when they
// do not even begin so.
[[nodiscard]] std::optional<EventHead> head_of(std::string_view octets);

}  // namespace sense
