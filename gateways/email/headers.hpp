// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"

// Header fields of mails beyond their addresses. Pure functions.
namespace sense::email {

// Names and values, before they are encoded.
using Headers = std::vector<std::pair<std::string_view, std::string>>;

// What the reader of a mail can use to ask for something. A value; empty texts: there is no such
// way.
struct Contact {
  std::string pages;     // the HTTP gateway's address, without a slash at its end
  std::string commands;  // an address that takes commands by mail, as parse_address gives it
};

// A page of one subscription: `what` is "confirm" or "unsubscribe". REQUIRES: there are pages.
[[nodiscard]] std::string page_url(const Contact& contact, std::string_view subscription,
                                   std::string_view what, std::string_view token);

// The page on which the reader ends the subscription; "": there is none.
[[nodiscard]] std::string unsubscribe_url(const Contact& contact, const Subscription& subscription);

// List-Id (RFC 2919), List-Help and List-Unsubscribe (RFC 2369), as far as there are such ways, and
// by https also List-Unsubscribe-Post (RFC 8058).
[[nodiscard]] Headers list_headers(const Contact& contact, const Subscription& subscription,
                                   std::string_view domain);

// In-Reply-To and References, which put the events of one source below each other in a mail reader,
// and there those of one correlationid. They name mails that are never sent.
[[nodiscard]] Headers thread_headers(const Event& event, const Subscription& subscription,
                                     std::string_view domain);

// X-Priority and Importance.
[[nodiscard]] Headers priority_headers(const Event& event);

// Whether the text has the form of a language tag (RFC 5646 section 2.1, without the grandfathered
// ones).
[[nodiscard]] bool is_language_tag(std::string_view text);

}  // namespace sense::email
