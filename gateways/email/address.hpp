// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"

// Mail addresses. Pure functions; any thread.
namespace sense::email {

// The address in a `mailto:` URI (RFC 6068), or in the option `from`: one dot-atom, an at sign, a
// domain name (RFC 5321 section 4.1.2 without quoted strings and address literals), ASCII only. Its
// octets need no escape in SMTP commands and headers. The domain comes back in lower case.
// At most 254 octets (RFC 5321 section 4.5.3.1.3). Fails with badparam and the text.
[[nodiscard]] Result<std::string> parse_address(std::string_view text);

// From the whole callback, percent-decoded. A query (?subject=, ?cc=) is refused: a subscriber may
// not set headers of the mail.
[[nodiscard]] Result<std::string> address_of_callback(std::string_view uri);

}  // namespace sense::email
