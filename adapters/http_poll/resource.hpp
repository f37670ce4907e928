// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/event/qname.hpp"

namespace sense::http_poll {

// What holds for a resource whose entry does not say otherwise. A value.
struct ResourceDefaults {
  Duration interval = std::chrono::minutes{1};
  QName type;
};

// One resource that is polled, as the operator configured it. A value.
struct Resource {
  static constexpr std::size_t entry_length_max = 8192;

  std::string url;     // http or https
  std::string server;  // scheme://host:port of the URL, in lower case
  // Of its events.
  QName type;
  std::string source;
  std::string subject;
  std::string pointer;  // RFC 6901; empty: the whole content is compared and sent
  Duration interval{};  // from an answer to the next request
  // Secret files, read for each request; empty: none.
  std::string headers_file;
  std::string token_file;

  // Names what is known of it, in the store and in event ids: its URL and pointer, as a digest.
  [[nodiscard]] std::string key() const;
};

// "URL interval=1min type=QNAME source=URI subject=TEXT pointer=/A/B headers=FILE token=FILE", all
// but the URL at most once and in any order. A pointer with spaces is written as a URI's fragment,
// pointer=#/a%20b. Fails with badparam; reads no file.
[[nodiscard]] Result<Resource> parse_resource(std::string_view entry,
                                              const ResourceDefaults& defaults);

// Whether the text is a JSON pointer (RFC 6901 section 3).
[[nodiscard]] bool valid_pointer(std::string_view text);

}  // namespace sense::http_poll
