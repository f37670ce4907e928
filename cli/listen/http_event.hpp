// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/listen/received_event.hpp"
#include "core/base/error.hpp"

namespace sense::cli {

// The value of a header field of a request, "" when absent. Name in any case.
using HeaderOf = std::function<std::string(std::string_view)>;

// Pure. The event in a CloudEvents request (HTTP protocol binding 1.0.2, sections 3.1 and 3.2):
// attributes in header fields, or all of it as JSON. Fails with what is missing.
[[nodiscard]] Result<ReceivedEvent> event_of_http(const HeaderOf& header, const std::string& body);

}  // namespace sense::cli
