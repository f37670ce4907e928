// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/event/event.hpp"

// CloudEvents 1.0.2 as text: the JSON format (structured mode), and attributes as strings (binary
// mode). SENSE's own attributes travel as extension attributes of the same names; `audience` and
// `except` as one string, entries separated by commas, with %2C and %25 for a comma and a per cent
// sign within one. Everything here is a pure function of any thread.
namespace sense {

inline constexpr std::size_t cloudevents_json_length_max = 4 * 1024 * 1024;

// The origin of the text.
enum class EventOrigin {
  producer,  // id may be missing: the event's is then empty, and the caller makes one; attributes
             // of the broker (sequence, observedtime, principal) are ignored, whatever they are
  service,   // id is mandatory; attributes of the broker are read
};

// The event in the JSON format, on one line. Data that is JSON by its content type stays as it is,
// octet by octet; other text is a string; the rest is data_base64. REQUIRES: validate(event).
[[nodiscard]] std::string to_cloudevents_json(const Event& event);

// Strict: an object without duplicate members, values of the right types, data 64 levels deep at
// most. Members that are not known become extension attributes; null members count as absent. The
// event has been validated, but for an id that is missing. Fails with the member's name:
// varnotfound, badparam, varvaltoobig, datatoobig, protoerror (no JSON).
[[nodiscard]] Result<Event> event_from_cloudevents_json(std::string_view json, EventOrigin origin);

// The texts of the events in a batch (CloudEvents JSON format, section 5): views of `json`, at most
// `most`. Only as much is checked as is needed to tell where each ends. Fails with protoerror (no
// JSON array) and datatoobig.
[[nodiscard]] Result<std::vector<std::string_view>> split_cloudevents_batch(std::string_view json,
                                                                            std::size_t most);

// All attributes that are present, specversion first, as CloudEvents writes them in strings
// (section 3.1, Type System), without datacontenttype's and data's special roles: for headers.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> attributes_of(const Event& event);

// Takes one attribute from its string form, except specversion. A name that SENSE does not know
// becomes an extension attribute of type String. Fails with the attribute's name. The event as a
// whole is still to be validated.
[[nodiscard]] Status set_attribute(Event& event, std::string_view name, std::string_view text,
                                   EventOrigin origin);

// Whether a content type declares JSON: .../json or ...+json, whatever its parameters.
[[nodiscard]] bool is_json_type(std::string_view content_type);
// Whether it declares text that a person may read: text/*, JSON, XML.
[[nodiscard]] bool is_text_type(std::string_view content_type);

}  // namespace sense
