// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "gateways/email/headers.hpp"

// The octets of mail (RFC 5322, MIME: RFC 2045 to 2047), by GMime.
namespace sense::email {

// A mail, before it is encoded. A value.
struct Mail {
  // Views of what the caller keeps.
  struct Attachment {
    std::string_view name;  // ours
    std::string_view type;  // "image/png": two tokens of RFC 2045
    std::string_view octets;
  };

  std::string from;  // as parse_address gives them
  std::string to;
  std::string message_id;  // left and right of its at sign: ASCII without spaces and brackets
  WallTime date;
  // Behind the address fields, in this order. Names are ours; values may be any text, and cannot
  // end their line. RFC 5322 section 2.2.
  Headers headers;
  std::string text;                          // UTF-8; LF, CR and CRLF each end a line
  std::string html = {};                     // the same for other readers; "": there is none
  std::vector<Attachment> attachments = {};  // in this order
};

// Every line end is CRLF, every octet ASCII; lines of text have at most 76 columns, header fields
// are folded there where they have spaces. The same mail gives the same octets. One thread.
[[nodiscard]] std::string to_octets(const Mail& mail);

}  // namespace sense::email
