// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense {

// A parsed callback URI (RFC 3986). Hierarchical ones are parsed by libcurl. A value; the functions
// here are pure.
struct Uri {
  static constexpr std::size_t length_max = 2048;

  std::string scheme;  // lower case
  // Lower case; an IPv6 literal without its brackets; empty for opaque URIs and sense:///path.
  std::string host;
  std::optional<std::uint16_t> port;  // absent when not given; 0 is valid for listeners only
  std::string path;   // for opaque URIs (mailto:a@b, pull:) all that follows the colon
  std::string query;  // without the question mark

  // "host:port", with brackets around an IPv6 literal; "host" when no port was given.
  [[nodiscard]] std::string authority() const;
};

// Refuses texts longer than length_max, with control characters, spaces, a fragment or user
// information (misleading, see RFC 3986 section 3.2.1). Fails with badparam; nomemory.
[[nodiscard]] Result<Uri> parse_uri(std::string_view text);

// Whether text can stand as an event's source: a URI-reference of printable UTF-8 without spaces,
// 1 to 1,024 octets.
[[nodiscard]] bool valid_source(std::string_view text);

}  // namespace sense
