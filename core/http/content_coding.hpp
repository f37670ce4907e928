// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"

// Content codings of a request's body (RFC 9110 section 8.4). Pure functions; any thread.
namespace sense::http {

// The codings that decoded() undoes, as the value of Accept-Encoding.
inline constexpr std::string_view accepted_codings = "gzip, deflate";

// The one coding of a Content-Encoding: "gzip", "deflate", or "" when the body is as it is. `value`
// is the value of the header; of several headers their values, separated by commas. Fails with
// badparam for any other coding, and for more than one.
[[nodiscard]] Result<std::string> content_coding(std::string_view value);

// Undoes a coding that content_coding() has named. Fails with datatoobig when the result has more
// than `octets_max` octets, and then has never taken more memory than that; with protoerror when
// the body is not of that coding or is cut off.
[[nodiscard]] Result<std::string> decoded(std::string_view coding, std::string_view body,
                                          std::size_t octets_max);

}  // namespace sense::http
