// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/event/event.hpp"
#include "core/http/message.hpp"

// The CloudEvents 1.0.2 HTTP protocol binding: binary mode both ways, and which mode a request is
// in. Pure functions.
namespace sense::http {

// Names and values of header fields, in order.
using Headers = std::vector<std::pair<std::string, std::string>>;

// Section 3.1.3.2: what is not printable ASCII, and space, quote and per cent sign, as %XX.
[[nodiscard]] std::string encode_header(std::string_view text);
// The inverse; a quoted string is unquoted first. A per cent sign without two digits stands for
// itself, as the binding requires.
[[nodiscard]] std::string decode_header(std::string_view text);

// The headers of the event in binary mode; the body is event.data.
[[nodiscard]] Headers binary_headers(const Event& event);

// The event in a request, by its Content-Type and ce- headers. The event has been validated, but
// for an id that is missing. protoerror when it is in no mode at all.
[[nodiscard]] Result<Event> event_of(const Request& request);

// Whether the request has events in the JSON batch format.
[[nodiscard]] bool is_batch(const Request& request);

// Whether the request is in none of the two modes, and no batch: answered with 415.
[[nodiscard]] bool has_no_mode(const Request& request);

}  // namespace sense::http
