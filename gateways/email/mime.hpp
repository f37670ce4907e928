// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"

// The encodings of mail. Pure functions; every line end they write is CRLF.
namespace sense::email {

// A header field, folded before 78 columns where it has spaces. Text that is not printable ASCII
// becomes encoded words (RFC 2047), so that no value can end its line. `name` is ours.
[[nodiscard]] std::string header(std::string_view name, std::string_view text);

// RFC 5322 section 3.3: "Fri, 21 Nov 2026 09:15:00 +0000"
[[nodiscard]] std::string mail_date(WallTime time);

// Quoted-printable (RFC 2045 section 6.7) of UTF-8 text. LF, CR and CRLF each end a line. A dot or
// "From " at the start of a line is encoded, for programs on the way that treat them specially.
[[nodiscard]] std::string quoted_printable(std::string_view text);

// Base 64 in lines of 76.
[[nodiscard]] std::string base64_lines(std::string_view octets);

}  // namespace sense::email
