// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense::http_poll {

// The value that a JSON pointer (RFC 6901) names in a JSON text, without spaces between its tokens,
// and else octet by octet as it stands there: numbers keep all their digits. The time taken is
// linear in the text. Fails with badparam when the text is no JSON or has a number that no double
// holds; with notfound when the pointer names nothing. Of members with one
// name, the first counts. REQUIRES: valid_pointer(pointer). Pure; any thread.
[[nodiscard]] Result<std::string> json_value(std::string_view json, std::string_view pointer);

}  // namespace sense::http_poll
